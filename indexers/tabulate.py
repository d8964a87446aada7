"""The counting questions of the port ``Index``, answered from facts and daily sums in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np

from indexers import daily, sums
from indexers.facts import UNANSWERED, UNKNOWN, Array, names, read
from indexers.queries import bucket, lacking_first
from indexers.sums import Columns, Numbers, cells, distinct
from minyi.query import AnswerCell, Cell, Counts, Facet, Filters, Group, Interval, TrendPoint

COUNTED = ("output", "marks")


class Place(NamedTuple):
    """What the opinions of a cell have in common."""

    bucket: date
    """``date.min`` when time does not tell them apart."""
    values: tuple[str | None, ...]
    delay: int


class Tables:
    """One state of the index, to be counted.

    Args:
        db: inside a read transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @cached_property
    def _names(self) -> dict[int, str | None]:
        return names(self._db)

    def trend(self, filters: Filters, interval: Interval, group: Group | None) -> list[TrendPoint]:
        """See ``Index.trend``."""
        by = [group.value] if group else []
        wanted = ["day", *by, *COUNTED, "text"]
        if daily.answer(filters, group):
            days = daily.read(self._db, filters)
            copies, _ = read(self._db, filters, wanted, only_copied=True)
            both = {key: np.concatenate([days[key], copies[key]]) for key in ("day", *by)}
            cell, places = self._places(both, by, interval)
            own, twice = np.split(cell, [len(days)])
            all_, produced = daily.add_up(own, len(places), days)
        else:
            facts, copied = read(self._db, filters, [*wanted, "model_id"])
            cell, places = self._places(facts, by, interval)
            copies = {column: values[copied] for column, values in facts.items()}
            twice = cell[copied]
            all_, produced = sums.count(cell, len(places), facts), sums.outputs(cell, facts)
        once = sums.merge(twice, copies)
        collapsed = all_ - sums.count(twice, len(places), copies)
        collapsed += sums.count(once[0], len(places), once[1])
        return _points(places, sums.counts(all_, produced, self._names), sums.counts(collapsed))

    def totals(self, filters: Filters) -> dict[str, Counts]:
        """See ``Index.totals``."""
        by = [Facet.POLICY.value]
        if daily.answer(filters):
            days = daily.read(self._db, filters)
            cell, places = self._places({by[0]: days[by[0]]}, by)
            all_, produced = daily.add_up(cell, len(places), days)
        else:
            facts, _ = read(self._db, filters, [*by, *COUNTED, "model_id"])
            cell, places = self._places(facts, by)
            all_, produced = sums.count(cell, len(places), facts), sums.outputs(cell, facts)
        found = sums.counts(all_, produced, self._names)
        return {str(place.values[0]): each for place, each in zip(places, found, strict=True)}

    def total(self, filters: Filters) -> int:
        """Return the number of opinions that pass."""
        if daily.answer(filters):
            return daily.total(daily.read(self._db, filters))
        return len(read(self._db, filters, ["output"])[1])

    def cells(self, filters: Filters, by: Sequence[Facet], interval: Interval | None) -> list[Cell]:
        """See ``Index.cells``."""
        facts, _ = read(self._db, filters, ["day", *by, *COUNTED, "model_id", "author"])
        cell, places = self._places(facts, by, interval)
        all_, produced = sums.count(cell, len(places), facts), sums.outputs(cell, facts)
        _, where = sums.persons(cell, facts["author"])
        authors = np.bincount(where, minlength=len(places)).tolist()
        return [
            Cell.model_construct(
                bucket=p.bucket if interval else None, values=p.values, counts=each, authors=n
            )
            for p, each, n in zip(
                places, sums.counts(all_, produced, self._names), authors, strict=True
            )
        ]

    def votes(self, filters: Filters, interval: Interval, group: Group | None) -> list[TrendPoint]:
        """See ``Index.votes``."""
        by = [group.value] if group else []
        facts, _ = read(self._db, filters, ["day", *by, "output", "author"])
        cell, places = self._places(facts, by, interval)
        counts = sums.counts(sums.votes(cell, len(places), facts))
        return _points(places, counts, counts)

    def answers(self, filters: Filters, by: Sequence[Facet]) -> list[AnswerCell]:
        """See ``Index.answers``."""
        facts, _ = read(self._db, filters, ["day", *by, *COUNTED, "delay"])
        cell, places = self._places(facts, by, Interval.DAY, facts["delay"])
        return [
            AnswerCell.model_construct(
                day=p.bucket,
                values=p.values,
                answered=p.delay != UNANSWERED,
                delay=None if p.delay in (UNANSWERED, UNKNOWN) else p.delay,
                counts=each,
            )
            for p, each in zip(
                places, sums.counts(sums.count(cell, len(places), facts)), strict=True
            )
        ]

    def _places(
        self,
        facts: Columns,
        by: Sequence[str],
        interval: Interval | None = None,
        delay: Array | None = None,
    ) -> tuple[Numbers, list[Place]]:
        """Put facts into cells; return the cell of each, and the cells in order."""
        rows = len(next(iter(facts.values())))
        none = np.zeros(rows, np.int64)
        ranked = [self._ranked(facts[field]) for field in by]
        keys = [
            none + date.min.toordinal()
            if interval is None
            else _first_days(facts["day"], interval),
            *(ranks for ranks, _ in ranked),
            none if delay is None else delay,
        ]
        cell, (days, *values, delays) = cells(keys, rows)
        labels = [
            [label[rank] for rank in ranks.tolist()]
            for ranks, (_, label) in zip(values, ranked, strict=True)
        ]
        return cell, [
            Place(date.fromordinal(day), tuple(of_cell), late)
            for day, late, *of_cell in zip(days.tolist(), delays.tolist(), *labels, strict=True)
        ]

    def _ranked(self, codes: Array) -> tuple[Numbers, list[str | None]]:
        """Return the place of each code's name among all of them in order, and these names."""
        there, numbers = distinct(codes)
        labels = [self._names[code] for code in there.tolist()]
        order = sorted(
            range(len(labels)), key=lambda number: lacking_first(labels[number : number + 1])
        )
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return rank[numbers], [labels[number] for number in order]


def _first_days(days: Array, interval: Interval) -> Numbers:
    """Return the first day of each day's bucket, all as proleptic ordinals."""
    there, numbers = distinct(days)
    firsts = [bucket(day, interval).toordinal() for day in there.tolist()]
    return np.array(firsts, np.int64)[numbers]


def _points(
    places: Sequence[Place], counts: Sequence[Counts], collapsed: Sequence[Counts]
) -> list[TrendPoint]:
    return [
        TrendPoint.model_construct(
            bucket=place.bucket,
            group=place.values[0] if place.values else None,
            counts=all_,
            collapsed=once,
        )
        for place, all_, once in zip(places, counts, collapsed, strict=True)
    ]
