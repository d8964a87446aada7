"""Near-duplicate comments: found as they stream, counted once, listed."""
