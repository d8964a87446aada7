"""How good an artifact is: its figures, a baseline's beside them, and two artifacts compared."""
