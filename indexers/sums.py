"""Counting of many opinions at once: in cells, near-identical texts once, by author. Arrays in,
arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from minyi.outputs import OUTPUTS, STANCES
from minyi.query import Counts
from minyi.vocabulary import EVALUATIONS, Aspect, Polarity, Stance

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]
Evaluated = tuple[Numbers, Numbers]
"""Rows, and positions in ``EVALUATIONS``: one pair an evaluation."""

DENSE = 1 << 20
"""Whole numbers that lie closer are told apart by a table, others by sorting."""


@dataclass(frozen=True)
class Sums:
    """Counts by cell."""

    stances: Numbers
    """Cells × 3."""
    evaluations: Numbers
    """Cells × 12, in the order of ``EVALUATIONS``."""

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.stances - other.stances, self.evaluations - other.evaluations)


@dataclass(frozen=True)
class Outputs:
    """How often each output of each model came in each cell: only where it came, in order."""

    cells: Numbers
    models: Numbers
    """Codes of their names."""
    bins: Numbers
    counts: Numbers


def distinct(column: Array) -> tuple[Array, Numbers]:
    """Return the distinct values in ascending order, and the number of each row's value."""
    if len(column) and np.can_cast(column.dtype, np.int64):
        low, high = int(column.min()), int(column.max())
        if high - low < DENSE:
            places = column - low
            there = np.zeros(high - low + 1, bool)
            there[places] = True
            values = np.flatnonzero(there)
            number = np.empty(len(there), np.int64)
            number[values] = np.arange(len(values))
            return values + low, number[places]
    values, numbers = np.unique(column, return_inverse=True)
    return values, numbers.astype(np.int64)


def unique(numbers: Numbers) -> Numbers:
    """Return the distinct numbers in ascending order; none is negative."""
    ordered = np.sort(numbers)  # several times as fast as numpy's own, which hashes
    return ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]


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


def evaluated(marks: Array) -> Evaluated:
    """Return the evaluations in these marks."""
    rows = [np.flatnonzero(marks & (1 << bit)) for bit in range(len(EVALUATIONS))]
    positions = np.repeat(np.arange(len(EVALUATIONS)), [len(each) for each in rows])
    return np.concatenate(rows), positions


def count(cell: Numbers, size: int, stances: Array, said: Evaluated) -> Sums:
    """Count opinions by cell, of which there are ``size``."""
    rows, positions = said
    return Sums(
        _table(cell, size, stances, len(STANCES)),
        _table(cell[rows], size, positions, len(EVALUATIONS)),
    )


def outputs(cell: Numbers, models: Array, bins: Array) -> Outputs:
    """Count the outputs of opinions by cell."""
    there, model = distinct(models)
    many = max(1, len(there))
    found, number = distinct((cell * many + model) * OUTPUTS + bins)
    place, output = np.divmod(found, OUTPUTS)
    where, which = np.divmod(place, many)
    return Outputs(where, there[which], output, np.bincount(number, minlength=len(found)))


def surplus(
    cell: Numbers, size: int, stances: Array, said: Evaluated, texts: tuple[Numbers, int]
) -> Sums:
    """Count what opinions with equal cell, stance and text add beyond the first of them; an
    evaluation's first is no surplus, whoever has it."""
    (rows, positions), (text, many) = said, texts
    same = (cell * len(STANCES) + stances) * many + text
    where, side = np.divmod(unique(same) // max(1, many), len(STANCES))
    heard, position = np.divmod(unique(same[rows] * len(EVALUATIONS) + positions), len(EVALUATIONS))
    once = Sums(
        _table(where, size, side, len(STANCES)),
        _table(heard // max(1, many) // len(STANCES), size, position, len(EVALUATIONS)),
    )
    return count(cell, size, stances, said) - once


def authors(cell: Numbers, size: int, persons: tuple[Numbers, int]) -> Numbers:
    """Count the persons in each cell."""
    person, people = persons
    return np.bincount(unique(cell * people + person) // max(1, people), minlength=size)


def votes(cell: Numbers, size: int, stances: Array, persons: tuple[Numbers, int]) -> Sums:
    """Count the persons' votes by cell, and no evaluations. See ``Index.votes``."""
    person, people = persons
    voters, voter = distinct(cell * people + person)
    favor, against = (
        np.bincount(voter[stances == STANCES.index(side)], minlength=len(voters))
        for side in (Stance.FAVOR, Stance.AGAINST)
    )
    vote = np.full(len(voters), STANCES.index(Stance.NONE))
    vote[favor > against] = STANCES.index(Stance.FAVOR)
    vote[favor < against] = STANCES.index(Stance.AGAINST)
    taken = _table(voters // max(1, people), size, vote, len(STANCES))
    return Sums(taken, np.zeros((size, 0), np.int64))


def counts(
    sums: Sums, produced: Outputs | None = None, names: Mapping[int, str | None] | None = None
) -> list[Counts]:
    """Return the counts of each cell as the domain has them; ``names`` are those of the models."""
    evaluations: list[dict[Aspect, dict[Polarity, int]]] = [{} for _ in sums.stances]
    where, which = np.nonzero(sums.evaluations)
    found = sums.evaluations[where, which]
    for cell, position, n in zip(where.tolist(), which.tolist(), found.tolist(), strict=True):
        aspect, polarity = EVALUATIONS[position]
        evaluations[cell].setdefault(aspect, {})[polarity] = n
    bins: list[dict[str, dict[int, int]]] = [{} for _ in sums.stances]
    if produced is not None and names is not None:
        which_, counted = produced.bins.tolist(), produced.counts.tolist()
        new = (np.diff(produced.cells) != 0) | (np.diff(produced.models) != 0)
        starts = [0, *(np.flatnonzero(new) + 1).tolist(), len(counted)]
        for start, end in pairwise(starts if counted else ()):
            name = str(names[int(produced.models[start])])
            pairs = zip(which_[start:end], counted[start:end], strict=True)
            bins[produced.cells[start]][name] = dict(pairs)
    # Not validated, which takes longer than all the counting: these are counted numbers.
    return [
        Counts.model_construct(
            favor=favor, against=against, none=none, evaluations=evaluated, outputs=output
        )
        for (favor, against, none), evaluated, output in zip(
            sums.stances.tolist(), evaluations, bins, strict=True
        )
    ]


def _table(cell: Numbers, size: int, kinds: Array, width: int) -> Numbers:
    """Count rows by cell and kind: cells × width."""
    return np.bincount(cell * width + kinds, minlength=size * width).reshape(size, width)
