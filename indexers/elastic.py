"""The index in Elasticsearch. ``docs/elasticsearch.md`` tells how it is laid out and run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar, cast

from elasticsearch import Elasticsearch

from indexers.asking import Asking, Question, by_part
from indexers.cell_tables import CellTables
from indexers.client import available
from indexers.conditions import where
from indexers.counting import Counting
from indexers.documents import read_document
from indexers.elastic_letters import ElasticLetters
from indexers.ideographs import ideographs
from indexers.lifecycle import ALIAS, Held, Names
from indexers.mappings import COMPUTED, Body
from indexers.queries import decode_cursor, digest, encode_cursor, moment, terms
from indexers.remembered import Remembered
from indexers.snapshot import search_now, snapshot
from indexers.tally import Tally
from indexers.writing import Writing
from minyi.dead_letter import DeadLetter
from minyi.domain import Opinion
from minyi.errors import InvalidQuery
from minyi.ports import About, Edits
from minyi.query import (
    AnswerCell,
    Cell,
    Counts,
    Facet,
    Filters,
    Group,
    Interval,
    Page,
    Rejection,
    TrendPoint,
)

T = TypeVar("T")
MEMORY = 64 << 20
"""Bytes of all remembered answers together."""
ROW = 4_000
"""Bytes of a row with its counts and the tagger's outputs, about."""
PAGE = 1_000
"""Opinions of one request at most."""
RECORD_ONLY: Body = {"excludes": [*COMPUTED]}
NEWEST_FIRST = [{"created": "desc"}, {"id": "desc"}]


class ElasticIndex:
    """The port ``Index`` over Elasticsearch. Threads may share it.

    A write is durable when the call returns and found by searches within a second (``refresh``
    makes it so at once). A query sees one state of the index; one that cannot be answered in whole
    is not answered in part.

    Args:
        client: the connection; closed with the index.
        names: what alias and indices are called.
        read_own_writes: every write waits until it can be found. For tests: it is slow.
    """

    def __init__(
        self, client: Elasticsearch, names: Names | None = None, read_own_writes: bool = False
    ) -> None:
        self._client = client
        self._names = names or Names()
        self._writing = Writing(client, self._names, read_own_writes)
        prefix = "" if self._names.alias == ALIAS else f"{self._names.alias}-"
        self._asking = Asking(client, self._names, Remembered(MEMORY))
        self._cells = CellTables(client, self._names)
        self._letters = ElasticLetters(client, prefix)

    def check(self) -> Held:
        """See ``Writing.check``."""
        return self._writing.check()

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        """See ``Writing.upsert``."""
        return self._writing.upsert(opinions, edits)

    def delete(self, ids: Sequence[str]) -> int:
        """Delete by id; return how many existed."""
        return self._writing.delete(ids)

    def retract(self, edits: Sequence[About]) -> int:
        """See ``Writing.retract``."""
        return self._writing.retract(edits)

    def search(
        self, query: str, filters: Filters, limit: int = 20, cursor: str | None = None
    ) -> Page:
        """See ``Index.search``. Ties in time are in descending order of id.

        Raises:
            InvalidQuery: when the cursor is not valid, the limit is not positive or there are more
                words than the server takes.
        """
        if limit < 1:
            raise InvalidQuery("the limit must be at least 1")
        phrases = [{"match_phrase": {"searchable": ideographs(word)}} for word in terms(query)]
        matching = {"bool": {"filter": [*where(filters), *phrases]}}
        after = list(decode_cursor(cursor)) if cursor is not None else None
        hits: list[Any] = []
        total = None
        while len(hits) <= limit:
            answer = search_now(
                self._client,
                self._names,
                query=matching,
                sort=NEWEST_FIRST,
                size=min(limit + 1 - len(hits), PAGE),
                search_after=after,
                track_total_hits=total is None,
                source=RECORD_ONLY,
            )
            if total is None:
                total = answer["hits"]["total"]["value"]
            found = answer["hits"]["hits"]
            hits += found
            if len(found) < PAGE:
                break
            after = found[-1]["sort"]
        return Page(
            items=tuple(read_document(hit["_source"]) for hit in hits[:limit]),
            cursor=encode_cursor(tuple(hits[limit - 1]["sort"])) if len(hits) > limit else None,
            total=total or 0,
        )

    def trend(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        """See ``Index.trend``. The group None, for opinions that lack the field, comes first."""
        return self._points(filters, Counting.trend, interval, group)

    def volumes(self, filters: Filters, interval: Interval) -> dict[date, int]:
        """See ``Index.volumes``."""
        return dict(
            self._rows(
                filters,
                ("volumes", interval),
                _unit(interval),
                lambda counting: counting.volumes(interval),
                lambda volume: volume[0],
            )
        )

    def totals(self, filters: Filters) -> dict[str, Counts]:
        """See ``Index.totals``."""
        by_month = self._rows(
            filters, "totals", Interval.MONTH, Counting.totals, lambda row: row[0].day
        )
        totals: defaultdict[str, Tally] = defaultdict(Tally)
        for place, tally in by_month:
            totals[str(place.values[0])].more(tally)
        return {policy: totals[policy].counts() for policy in sorted(totals)}

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        """See ``Index.cells``."""
        counted = self._cells.cells(filters, by, interval)
        if counted is not None:
            return counted
        return self._rows(
            filters,
            ("cells", interval, *by),
            _unit(interval),
            lambda counting: counting.cells(by, interval),
            lambda cell: cast(date, cell.bucket),
        )

    def votes(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        """See ``Index.votes``."""
        return self._points(filters, Counting.votes, interval, group)

    def answers(self, filters: Filters, by: Sequence[Facet]) -> list[AnswerCell]:
        """See ``Index.answers``."""
        return self._rows(
            filters,
            ("answers", *by),
            Interval.MONTH,
            lambda counting: counting.answers(by),
            lambda cell: cell.day,
        )

    def newest(self, filters: Filters) -> datetime | None:
        """Return the newest ``created_at``, in UTC."""
        answer = search_now(
            self._client,
            self._names,
            query={"bool": {"filter": where(filters)}},
            sort=NEWEST_FIRST[:1],
            size=1,
            source=False,
            track_total_hits=False,
        )
        hits = answer["hits"]["hits"]
        return moment(hits[0]["sort"][0]) if hits else None

    def digest(self) -> tuple[int, str]:
        """Return the number of opinions and a SHA-256 over all of them in order of id, those
        just written included."""
        self.refresh()
        return digest(opinion.to_json() for opinion in self._all())

    def count(self) -> int:
        """Return the number of opinions."""
        with available(self._client):
            return int(self._client.count(index=self._names.alias)["count"])

    def refresh(self) -> None:
        """See ``Index.refresh``; a login that may only read goes without."""
        self._writing.refresh()

    def mirror(self, letters: Sequence[DeadLetter], dropped: Sequence[str]) -> None:
        """See ``DeadLetterMirror.mirror``."""
        self._letters.mirror(letters, dropped)

    def close(self) -> None:
        """Release the connection; afterwards no method may be called."""
        self._client.close()

    def _points(
        self,
        filters: Filters,
        count: Callable[[Counting, Interval, Group | None], list[TrendPoint]],
        interval: Interval,
        group: Group | None,
    ) -> list[TrendPoint]:
        return self._rows(
            filters,
            (count, interval, group),
            _unit(interval),
            lambda counting: count(counting, interval, group),
            lambda point: point.bucket,
        )

    def _rows(
        self,
        filters: Filters,
        name: Hashable,
        unit: Interval,
        count: Callable[[Counting], list[T]],
        day: Callable[[T], date],
    ) -> list[T]:
        """Return the rows that answer a question, in order of time."""
        question = Question(
            name,
            unit,
            lambda state, clauses: by_part(count(Counting(state, clauses)), day, unit),
            ROW,
        )
        parts = self._asking.answer(filters, question).parts
        return [row for rows in parts.values() for row in rows]

    def _all(self) -> Iterator[Opinion]:
        """Yield every opinion in order of id, in one state of the index."""
        with snapshot(self._client, self._names.alias) as state:
            for hits in state.pages(PAGE, "id", source=RECORD_ONLY):
                yield from (read_document(hit["_source"]) for hit in hits)


def _unit(interval: Interval | None) -> Interval:
    """Return the parts of time that hold whole buckets."""
    return Interval.WEEK if interval is Interval.WEEK else Interval.MONTH
