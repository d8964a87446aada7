"""Who speaks, beside who lives there. Pure."""
