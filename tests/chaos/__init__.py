"""The chaos harness: hurts a running Minyi, then counts what is left. ``docs/reliability.md``."""
