"""What was counted, kept with a stamp of the opinions that it stands on.

A stamp tells for each week or month of ``created_at`` whether its opinions are still the same. A
write changes few of them, mostly the newest; only those are counted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, Generic, TypeVar

from indexers.mappings import Body
from indexers.queries import moment
from minyi.domain import SHANGHAI
from minyi.query import Interval

T = TypeVar("T")
Stamp = frozenset[tuple[str, int, float, float]]
"""Of opinions, by index: how many they are, the highest sequence number, and the sum of all. A
write gives an opinion a higher number than any before, and what is deleted is missed in the count.
A searcher may see a higher number before a lower one, which the sum tells. Equal stamps stand for
the same opinions, but where an index was deleted and made again with as many."""
Search = Callable[..., Mapping[str, Any]]
"""Asks a state of the index, as ``Snapshot.search`` does."""
Stamps = Mapping[date, Stamp]
"""By part of time that holds any opinion: its first day."""


def stamps(search: Search, clauses: Sequence[Body], unit: Interval) -> Stamps:
    """Return the stamps of the opinions that match.

    Args:
        search: asks a state of the index.
        clauses: what an opinion must match.
        unit: the parts of time.
    """
    numbers = {"numbers": {"stats": {"field": "_seq_no"}}}
    by_index = {"by_index": {"terms": {"field": "_index", "size": 10_000}, "aggs": numbers}}
    by_time = {
        "field": "created_at",
        "calendar_interval": unit.value,
        "time_zone": SHANGHAI.key,
        "min_doc_count": 1,
    }
    answer = search(
        size=0,
        track_total_hits=False,
        query={"bool": {"filter": list(clauses)}},
        aggs={"parts": {"date_histogram": by_time, "aggs": by_index}},
    )
    return {
        moment(1000 * part["key"]).astimezone(SHANGHAI).date(): frozenset(
            (index["key"], index["doc_count"], index["numbers"]["max"], index["numbers"]["sum"])
            for index in part["by_index"]["buckets"]
        )
        for part in answer["aggregations"]["parts"]["buckets"]
    }


PART, ENTRY = 700, 1_500
"""Bytes that a part and an answer take beside their rows, measured."""


@dataclass(frozen=True)
class Known(Generic[T]):
    """The answer to a question."""

    stamps: Stamps
    parts: Mapping[date, T]
    """What was counted of each part of time."""


class Remembered:
    """The last answers. Threads may share it.

    Args:
        most: bytes of all answers together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._lock = Lock()
        self._known: dict[Hashable, tuple[int, Any]] = {}

    def get(self, question: Hashable) -> Any | None:
        """Return what was put; None when it is not known, or not any more."""
        with self._lock:
            if (known := self._known.pop(question, None)) is None:
                return None
            self._known[question] = known  # the last one used goes last
            return known[1]

    def put(self, question: Hashable, answer: Any, cost: int) -> None:
        """Remember an answer of about so many bytes, unless it is larger than all room; those that
        were not used for longest are forgotten."""
        with self._lock:
            self._forget(question)
            if cost > self._most:
                return
            while self._held + cost > self._most:
                self._forget(next(iter(self._known)))
            self._known[question] = cost, answer
            self._held += cost

    def _forget(self, question: Hashable) -> None:
        cost, _ = self._known.pop(question, (0, None))
        self._held -= cost


def changed(known: Known[Any] | None, now: Stamps) -> Sequence[date]:
    """Return the parts of time whose opinions are not those of the answer, in order."""
    before = known.stamps if known else {}
    return sorted(part for part, stamp in now.items() if before.get(part) != stamp)


def size(of: Stamps) -> int:
    """Return how many opinions these are."""
    return sum(count for stamp in of.values() for _, count, *_ in stamp)
