"""Where opinions live: adapters of the port ``Index``."""
