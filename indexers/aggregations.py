"""Combinations of fields and how many opinions have each, out of Elasticsearch: exact.

``composite`` pages through every combination, so nothing is cut off or estimated. Numbers that come
more than once, as those of copied texts and of loud authors, are found by how often they come in a
shard; what is too many for one request is asked a part at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

from indexers.mappings import Body
from indexers.queries import lacking_first, moment
from indexers.snapshot import Snapshot
from minyi.domain import SHANGHAI
from minyi.query import Interval

BUCKETS = 60_000
"""Combinations and numbers of one request: the server's own bound is 65,536."""
NUMBERS = 10_000
"""Recurring numbers of one request."""
WITHIN: Body = {"match_all": {}}
SPLIT_WEEK: Body = {"term": {"split_week": True}}

Sources = Sequence[Body]
"""Of a ``composite`` aggregation."""
Key = dict[str, Any]
Recurring = dict[tuple[str, ...], list[int]]
"""Numbers that come more than once, by field and by where they were looked for."""
NUMBER = 40
"""Bytes of one of them."""
Rows = list[tuple[Key, int]]
"""Combinations, and how many opinions have each."""


class Place(NamedTuple):
    """What the opinions of a cell have in common."""

    bucket: date | None
    values: tuple[str | None, ...]

    @property
    def day(self) -> date:
        """The bucket, where time tells opinions apart."""
        return cast(date, self.bucket)

    @property
    def order(self) -> tuple[date, list[tuple[bool, str]]]:
        """The sort key: by bucket, then by values, a lacking one first."""
        return self.bucket or date.min, lacking_first(self.values)


@dataclass(frozen=True)
class By:
    """What tells opinions apart: their bucket, and the values of fields that they may lack."""

    interval: Interval | None
    fields: tuple[str, ...]

    def sources(self, *more: str) -> list[Body]:
        """Return the sources, with more fields: only opinions that have those are counted."""
        time = {
            "field": "created_at",
            "calendar_interval": self.interval and self.interval.value,
            "time_zone": SHANGHAI.key,
        }
        return [
            *([{"bucket": {"date_histogram": time}}] if self.interval else []),
            *(maybe(field) for field in dict.fromkeys(self.fields)),
            *({field: {"terms": {"field": field}}} for field in more),
        ]

    def place(self, key: Key) -> Place:
        """Return the place of a combination of the sources."""
        start = key.get("bucket")
        day = None if start is None else moment(1000 * start).astimezone(SHANGHAI).date()
        return Place(day, tuple(key[field] for field in self.fields))


def maybe(field: str) -> Body:
    """Return the source of a field that opinions may lack."""
    return {field: {"terms": {"field": field, "missing_bucket": True}}}


@dataclass(frozen=True)
class Found:
    """The answer to a question."""

    rows: Mapping[str, Rows]
    also: Mapping[str, Any]


class Aggregations:
    """Asks one state of the index about the opinions that pass.

    Args:
        state: of the index.
        clauses: what an opinion must match.
        recurring: numbers that are known to recur in this state; those that are found come in.
    """

    def __init__(
        self, state: Snapshot, clauses: Sequence[Body], recurring: Recurring | None = None
    ) -> None:
        self._state = state
        self._clauses = clauses
        self._recurring = {} if recurring is None else recurring

    def ask(
        self,
        wanted: Mapping[str, Sources],
        also: Mapping[str, Body] | None = None,
        clauses: Sequence[Body] = (),
    ) -> Found:
        """Return all combinations of some sources, by name.

        Args:
            wanted: the sources.
            also: more aggregations.
            clauses: more that an opinion must match.
        """
        rows: dict[str, Rows] = {name: [] for name in wanted}
        size = BUCKETS // max(1, len(wanted) + len(also or {}))
        pages: dict[str, Body] = {
            name: {"composite": {"size": size, "sources": sources}}
            for name, sources in wanted.items()
        }
        once: dict[str, Any] = {}
        asked = {**pages, **(also or {})}
        while asked:
            answer = self._state.search(
                size=0,
                track_total_hits=False,
                query={"bool": {"filter": [*self._clauses, *clauses]}},
                aggs=asked,
            )["aggregations"]
            once = once or answer
            for name in list(pages):
                buckets = answer[name]["buckets"]
                rows[name] += [(bucket["key"], bucket["doc_count"]) for bucket in buckets]
                if len(buckets) < size:
                    del pages[name]
                else:
                    pages[name]["composite"]["after"] = answer[name]["after_key"]
            asked = dict(pages)
        return Found(rows, once)

    def ask_first(self, field: str, by: By, wanted: Mapping[str, Sources]) -> Found:
        """Return all combinations of some sources, by name, and look for the numbers that recur.

        Args:
            field: of the numbers.
            by: what buckets they recur in.
            wanted: the sources.
        """
        looks = {} if (field, *_looks(by)) in self._recurring else _looks(by)
        return self.ask(wanted, {name: look.asked(field) for name, look in looks.items()})

    def of_recurring(
        self, field: str, by: By, wanted: Mapping[str, Sources], first: Found
    ) -> Iterator[Found]:
        """Ask about all opinions whose number comes more than once in a bucket, and maybe others.

        Args:
            field: of the numbers.
            by: what buckets are meant.
            wanted: the sources.
            first: the answer to ``ask_first``.
        """
        key = field, *_looks(by)
        if key not in self._recurring:
            self._recurring[key] = self._numbers(field, by, first)
        found = self._recurring[key]
        for start in range(0, len(found), NUMBERS):
            some = {"terms": {field: found[start : start + NUMBERS]}}
            yield self.ask(wanted, clauses=[some])

    def _numbers(self, field: str, by: By, first: Found) -> list[int]:
        """Return the numbers that recur, in order."""
        numbers: set[int] = set()
        for name, look in _looks(by).items():
            whole = look.numbers(first.also[name]["numbers"])
            numbers |= self._by_parts(field, look) if whole is None else whole
        return sorted(numbers)

    def _by_parts(self, field: str, look: Look) -> set[int]:
        """Look a part of all numbers at a time."""
        parts = 2
        while True:
            numbers: set[int] = set()
            for part in range(parts):
                only = {"include": {"partition": part, "num_partitions": parts}}
                answer = self.ask({}, {"look": look.asked(field, **only)}).also["look"]
                if (some := look.numbers(answer["numbers"])) is None:
                    break
                numbers |= some
            else:
                return numbers
            parts *= 2


@dataclass(frozen=True)
class Look:
    """Where to look for numbers that come more than once, and how often one must come in a shard
    to be told of."""

    where: Body
    least: int

    def asked(self, field: str, **more: Any) -> Body:
        """Return the aggregation."""
        terms = {
            "field": field,
            "size": NUMBERS,
            "shard_size": NUMBERS,
            "min_doc_count": 2,
            "shard_min_doc_count": self.least,
        }
        return {"filter": self.where, "aggs": {"numbers": {"terms": terms | more}}}

    def numbers(self, found: Mapping[str, Any]) -> set[int] | None:
        """Return the numbers that were found, None when they are not all."""
        buckets = found["buckets"]
        if len(buckets) == NUMBERS or found["doc_count_error_upper_bound"] != 0:
            return None
        return {bucket["key"] for bucket in buckets}


def _looks(by: By) -> dict[str, Look]:
    """A month is an index of one shard: what recurs within a day or a month recurs in one, which
    tells of nothing else. A week may lie in two months, and all time lies in many."""
    within, across = Look(WITHIN, 2), Look(SPLIT_WEEK, 1)
    match by.interval:
        case None:
            return {"across": Look(WITHIN, 1)}
        case Interval.WEEK:
            return {"within": within, "across": across}
        case _:
            return {"within": within}
