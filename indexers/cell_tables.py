"""Cells of opinions in Elasticsearch: fetched once, then told apart by any facets.

An analysis of differences asks for the same opinions by one facet after the other, and for the
distinct authors of each cell, which no sums of parts can tell. So the facts of the opinions are
fetched a month at a time, held while the month stays the same, and counted as those of the embedded
index are. What is too many to be held is counted by the server, all of it anew after every write.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from elasticsearch import Elasticsearch

from indexers.asking import Asking, Question
from indexers.conditions import where
from indexers.counting import Counting
from indexers.facts import Facts
from indexers.fetching import Codes, fetch
from indexers.lifecycle import Names
from indexers.remembered import Known, Remembered, Stamps, size, stamps
from indexers.snapshot import snapshot
from indexers.sums import Array
from indexers.tabulate import cells_of
from minyi.query import Cell, Facet, Filters, Interval

MOST = 400_000
"""Opinions that are held at most: with all that is made of them about 60 MB."""
FETCHED = 200_000
"""Opinions of one question that are fetched at most."""
CELLS = 40_000
"""Cells of all remembered answers together: about 100 MB."""


class CellTables:
    """Answers ``Index.cells`` for all time and by month. Threads may share it.

    Args:
        client: the connection.
        names: what alias and indices are called.
    """

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client = client
        self._names = names
        self._facts = Asking(client, names, Remembered(MOST))
        self._joined = Remembered(MOST)
        self._counted = Remembered(CELLS)
        self._codes = Codes()

    def cells(self, filters: Filters, by: Sequence[Facet], interval: Interval | None) -> list[Cell]:
        """See ``Index.cells``; no days and no weeks."""
        now = self._facts.stamps(filters, Interval.MONTH)
        question: Hashable = filters, interval, tuple(by)
        known = self._counted.get(question)
        if known is None or known[0] != now:
            known = self._count(filters, by, interval, now)
            self._counted.put(question, known, len(known[1]))
        return list(known[1])

    def _count(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None, now: Stamps
    ) -> tuple[Stamps, list[Cell]]:
        """Return the cells, and the stamps of the opinions in them."""
        if size(now) > FETCHED:
            clauses = where(filters)
            with snapshot(self._client, self._names) as state:
                now = stamps(state.search, clauses, Interval.MONTH)
                return now, Counting(state, clauses).cells(by, interval)
        question = Question(
            "facts", Interval.MONTH, lambda state, clauses: fetch(state, clauses, self._codes)
        )
        known: Known[Array] = self._facts.answer(filters, question, now)
        joined: tuple[Stamps, Facts] | None = self._joined.get(filters)
        if joined is None or joined[0] != known.stamps:
            joined = known.stamps, Facts([(part, True) for part in known.parts.values()])
            self._joined.put(filters, joined, len(joined[1]))
        return known.stamps, cells_of(joined[1], by, interval, self._codes.names)
