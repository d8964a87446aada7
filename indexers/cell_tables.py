"""Cells of opinions in Elasticsearch: fetched once, then told apart by any facets.

An analysis of differences asks for the same opinions by one facet after the other, and for the
distinct authors of each cell, which no sums of parts can tell. So the facts of the opinions are
fetched a month at a time, held while the month stays the same, and counted as those of the embedded
index are. What is too many to be held is counted by the server, all of it anew after every write
where time does not tell opinions apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from threading import Lock

from elasticsearch import Elasticsearch

from indexers.aggregations import NUMBER, Recurring
from indexers.asking import Asking, Question
from indexers.conditions import where
from indexers.counting import Counting
from indexers.facts import Facts
from indexers.fetching import FACT, Codes, fetch
from indexers.lifecycle import Names
from indexers.remembered import ENTRY, PART, Known, Remembered, Stamps, size, stamps
from indexers.snapshot import snapshot
from indexers.sums import Array
from indexers.tabulate import cells_of
from minyi.query import Cell, Facet, Filters, Interval

FETCHED = 200_000
"""Opinions of one question that are fetched at most."""
HELD = 48 << 20
"""Bytes of fetched facts that are held: of half a million opinions."""
JOINED = 48 << 20
"""Bytes of what is made of them."""
COUNTED = 32 << 20
"""Bytes of remembered cells, and of authors who come more than once."""
CELL = 4_000
"""Bytes of a cell with its counts and the tagger's outputs, about."""


class CellTables:
    """Answers ``Index.cells`` where time does not tell opinions apart, or months do. Threads may
    share it.

    Args:
        client: the connection.
        names: what alias and indices are called.
    """

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client = client
        self._names = names
        self._facts = Asking(client, names, Remembered(HELD))
        self._joined = Remembered(JOINED)
        self._counted = Remembered(COUNTED)
        self._codes = Codes()
        self._fetching = Lock()

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None
    ) -> list[Cell] | None:
        """See ``Index.cells``; None for what is better counted a part of time at a time."""
        if interval in (Interval.DAY, Interval.WEEK):
            return None
        now = self._facts.stamps(filters, Interval.MONTH)
        many = size(now) > FETCHED
        if many and interval is not None:
            return None
        question: Hashable = filters, interval, tuple(by)
        known: tuple[Stamps, list[Cell]] | None = self._counted.get(question)
        if known is None or known[0] != now:
            known = (
                self._by_server(filters, by) if many else self._count(filters, by, interval, now)
            )
            self._counted.put(question, known, ENTRY + CELL * len(known[1]))
        return list(known[1])

    def _count(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None, now: Stamps
    ) -> tuple[Stamps, list[Cell]]:
        """Return the cells, and the stamps of the opinions in them."""
        joined: tuple[Stamps, Facts] | None = self._joined.get(filters)
        if joined is None or joined[0] != now:
            joined = self._join(filters, now)
        return joined[0], cells_of(joined[1], by, interval, self._codes.names)

    def _join(self, filters: Filters, now: Stamps) -> tuple[Stamps, Facts]:
        question = Question(
            "facts",
            Interval.MONTH,
            lambda state, clauses: fetch(state, clauses, self._codes),
            FACT.itemsize,
        )
        with self._fetching:  # many at once could take more memory than there is
            known: Known[Array] = self._facts.answer(filters, question, now)
        joined = known.stamps, Facts([(part, True) for part in known.parts.values()])
        cost = ENTRY + PART * len(known.parts) + 2 * FACT.itemsize * len(joined[1])
        self._joined.put(filters, joined, cost)
        return joined

    def _by_server(self, filters: Filters, by: Sequence[Facet]) -> tuple[Stamps, list[Cell]]:
        """As ``_count``; what finds authors who come more than once is asked for once a state."""
        clauses, question = where(filters), (filters, "authors")
        with snapshot(self._client, self._names.alias) as state:
            now = stamps(state.search, clauses, Interval.MONTH)
            known: tuple[Stamps, Recurring] | None = self._counted.get(question)
            recurring = known[1] if known is not None and known[0] == now else {}
            cells = Counting(state, clauses, recurring).cells(by, None)
        numbers = sum(map(len, recurring.values()))
        self._counted.put(question, (now, recurring), ENTRY + NUMBER * numbers)
        return now, cells
