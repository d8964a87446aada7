"""Answers that are given again while the opinions that they stand on are the same."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from threading import Lock
from typing import Any

from indexers.mappings import Body

ROWS = 20_000
"""Of all answers together: about 50 MB."""

Stamp = frozenset[tuple[str, int, float]]
"""Of the opinions that pass, by index: how many they are, and the highest sequence number. A write
gives an opinion a higher number than any before, and what is deleted is missed in the count: equal
stamps stand for the same opinions."""
STAMP: Body = {
    "terms": {"field": "_index", "size": 10_000},
    "aggs": {"newest": {"max": {"field": "_seq_no"}}},
}


def read_stamp(found: Mapping[str, Any]) -> Stamp:
    """Return the stamp in the answer to ``STAMP``."""
    return frozenset(
        (bucket["key"], bucket["doc_count"], bucket["newest"]["value"])
        for bucket in found["buckets"]
    )


class Remembered:
    """The last answers, each with the stamp of its opinions. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[Hashable, tuple[Stamp, Sequence[Any]]] = {}

    def __contains__(self, question: Hashable) -> bool:
        with self._lock:
            return question in self._answers

    def get(self, question: Hashable, stamp: Stamp) -> list[Any] | None:
        """Return the answer; None when there is none for these opinions."""
        with self._lock:
            known = self._answers.get(question)
            if known is None or known[0] != stamp:
                return None
            self._answers[question] = self._answers.pop(question)  # the last one used goes last
            return list(known[1])

    def put(self, question: Hashable, stamp: Stamp, answer: Sequence[Any]) -> None:
        """Remember an answer; those that were not used for longest are forgotten."""
        with self._lock:
            self._answers.pop(question, None)
            self._answers[question] = stamp, answer
            while sum(len(rows) + 1 for _, rows in self._answers.values()) > ROWS:
                del self._answers[next(iter(self._answers))]
