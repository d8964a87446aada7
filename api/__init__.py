"""What people read: the HTTP API, the page, the alerts."""
