"""What ``minyi.differences`` stands on: groups compared, pooled, and looked through. Pure."""
