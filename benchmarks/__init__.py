"""Off by default: each prints figures of one run on one machine; compare them side by side."""
