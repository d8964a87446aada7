"""Counts to honest shares: denominators, what the tagger mistakes, neighbours in time. Pure."""
