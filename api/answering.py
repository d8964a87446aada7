"""Keeps which sources answer: to know it, all opinions have to be read, and it seldom changes."""

from __future__ import annotations

import time
from threading import Lock

from minyi.ports import Index
from minyi.replies.responsiveness import answering_sources

REST = 50
"""What was read is kept so many times as long as the reading took."""
MOST_S = 600.0


class AnsweringSources:
    """The sources that have ever answered. Blocks; for threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = Lock()
        self._known: frozenset[str | None] = frozenset()
        self._until = 0.0

    def read(self) -> frozenset[str | None]:
        """Return them, as of at most ten minutes ago.

        Raises:
            IndexUnavailable: when the store cannot be reached.
        """
        with self._lock:
            begun = time.monotonic()
            if begun >= self._until:
                self._known = answering_sources(self._index)
                now = time.monotonic()
                self._until = now + min(REST * (now - begun), MOST_S)
            return self._known
