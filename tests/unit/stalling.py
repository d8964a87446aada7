"""How long the redaction takes over texts that are made to hold it up."""

from __future__ import annotations

import time

from minyi.redaction import redact


def seconds_to_redact(start: str, unit: str) -> float:
    """Return the processor's seconds for two texts of 20,000 characters: a start, then a unit or
    its last character over and over."""
    texts = [(start + tail * 20_000)[:20_000] for tail in (unit, unit[-1])]
    redact("")  # builds the table
    begun = time.process_time()
    for text in texts:
        redact(text)
    return time.process_time() - begun
