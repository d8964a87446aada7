"""Opinions by facets with all totals, and which cells must not be shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import product

import numpy as np

from minyi.disclosure import K, hidden
from minyi.ports import Index
from minyi.query import Cell, Counts, Facet, Filters, Interval


class Total(Enum):
    """Stands for all values of a facet, or all time, together."""

    TOTAL = "total"


Label = str | date | Total | None
"""A value, a bucket, a total; None where opinions lack the field."""
Levels = Mapping[tuple[bool, ...], Sequence[Cell]]
"""The cells and all totals: which axes a level tells apart, time first, and its cells."""


@dataclass(frozen=True)
class Row:
    """A cell or a total of a table."""

    values: tuple[Label, ...]
    """One an axis, the bucket first when time is one."""
    counts: Counts
    authors: int
    hidden: bool
    """Nothing of it may be shown, not even that it is among the small ones: some are hidden for
    their neighbours' sake."""


def read(
    index: Index, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
) -> Levels:
    """Ask the index for a table and its totals: 2^axes questions.

    Raises:
        IndexUnavailable: when the store cannot be reached.
    """
    axes = len(by) + (interval is not None)
    levels: dict[tuple[bool, ...], Sequence[Cell]] = {}
    for kept in product((True, False), repeat=axes):
        split = kept[axes - len(by) :]
        facets = [facet for facet, keep in zip(by, split, strict=True) if keep]
        levels[kept] = index.cells(filters, facets, interval if kept[0] and interval else None)
    return levels


def protected(levels: Levels, k: int = K) -> list[Row]:
    """Return the rows of a table, its cells and totals, with those hidden that must be.

    All rows that are not hidden may be shown together, with every count by stance. What two tables
    tell together is protected only if they are levels of one.

    Raises:
        ValueError: when the table has more than ``minyi.disclosure.MAX_CELLS`` cells.
    """
    rows = [
        (_values(cell, kept), cell)
        for kept, cells in sorted(levels.items(), reverse=True)
        for cell in cells
        if cell.counts.total > 0
    ]
    axes = len(next(iter(levels)))
    labels = [
        [*dict.fromkeys(v[a] for v, _ in rows if v[a] is not Total.TOTAL), Total.TOTAL]
        for a in range(axes)
    ]
    places = [{label: i for i, label in enumerate(axis)} for axis in labels]
    shape = tuple(len(axis) for axis in labels)
    stances = np.zeros((*shape, 3))
    authors = np.zeros(shape)
    at = [tuple(places[a][v] for a, v in enumerate(values)) for values, _ in rows]
    for place, (_, cell) in zip(at, rows, strict=True):
        stances[place] = (cell.counts.favor, cell.counts.against, cell.counts.none)
        authors[place] = cell.authors
    mask = hidden(stances[(slice(-1),) * axes], authors, k)
    return [
        Row(values, cell.counts, cell.authors, bool(mask[place]))
        for place, (values, cell) in zip(at, rows, strict=True)
    ]


def _values(cell: Cell, kept: Sequence[bool]) -> tuple[Label, ...]:
    given = iter(cell.values if cell.bucket is None else (cell.bucket, *cell.values))
    return tuple(next(given) if keep else Total.TOTAL for keep in kept)
