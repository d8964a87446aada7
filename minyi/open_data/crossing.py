"""All opinions on a policy by all lines at once, and what of it the published lines tell. Pure.

A line's values are numbered. What the lines tell are sums: of each value that is shown, and of all
hidden values of a line together. The crossing itself is never published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from minyi.arrays import Bools, Floats, Integers

Place = tuple[int, int]
"""A line and the number of a value."""


@dataclass(frozen=True)
class Crossing:
    """Cells that nobody is in are not listed."""

    values: Integers
    """The value in each line, shape (cells, lines)."""
    counts: Floats
    """Opinions by stance, shape (cells, stances)."""
    authors: Sequence[Floats]
    """Of each value, by line."""
    pairs: dict[tuple[int, int], tuple[Integers, Integers, Floats]]
    """By two lines, the first before the second: the values of each cell, and its authors."""
    everybody: int
    """Authors of all."""

    @cached_property
    def sizes(self) -> list[int]:
        """Values of each line."""
        return [len(authors) for authors in self.authors]

    @property
    def lines(self) -> range:
        return range(len(self.authors))

    @cached_property
    def opinions(self) -> list[Floats]:
        """Of each value, by line."""
        return self.by_value(self.counts.sum(1))

    def by_value(self, weights: Floats) -> list[Floats]:
        """Return the sums of numbers of the cells by value, by line."""
        return [_added(weights, self.values[:, line], size) for line, size in enumerate(self.sizes)]

    def sums(self, numbers: Sequence[Integers]) -> Integers:
        """Return the sums that each cell is in, shape (cells, lines), given those of the values."""
        return np.stack([each[self.values[:, line]] for line, each in enumerate(numbers)], axis=1)


def told(hidden: Sequence[Bools]) -> tuple[list[Integers], int]:
    """Number the sums that are told: line by line those of the shown values, then that of all that
    is hidden. Return, by line, which sum each value is in, and how many there are."""
    numbers, at = [], 0
    for mask in hidden:
        shown = int((~mask).sum())
        numbers.append(at + np.where(mask, shown, np.cumsum(~mask) - 1))
        at += shown + int(mask.any())
    return numbers, at


class Sums:
    """Sums of cells.

    Args:
        of_cell: the sums that each cell is in, shape (cells, lines).
        number: of sums.
    """

    def __init__(self, of_cell: Integers, number: int) -> None:
        self.of_cell = of_cell
        self.number = number

    def among(self, cells: Integers) -> Sums:
        """Return the sums of some cells only."""
        there, numbers = np.unique(self.of_cell[cells], return_inverse=True)
        return Sums(numbers.reshape(len(cells), self.of_cell.shape[1]), len(there))

    def add_up(self, weights: Floats) -> Floats:
        """Return the sums of numbers of the cells, shape (sums,)."""
        lines = self.of_cell.shape[1]
        return _added(np.tile(weights, lines), self.of_cell.T.ravel(), self.number)

    def spread(self, of_sums: Floats) -> Floats:
        """Return for each cell what its sums are given, added up, shape (cells,)."""
        spread: Floats = of_sums[self.of_cell].sum(1)
        return spread

    def products(self, weights: Floats) -> Floats:
        """Return the weighted inner products of the sums, shape (sums, sums): the tables of every
        two lines."""
        size = self.number
        found = np.diag(self.add_up(weights))
        for one, other in combinations(range(self.of_cell.shape[1]), 2):
            place = self.of_cell[:, one] * size + self.of_cell[:, other]
            table = _added(weights, place, size * size).reshape(size, size)
            found += table + table.T
        return found


def _added(weights: Floats, places: Integers, size: int) -> Floats:
    return np.bincount(places, weights, size).astype(np.float64, copy=False)
