"""What changes from day to day, and before and after an event. Pure."""
