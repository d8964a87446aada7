"""The counting questions of the port ``Index``, answered from facts and daily sums."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import repeat
from typing import NamedTuple

import numpy as np

from indexers import daily, sums
from indexers import facts as stored
from indexers.facts import UNANSWERED, UNKNOWN, Facts
from indexers.queries import bucket, lacking_first
from indexers.recent import Recent
from indexers.sums import Array, Numbers, Outputs, Sums, cells, distinct
from minyi.query import AnswerCell, Cell, Counts, Facet, Filters, Group, Interval, TrendPoint

ByCode = Mapping[int, str | None]
"""Names by code."""


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
        recent: facts that may have been read already.
    """

    def __init__(self, db: sqlite3.Connection, recent: Recent) -> None:
        self._db = db
        self._recent = recent

    @cached_property
    def _names(self) -> ByCode:
        return stored.names(self._db)

    def trend(self, filters: Filters, interval: Interval, group: Group | None) -> list[TrendPoint]:
        """See ``Index.trend``."""
        by = [group.value] if group else []
        if daily.hold_answer(filters, group):
            days, copies = daily.read(self._db, filters), self._facts(filters, only_copied=True)
            both = {key: np.concatenate([days[key], copies[key]]) for key in ("day", *by)}
            cell, places = self._places(both, by, interval)
            own, twice = np.split(cell, [len(days)])
            all_, produced = daily.add_up(own, len(places), days)
        else:
            facts = self._facts(filters)
            cell, places = self._places(facts, by, interval)
            all_, produced = _counted(cell, len(places), facts)
            copies, twice = facts.copies, cell[facts.copied]
        said, texts = copies.evaluated, copies.texts
        once = all_ - sums.surplus(twice, len(places), copies.stances, said, texts)
        return _points(places, sums.counts(all_, produced, self._names), sums.counts(once))

    def volumes(self, filters: Filters, interval: Interval) -> dict[date, int]:
        """See ``Index.volumes``."""
        if daily.hold_answer(filters):
            days = daily.read(self._db, filters)
            cell, places = self._places({"day": days["day"]}, [], interval)
            each = daily.totals(days)
        else:
            cell, places = self._places(self._facts(filters), [], interval)
            each = np.ones(len(cell), np.int64)
        volumes = np.bincount(cell, each, len(places)).astype(np.int64).tolist()
        return {place.bucket: n for place, n in zip(places, volumes, strict=True)}

    def totals(self, filters: Filters) -> dict[str, Counts]:
        """See ``Index.totals``."""
        by = [Facet.POLICY.value]
        if daily.hold_answer(filters):
            days = daily.read(self._db, filters)
            cell, places = self._places({key: days[key] for key in ("day", *by)}, by)
            all_, produced = daily.add_up(cell, len(places), days)
        else:
            facts = self._facts(filters)
            cell, places = self._places(facts, by)
            all_, produced = _counted(cell, len(places), facts)
        found = sums.counts(all_, produced, self._names)
        return {str(place.values[0]): each for place, each in zip(places, found, strict=True)}

    def total(self, filters: Filters) -> int:
        """Return the number of opinions that pass."""
        any_stance = filters.model_copy(update={"stance": None})
        if daily.hold_answer(any_stance):
            return int(daily.totals(daily.read(self._db, any_stance), filters.stance).sum())
        return len(self._facts(filters))

    def cells(self, filters: Filters, by: Sequence[Facet], interval: Interval | None) -> list[Cell]:
        """See ``Index.cells``."""
        return cells_of(self._facts(filters), by, interval, self._names)

    def votes(self, filters: Filters, interval: Interval, group: Group | None) -> list[TrendPoint]:
        """See ``Index.votes``."""
        facts = self._facts(filters)
        cell, places = self._places(facts, [group.value] if group else [], interval)
        counts = sums.counts(sums.votes(cell, len(places), facts.stances, facts.persons))
        return _points(places, counts, counts)

    def answers(self, filters: Filters, by: Sequence[Facet]) -> list[AnswerCell]:
        """See ``Index.answers``."""
        facts = self._facts(filters)
        cell, places = self._places(facts, by, Interval.DAY, facts["delay"])
        found = sums.counts(sums.count(cell, len(places), facts.stances, facts.evaluated))
        return [
            AnswerCell(
                day=p.bucket,
                values=p.values,
                answered=p.delay != UNANSWERED,
                delay=None if p.delay in (UNANSWERED, UNKNOWN) else p.delay,
                counts=each,
            )
            for p, each in zip(places, found, strict=True)
        ]

    def _facts(self, filters: Filters, only_copied: bool = False) -> Facts:
        return self._recent.read(self._db, filters, only_copied)

    def _places(
        self,
        facts: Facts | Mapping[str, Array],
        by: Sequence[str],
        interval: Interval | None = None,
        delay: Array | None = None,
    ) -> tuple[Numbers, list[Place]]:
        return _places(facts, by, interval, self._names, delay)


def cells_of(
    facts: Facts, by: Sequence[Facet], interval: Interval | None, names: ByCode
) -> list[Cell]:
    """Count facts as ``Index.cells`` does.

    Args:
        facts: with the columns that are asked for, author, output and marks; the day where time
            tells them apart.
        by: what else tells them apart.
        interval: of the buckets.
        names: by code.
    """
    cell, places = _places(facts, by, interval, names)
    found = sums.counts(*_counted(cell, len(places), facts), names)
    authors = sums.authors(cell, len(places), facts.persons).tolist()
    return [
        Cell(bucket=p.bucket if interval else None, values=p.values, counts=each, authors=n)
        for p, each, n in zip(places, found, authors, strict=True)
    ]


def _places(
    facts: Facts | Mapping[str, Array],
    by: Sequence[str],
    interval: Interval | None,
    names: ByCode,
    delay: Array | None = None,
) -> tuple[Numbers, list[Place]]:
    """Put facts into cells; return the cell of each, and the cells in order."""
    ranked = [_ranked(facts[field], names) for field in by]
    keys = [_first_days(facts["day"], interval), *(ranks for ranks, _ in ranked)]
    cell, (days, *values) = cells([*keys, delay] if delay is not None else keys, len(keys[0]))
    delays = values.pop().tolist() if delay is not None else repeat(0, len(days))
    labels = [
        [label[rank] for rank in ranks.tolist()]
        for ranks, (_, label) in zip(values, ranked, strict=True)
    ]
    return cell, [
        Place(date.fromordinal(day), tuple(of_cell), late)
        for day, late, *of_cell in zip(days.tolist(), delays, *labels, strict=True)
    ]


def _ranked(codes: Array, names: ByCode) -> tuple[Numbers, list[str | None]]:
    """Return the place of each code's name among all of them in order, and these names."""
    there, numbers = distinct(codes)
    labels = [names[code] for code in there.tolist()]
    order = sorted(
        range(len(labels)), key=lambda number: lacking_first(labels[number : number + 1])
    )
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[numbers], [labels[number] for number in order]


def _first_days(days: Array, interval: Interval | None) -> Numbers:
    """Return the first day of each day's bucket, all as proleptic ordinals."""
    if interval is None:
        return np.full(len(days), date.min.toordinal())
    there, numbers = distinct(days)
    firsts = [bucket(day, interval).toordinal() for day in there.tolist()]
    return np.array(firsts, np.int64)[numbers]


def _counted(cell: Numbers, size: int, facts: Facts) -> tuple[Sums, Outputs]:
    return (
        sums.count(cell, size, facts.stances, facts.evaluated),
        sums.outputs(cell, facts["model_id"], facts["output"]),
    )


def _points(
    places: Sequence[Place], counts: Sequence[Counts], collapsed: Sequence[Counts]
) -> list[TrendPoint]:
    return [
        TrendPoint(
            bucket=place.bucket,
            group=place.values[0] if place.values else None,
            counts=all_,
            collapsed=once,
        )
        for place, all_, once in zip(places, counts, collapsed, strict=True)
    ]
