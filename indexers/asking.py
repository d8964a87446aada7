"""Counting questions that are answered a part of time at a time, and only the parts that changed.

A write changes few parts, mostly the newest. One state of the index is asked throughout, so that
no answer mixes two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Generic, TypeVar

from elasticsearch import Elasticsearch

from indexers.conditions import bound, where
from indexers.lifecycle import Names
from indexers.mappings import Body
from indexers.queries import bucket
from indexers.remembered import ENTRY, PART, Known, Remembered, Stamps, changed, stamps
from indexers.snapshot import Snapshot, search_now, snapshot
from minyi.domain import SHANGHAI
from minyi.query import Filters, Interval

P = TypeVar("P", bound=Sized)
R = TypeVar("R")
STRETCHES = 100
"""Stretches of time that one request names; when more have changed, all is asked."""


@dataclass(frozen=True)
class Question(Generic[P]):
    """What is asked of the opinions that pass."""

    name: Hashable
    unit: Interval
    """The parts of time that are counted apart: weeks or months."""
    ask: Callable[[Snapshot, Sequence[Body]], Mapping[date, P]]
    """Ask a state about the opinions that match these clauses; return the answer by first day of
    the part. It holds every part with opinions, and maybe others."""
    row: int
    """About how many bytes a row of the answer takes."""


class Asking:
    """Asks the index, and remembers. Threads may share it.

    Args:
        client: the connection.
        names: what alias and indices are called.
        remembered: the answers.
    """

    def __init__(self, client: Elasticsearch, names: Names, remembered: Remembered) -> None:
        self._client = client
        self._names = names
        self._remembered = remembered

    def answer(
        self, filters: Filters, question: Question[P], now: Stamps | None = None
    ) -> Known[P]:
        """Return the answer to a question, its parts in order of time.

        Args:
            filters: which opinions.
            question: what is asked of them.
            now: their ``stamps``, where they were just asked for.
        """
        clauses, key = where(filters), (filters, question.name)
        known: Known[P] | None = self._remembered.get(key)
        if known is not None:
            now = self.stamps(filters, question.unit) if now is None else now
            if known.stamps == now:
                return known
        with snapshot(self._client, self._names.alias) as state:
            now = stamps(state.search, clauses, question.unit)
            new = changed(known, now)
            parts = dict(known.parts) if known else {}
            if new:
                stretches = within(new, now, question.unit)
                parts |= question.ask(state, [*clauses, *stretches])
        answer = Known(now, {part: parts[part] for part in sorted(now)})
        rows = sum(map(len, answer.parts.values()))
        self._remembered.put(key, answer, ENTRY + PART * len(now) + question.row * rows)
        return answer

    def stamps(self, filters: Filters, unit: Interval) -> Stamps:
        """Return the stamps of the opinions that pass now."""
        search = partial(search_now, self._client, self._names)
        return stamps(search, where(filters), unit)


def by_part(rows: Sequence[R], day: Callable[[R], date], unit: Interval) -> dict[date, list[R]]:
    """Put rows apart by the part of time that their day lies in, those of a part in order."""
    parts: defaultdict[date, list[R]] = defaultdict(list)
    for row in rows:
        parts[bucket(day(row).toordinal(), unit)].append(row)
    return parts


def within(new: Sequence[date], every: Stamps, unit: Interval) -> list[Body]:
    """Return the clauses that an opinion in these parts of time matches; no others do, but where
    all that pass will do as well."""
    found = list(_stretches(new, unit))
    if len(new) == len(every) or len(found) > STRETCHES:
        return []
    return [{"bool": {"should": [{"bool": {"filter": stretch}} for stretch in found]}}]


def _stretches(parts: Sequence[date], unit: Interval) -> Iterator[list[Body]]:
    """Yield the clauses of what lies together."""
    first = end = date.min
    for part in parts:
        if part != end:
            if first != end:
                yield _between(first, end)
            first = part
        end = bucket((part + timedelta(days=7 if unit is Interval.WEEK else 31)).toordinal(), unit)
    if first != end:
        yield _between(first, end)


def _between(first: date, end: date) -> list[Body]:
    start, stop = (datetime.combine(day, time.min, SHANGHAI) for day in (first, end))
    return [bound("gte", start), bound("lt", stop)]
