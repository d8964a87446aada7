"""The facts of the last questions, held while nothing is written."""

from __future__ import annotations

import sqlite3
from threading import Lock

from indexers.facts import Facts, read
from minyi.query import Filters

MOST = 300_000
"""Facts that are held at most; with all that is made of them about 60 MB."""


class Recent:
    """An analysis asks for the same opinions many times, told apart by one facet after the other;
    they are read once. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written = -1
        self._held: dict[tuple[Filters, bool], Facts] = {}

    def read(self, db: sqlite3.Connection, filters: Filters, only_copied: bool = False) -> Facts:
        """As ``facts.read``, of the state that ``db`` sees inside its transaction."""
        (written,) = db.execute("SELECT number FROM written").fetchone()
        question = filters, only_copied
        with self._lock:
            if written != self._written:
                self._held.clear()
                self._written = written
            if (held := self._held.get(question)) is not None:
                return held
        facts = read(db, filters, only_copied)
        with self._lock:
            if written == self._written:
                self._held[question] = facts
                while sum(map(len, self._held.values())) > MOST:
                    self._held.pop(next(iter(self._held)))  # the oldest
        return facts
