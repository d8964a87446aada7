"""Minyi (民意): from public comments to honest preference trends."""

__version__ = "0.1.0"
