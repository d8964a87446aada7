"""Counting of many facts at once: in cells, near-identical texts once, by author. Arrays in,
arrays out; a fact's columns are those of ``indexers.facts``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexers.queries import CELLS
from minyi.outputs import OUTPUTS, STANCES
from minyi.query import Counts
from minyi.vocabulary import Aspect, Polarity, Stance

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]
Columns = Mapping[str, Array]

PER_STANCE = OUTPUTS // len(STANCES)
DENSE = 1 << 20
"""Whole numbers that lie closer are told apart by a table, others by sorting."""


@dataclass(frozen=True)
class Sums:
    """Counts by cell."""

    stances: Numbers
    """Cells × 3."""
    evaluations: Numbers
    """Cells × 12, in the order of ``CELLS``."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.stances + other.stances, self.evaluations + other.evaluations)

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.stances - other.stances, self.evaluations - other.evaluations)


@dataclass(frozen=True)
class Outputs:
    """How often each output of each model came in each cell; only where it came."""

    cells: Numbers
    models: Numbers
    """Codes of their names."""
    bins: Numbers
    counts: Numbers


def distinct(column: Array) -> tuple[Array, Numbers]:
    """Return the distinct values in ascending order, and the number of each row's value."""
    if len(column) and column.dtype.kind == "i":
        low, high = int(column.min()), int(column.max())
        if high - low < DENSE:
            there = np.zeros(high - low + 1, bool)
            there[column - low] = True
            return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[column - low]
    values, numbers = np.unique(column, return_inverse=True)
    return values, numbers.astype(np.int64)


def cells(keys: Sequence[Array], rows: int) -> tuple[Numbers, list[Numbers]]:
    """Tell rows apart by whole numbers.

    Args:
        keys: columns; without any, all rows are in one cell.
        rows: how many there are.

    Returns:
        The cell of each row, and the columns' values by cell, in ascending order.
    """
    number, values = np.zeros(rows, np.int64), list[Numbers]()
    for key in keys:
        there, places = distinct(key)
        pairs, number = distinct(number * len(there) + places)
        before, last = np.divmod(pairs, max(1, len(there)))
        values = [*(column[before] for column in values), there[last]]
    return number, values


def count(cell: Numbers, size: int, facts: Columns) -> Sums:
    """Count facts by cell, of which there are ``size``."""
    stances = np.bincount(3 * cell + facts["output"] // PER_STANCE, minlength=3 * size)
    evaluations = [
        np.bincount(cell[facts["marks"] >> bit & 1 == 1], minlength=size)
        for bit in range(len(CELLS))
    ]
    return Sums(stances.reshape(size, 3), np.stack(evaluations, axis=1))


def outputs(cell: Numbers, facts: Columns) -> Outputs:
    """Count the outputs of facts by cell."""
    number, (where, models, bins) = cells([cell, facts["model_id"], facts["output"]], len(cell))
    return Outputs(where, models, bins, np.bincount(number, minlength=len(where)))


def merge(cell: Numbers, facts: Columns) -> tuple[Numbers, Columns]:
    """Make one of the facts that share cell, stance and text; it has every mark of theirs."""
    stance = facts["output"] // PER_STANCE
    number, (where, side, _) = cells([cell, stance, facts["text"]], len(cell))
    marks = np.zeros(len(where), np.int64)
    for bit in range(len(CELLS)):
        marks[number[facts["marks"] >> bit & 1 == 1]] |= 1 << bit
    return where, {"output": PER_STANCE * side, "marks": marks}


def persons(cell: Numbers, authors: Array) -> tuple[Numbers, Numbers]:
    """Tell authors apart in each cell; a fact without one is an author of its own.

    Returns:
        The person of each fact, and the cell of each person.
    """
    known, person = distinct(authors)
    alone = authors == 0
    person[alone] = len(known) + np.arange(np.count_nonzero(alone))
    number, (where, _) = cells([cell, person], len(cell))
    return number, where


def votes(cell: Numbers, size: int, facts: Columns) -> Sums:
    """Count the persons' votes by cell, and no evaluations. See ``Index.votes``."""
    person, where = persons(cell, facts["author"])
    stance = facts["output"] // PER_STANCE
    favor, against = (
        np.bincount(person[stance == STANCES.index(side)], minlength=len(where))
        for side in (Stance.FAVOR, Stance.AGAINST)
    )
    vote = np.full(len(where), STANCES.index(Stance.NONE))
    vote[favor > against] = STANCES.index(Stance.FAVOR)
    vote[favor < against] = STANCES.index(Stance.AGAINST)
    stances = np.bincount(3 * where + vote, minlength=3 * size).reshape(size, 3)
    return Sums(stances, np.zeros((size, 0), np.int64))


def counts(
    sums: Sums, produced: Outputs | None = None, names: Mapping[int, str | None] | None = None
) -> list[Counts]:
    """Return the counts of each cell as the domain has them; ``names`` are those of the models."""
    evaluations: list[dict[Aspect, dict[Polarity, int]]] = [{} for _ in sums.stances]
    where, which = np.nonzero(sums.evaluations)
    found = sums.evaluations[where, which]
    for cell, position, n in zip(where.tolist(), which.tolist(), found.tolist(), strict=True):
        aspect, polarity = CELLS[position]
        evaluations[cell].setdefault(aspect, {})[polarity] = n
    bins: list[dict[str, dict[int, int]]] = [{} for _ in sums.stances]
    if produced is not None and names is not None:
        columns = produced.cells, produced.models, produced.bins, produced.counts
        for cell, model, number, n in zip(*(c.tolist() for c in columns), strict=True):
            bins[cell].setdefault(str(names[model]), {})[number] = n
    # Not validated, which would take as long as all the counting: these are counted numbers.
    return [
        Counts.model_construct(
            favor=favor, against=against, none=none, evaluations=evaluated, outputs=output
        )
        for (favor, against, none), evaluated, output in zip(
            sums.stances.tolist(), evaluations, bins, strict=True
        )
    ]
