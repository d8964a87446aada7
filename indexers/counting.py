"""Counts of opinions out of Elasticsearch's aggregations: exact, over one state of the index.

``composite`` pages through every combination, so nothing is cut off or estimated, and the twelve
evaluated cells fit whole into ``terms``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from indexers.client import available
from indexers.documents import CELL_BITS, cell
from indexers.lifecycle import Names
from indexers.mappings import Body
from indexers.queries import CELLS, Tally, microseconds, moment
from minyi.domain import SHANGHAI
from minyi.errors import MinyiError
from minyi.query import Filters, Group, Interval
from minyi.vocabulary import Stance

PAGE = 4_000
"""Combinations of one page; with their cells well under the server's bound of 65,536 buckets."""
KEYS = 10_000
"""Duplicate keys of one request."""
KEEP_ALIVE = "1m"

Cell = tuple[date, str | None]
"""A bucket and a group."""
Key = dict[str, Any]


def where(filters: Filters) -> list[Body]:
    """Return the clauses that an opinion must match."""
    clauses: list[Body] = [
        {"term": {field: str(value)}}
        for field in ("policy_id", "stance", "region", "channel", "source", "domain")
        if (value := getattr(filters, field)) is not None
    ]
    if filters.aspect is not None or filters.polarity is not None:
        wanted = [
            cell(aspect, polarity)
            for aspect, polarity in CELLS
            if filters.aspect in (None, aspect) and filters.polarity in (None, polarity)
        ]
        clauses.append({"terms": {"cells": wanted}})
    if filters.sure is not None:
        clauses.append({"term": {"sure": filters.sure}})
    bounds = {"gte": filters.since, "lt": filters.until}
    if times := {sign: microseconds(at) for sign, at in bounds.items() if at is not None}:
        clauses.append({"range": {"created": times}})
    return clauses


@contextmanager
def snapshot(client: Elasticsearch, names: Names) -> Iterator[Snapshot]:
    """Lend one state of the index."""
    with available(client):
        # Without all shards there is no answer, rather than a part of one.
        opened = client.open_point_in_time(
            index=names.alias, keep_alive=KEEP_ALIVE, allow_partial_search_results=False
        )
    state = Snapshot(client, names, opened["id"], opened["_shards"]["total"])
    yield state
    # After a failure nobody waits for the server again: it forgets the state by itself.
    with suppress(MinyiError), available(client):
        client.close_point_in_time(id=state.id)


class Snapshot:
    """One state of the index. ``id`` is its point in time."""

    def __init__(self, client: Elasticsearch, names: Names, id_: str, shards: int) -> None:
        self.id = id_
        self._client = client
        self._names = names
        self._shards = shards

    def search(self, **body: Any) -> Any:
        """Search this state."""
        with available(self._client):
            answer = self._client.search(
                pit={"id": self.id, "keep_alive": KEEP_ALIVE},
                allow_partial_search_results=False,
                **body,
            )
        self.id = answer["pit_id"]
        return answer

    def combinations(
        self, clauses: Sequence[Body], sources: Sequence[Body], cells: bool = True
    ) -> Iterator[tuple[Key, int, dict[str, int]]]:
        """Yield every combination of the sources, how many opinions have it, and how many of them
        each evaluated cell."""
        composite: Body = {"size": PAGE, "sources": sources}
        found: Body = {"composite": composite}
        if cells:
            found["aggs"] = {"cells": {"terms": {"field": "cells", "size": len(CELLS)}}}
        while True:
            answer = self.search(
                size=0,
                track_total_hits=False,
                query={"bool": {"filter": clauses}},
                aggs={"found": found},
            )
            page = answer["aggregations"]["found"]
            for bucket in page["buckets"]:
                evaluated = bucket["cells"]["buckets"] if cells else ()
                yield (
                    bucket["key"],
                    bucket["doc_count"],
                    {each["key"]: each["doc_count"] for each in evaluated},
                )
            if len(page["buckets"]) < PAGE:
                return
            composite["after"] = page["after_key"]

    def counted(
        self, filters: Filters, interval: Interval, group: Group | None
    ) -> dict[Cell, Tally]:
        """Return the tallies by bucket and group."""
        tallies: defaultdict[Cell, Tally] = defaultdict(Tally)
        for key, n, evaluated in self.combinations(where(filters), _cell(interval, group)):
            tally = tallies[_place(key)]
            tally.add(Stance(key["stance"]), 0, n)
            for name, m in evaluated.items():
                tally.evaluate(CELL_BITS[name], m)
        return tallies

    def surplus(
        self, filters: Filters, interval: Interval, group: Group | None
    ) -> dict[Cell, Tally]:
        """Return, by bucket and group, what copies of a text count beyond the first."""
        tallies: defaultdict[Cell, Tally] = defaultdict(Tally)
        sources = [*_cell(interval, group), _terms("duplicate_key")]
        keys = sorted(self._repeated(where(filters), interval))
        for start in range(0, len(keys), KEYS):
            some = {"terms": {"duplicate_key": keys[start : start + KEYS]}}
            for key, n, evaluated in self.combinations([*where(filters), some], sources):
                tally = tallies[_place(key)]
                tally.add(Stance(key["stance"]), 0, n - 1)
                for name, m in evaluated.items():
                    tally.evaluate(CELL_BITS[name], m - 1)
        return tallies

    def by_policy(self, filters: Filters) -> dict[str, Tally]:
        """Return the tallies by policy."""
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        sources = [_terms("policy_id"), _terms("stance")]
        for key, n, evaluated in self.combinations(where(filters), sources):
            tally = tallies[key["policy_id"]]
            tally.add(Stance(key["stance"]), 0, n)
            for name, m in evaluated.items():
                tally.evaluate(CELL_BITS[name], m)
        return tallies

    def _repeated(self, clauses: Sequence[Body], interval: Interval) -> set[str]:
        """Return the duplicate keys that come more than once in some bucket, and maybe others.

        A month is an index, and copies of a day or a month lie in one. There, the keys that come
        most often are cut off exactly: whatever is not among them comes once. A week may lie in
        two months; those weeks are gone through key by key.
        """
        room = max(100, min(KEYS, 60_000 // max(1, self._shards)))
        by_index: Body = {
            "terms": {"field": "_index", "size": 10_000},
            "aggs": {"keys": _most_often(room)},
        }
        answer = self.search(
            size=0,
            track_total_hits=False,
            query={"bool": {"filter": clauses}},
            aggs={"indices": by_index},
        )
        keys: set[str] = set()
        months = []
        for bucket in answer["aggregations"]["indices"]["buckets"]:
            index = bucket["key"]
            if (place := self._names.parse(index)) is not None:
                months.append(place[1])
            if _is_whole(bucket["keys"], room):
                keys.update(each["key"] for each in bucket["keys"]["buckets"])
            else:
                keys |= self._repeated_in([*clauses, {"term": {"_index": index}}])
        if interval is Interval.WEEK and (weeks := _shared_weeks(months)):
            spans = [{"range": {"created": {"gte": a, "lt": b}}} for a, b in weeks]
            both = [*clauses, {"bool": {"should": spans, "minimum_should_match": 1}}]
            sources = [_calendar(Interval.WEEK), _terms("duplicate_key")]
            keys |= {
                key["duplicate_key"]
                for key, n, _ in self.combinations(both, sources, cells=False)
                if n > 1
            }
        return keys

    def _repeated_in(self, clauses: Sequence[Body]) -> set[str]:
        """Return the keys that come more than once, a part of all keys at a time."""
        parts = 2
        while True:
            keys: set[str] = set()
            for part in range(parts):
                only = {"include": {"partition": part, "num_partitions": parts}}
                answer = self.search(
                    size=0,
                    track_total_hits=False,
                    query={"bool": {"filter": clauses}},
                    aggs={"keys": _most_often(KEYS, **only)},
                )
                found = answer["aggregations"]["keys"]
                if not _is_whole(found, KEYS):
                    break
                keys.update(each["key"] for each in found["buckets"])
            else:
                return keys
            parts *= 2


def _most_often(size: int, **more: Any) -> Body:
    field = {"field": "duplicate_key", "size": size, "shard_size": size, "min_doc_count": 2}
    return {"terms": field | more}


def _is_whole(found: Mapping[str, Any], size: int) -> bool:
    """Whether every key that comes more than once is there."""
    return len(found["buckets"]) < size and found["doc_count_error_upper_bound"] == 0


def _terms(field: str) -> Body:
    return {field: {"terms": {"field": field}}}


def _calendar(interval: Interval) -> Body:
    bounds = {
        "field": "created_at",
        "calendar_interval": interval.value,
        "time_zone": SHANGHAI.key,
    }
    return {"bucket": {"date_histogram": bounds}}


def _cell(interval: Interval, group: Group | None) -> list[Body]:
    sources = [_calendar(interval), _terms("stance")]
    if group is not None:
        sources.append({"group": {"terms": {"field": group.value, "missing_bucket": True}}})
    return sources


def _place(key: Key) -> Cell:
    return moment(1000 * key["bucket"]).astimezone(SHANGHAI).date(), key.get("group")


def _shared_weeks(months: Sequence[str]) -> list[tuple[int, int]]:
    """Return the weeks that lie in two of the months, as microseconds from and until."""
    weeks = []
    for month in months:
        year, number = map(int, month.split("."))
        first = date(year, number, 1)
        before = first - timedelta(days=1)
        if first.weekday() and f"{before:%Y.%m}" in months:
            monday = first - timedelta(days=first.weekday())
            weeks.append((_midnight(monday), _midnight(monday + timedelta(days=7))))
    return weeks


def _midnight(day: date) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC))
