"""How far whoever knows all published lines can narrow what is hidden. Pure.

The attacker knows every sum that is told, by stance, and which values occur together in all lines
at once. The rest is a linear program. It is solved here by affine scaling (Dikin 1967, Soviet Math.
Dokl. 8:674) from the true table on: whatever is walked through agrees with all that is told, so
that the attacker's range is at least as wide as what was walked, wherever that stops.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from minyi.arrays import Bools, Floats, Integers
from minyi.open_data.crossing import Crossing, Place, Sums, told

STEPS = 30
TO_THE_WALL = 0.95
"""Of the way on which no cell falls below zero, so much is gone."""
LEAST_STEP = 0.1
"""Opinions; what moves by less goes no further."""
EMPTY = 0.5
"""Weight of a cell in which nobody takes the stance."""
MOST_SUMS, MOST_CELLS = 400, 50_000
"""Of one walk; it moves nothing beyond."""
MOST_VALUES = 200
"""Of a line, that are walked; where more cannot be exchanged, those of the fewest opinions."""
TINY, EXACT, NOISE = 1e-7, 1e-6, 1e-10


class Ranges:
    """Ranges of the hidden values' opinions, as far as they have been walked.

    Args:
        crossing: the opinions.
        hidden: by line, True for the values that are not shown.
    """

    def __init__(self, crossing: Crossing, hidden: Sequence[Bools]) -> None:
        self._crossing = crossing
        self._first = np.cumsum([0, *crossing.sizes])
        self._low = np.stack([self._by_value(counts) for counts in crossing.counts.T])
        self._high = self._low.copy()
        self.raised: Floats = crossing.counts
        """The table in which the last value that was looked at is as large as was found, shape
        (cells, stances)."""
        self.hide(hidden)

    def hide(self, hidden: Sequence[Bools]) -> None:
        """Hide no less than before; what was walked stays true."""
        numbers, size = told(hidden)
        self._sums = Sums(self._crossing.sums(numbers), size)
        self._hidden = [mask.copy() for mask in hidden]
        self._exchanged = [self._exchange(line) for line in self._crossing.lines]

    def narrow(
        self,
        k: float,
        first: Collection[Place] = (),
        wanted: Sequence[Bools] | None = None,
    ) -> Place | None:
        """Return a hidden value whose range is not found to be ``k`` wide, or None when all are.

        Args:
            k: opinions.
            first: values that are looked at before others; of the rest, those of the fewest
                opinions are.
            wanted: by line, the values that are looked at; all unless given.
        """
        wanted = self._hidden if wanted is None else wanted
        opinions = self._crossing.opinions
        found: list[Place] = []
        for line in self._crossing.lines:
            values = np.flatnonzero(wanted[line] & (self._exchanged[line] < k))
            values = values[np.argsort(opinions[line][values], kind="stable")]
            found += [(line, int(value)) for value in values[:MOST_VALUES]]
        found.sort(key=lambda at: (at not in first, opinions[at[0]][at[1]], at))
        return next((place for place in found if not self._wide(place, k)), None)

    def _wide(self, place: Place, k: float) -> bool:
        at = self._first[place[0]] + place[1]
        self.raised = self._crossing.counts.copy()
        for stance in np.argsort(-self._low[:, at], kind="stable"):
            for sense in (1.0, -1.0):
                if self._width(at) >= k:
                    return True
                end = self._walk(int(stance), place, sense, k)
                if sense > 0:
                    self.raised[:, stance] = end
        return self._width(at) >= k

    def _width(self, at: int) -> float:
        return float((self._high[:, at] - self._low[:, at]).sum())

    def _by_value(self, weights: Floats) -> Floats:
        return np.concatenate(self._crossing.by_value(weights))

    def _exchange(self, line: int) -> Floats:
        """Return how far each value of a line can be moved by exchange with other hidden ones of
        the line in cells that are in the same sums."""
        values = self._crossing.values[:, line]
        width = np.zeros(self._crossing.sizes[line])
        cells = np.flatnonzero(self._hidden[line][values])
        if cells.size:
            alike = np.unique(self._sums.of_cell[cells], axis=0, return_inverse=True)[1].ravel()
            n = np.bincount(alike, self._crossing.counts[cells].sum(1))
            group, value = np.unique(np.stack([alike, values[cells]]), axis=1)
            others = np.bincount(group)[group] > 1
            np.add.at(width, value[others], n[group[others]])
        return width

    def _walk(self, stance: int, place: Place, sense: float, k: float) -> Floats:
        """Raise or lower the opinions of a stance on a value as far as the sums allow; return where
        that ends, shape (cells,)."""
        line, value = place
        goal = (self._crossing.values[:, line] == value).astype(np.float64)
        near = self._near(goal > 0)
        sums, goal = self._sums.among(near), sense * goal[near]
        all_ = self._crossing.counts[:, stance].copy()
        if not near.size:
            return all_
        table = all_[near]
        known = sums.add_up(table)
        open_ = np.ones(len(table), dtype=bool)
        for _ in range(STEPS):
            step = _step(sums, table, goal, open_)
            table = table + step
            table[table < TINY] = 0
            if goal @ step < LEAST_STEP or np.abs(sums.add_up(table) - known).max() > EXACT:
                break
            all_[near] = table
            here = self._by_value(all_)
            self._low[stance] = np.minimum(self._low[stance], here)
            self._high[stance] = np.maximum(self._high[stance], here)
            if self._width(self._first[line] + value) >= k:
                break
        return all_

    def _near(self, target: Bools) -> Integers:
        """Return the cells that a walk moves: all, or those in the target's and the largest
        sums."""
        of_cell, n = self._sums.of_cell, self._crossing.counts.sum(1)
        near: Bools = np.ones(len(n), dtype=bool)
        if self._sums.number > MOST_SUMS:
            size = self._sums.add_up(n)
            size[of_cell[target].ravel()] += size.sum()
            kept = np.zeros(len(size), dtype=bool)
            kept[np.argsort(-size, kind="stable")[:MOST_SUMS]] = True
            near = np.all(kept[of_cell], axis=1)
        others = np.flatnonzero(near & ~target)
        if len(others) > MOST_CELLS:
            others = others[np.linspace(0, len(others) - 1, MOST_CELLS).astype(np.int64)]
        return np.sort(np.concatenate([np.flatnonzero(near & target), others]))


def _step(sums: Sums, table: Floats, goal: Floats, open_: Bools) -> Floats:
    """Return a step towards the goal that changes no sum and takes no cell below zero. Empty cells
    that it would lower are taken out of ``open_``."""
    while True:
        weights = np.where(table > 0, table**2 / (table + 1), EMPTY) * open_
        inner = sums.products(weights)
        inner[np.diag_indices(sums.number)] += NOISE * inner.max() + TINY
        back = np.linalg.inv(inner)
        step: Floats = weights * goal
        for _ in range(3):  # the second and third take off what the first leaves by rounding
            step = step - weights * sums.spread(back @ sums.add_up(step))
        shut = (step < -NOISE * np.abs(step).max()) & (table <= 0)
        if not shut.any():
            break
        open_ &= ~shut
    falls = (step < 0) & (table > 0)
    if not falls.any() or np.abs(step).max() < TINY:
        return np.zeros_like(step)
    far = (table[falls] / -step[falls]).min()
    step = np.where(table > 0, step, np.maximum(step, 0))
    return step * float(TO_THE_WALL * far)
