"""The facts of the last questions, held while nothing is written."""

from __future__ import annotations

import sqlite3
from threading import Lock

from indexers.facts import Facts, read
from minyi.query import Filters

QUESTIONS = 2
LARGEST = 150_000
"""Facts of one question that are held: with all that is made of them about 30 MB."""


class Recent:
    """An analysis asks for the same opinions many times, told apart by one facet after the other;
    they are read once. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written = -1
        self._held: dict[Filters, Facts] = {}

    def read(self, db: sqlite3.Connection, filters: Filters) -> Facts:
        """Return the facts that pass in the state that ``db`` sees; it is inside a transaction."""
        (written,) = db.execute("SELECT number FROM written").fetchone()
        with self._lock:
            if written != self._written:
                self._held.clear()
                self._written = written
            if (held := self._held.get(filters)) is not None:
                return held
        facts = read(db, filters)
        with self._lock:
            if written == self._written and len(facts) <= LARGEST:
                while len(self._held) >= QUESTIONS:
                    self._held.pop(next(iter(self._held)))
                self._held[filters] = facts
        return facts
