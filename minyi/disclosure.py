"""Which cells of a table must not be shown, so that nothing can be told of a few people. Pure.

A cell with fewer than ``K`` authors is hidden. As its neighbours and the totals would give it away,
more cells are hidden beside it, until no hidden number of opinions can be bounded within less than
``K`` by whoever knows every figure that is shown: the shown cells, all totals, the counts by
stance, which add up to n, and that the cells not listed are zero.

The method is the hypercube method (Repsilber 1994; Giessing and Repsilber 2002, "Tools and
strategies to protect multiple tables with the GHQUAR cell suppression engine", in Inference Control
in Statistical Databases, LNCS 2316), which protects tables of any number of dimensions. The corners
of a cube of hidden cells can be raised and lowered alternately without a change of any total. How
far they can go before one is below zero is a range that the attacker cannot narrow, by linear
programming or otherwise: every table in it agrees with all that is shown. The attacker's problem is
that of Fischetti and Salazar (2000, J. Am. Stat. Assoc. 95:916); a test solves it.

Beside that, what all hidden cells of a line add up to stands on at least ``K`` authors.

Not covered: what one who is in a cell knows of the others in it; that a shown or summed group is of
one mind; a stance's own count, which may be bounded within less than ``K`` where nearly nobody in
the row and column took it; counts of evaluations in tables of two dimensions or more (show them in
tables of one); two answers for different windows or filters, unless they are levels of one table;
tables by facets that are nested, beside each other (``minyi.open_data.protecting`` covers these).
docs/differences.md says more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from minyi.arrays import Bools, Floats

K = 10
"""Fewest authors of a cell that is shown."""
MAX_CELLS = 50_000
"""Of a table, totals included; the search looks at all of them for each that must be hidden."""
STEPS = 12
"""Cubes that are tried one after another before a further cell is hidden."""

Place = tuple[int, ...]


def with_totals(counts: npt.ArrayLike) -> Floats:
    """Append the totals along every axis but the last.

    Args:
        counts: opinions by cell and stance, shape (d1, …, dm, stances).

    Returns:
        Shape (d1 + 1, …, dm + 1, stances); the last index of an axis is its total.
    """
    table = np.asarray(counts, dtype=np.float64)
    for axis in range(table.ndim - 1):
        table = np.concatenate([table, table.sum(axis, keepdims=True)], axis)
    return table


def hidden(
    counts: npt.ArrayLike,
    authors: npt.ArrayLike,
    k: int = K,
    shown: Bools | None = None,
    unseen: Bools | None = None,
    price: Floats | None = None,
) -> Bools:
    """Return which cells and totals of a table must not be shown.

    Args:
        counts: opinions by cell and stance, shape (d1, …, dm, stances), totals not included.
        authors: distinct authors by cell, totals included, shape (d1 + 1, …, dm + 1); authors do
            not add up, so that a total's are asked of the index.
        k: the fewest authors of a cell that is shown.
        shown: what is known already from elsewhere and cannot be hidden any more, as ``authors``.
        unseen: what has been hidden elsewhere and stays so.
        price: what is lost with each cell, above zero; its opinions unless given.

    Returns:
        True where a cell is hidden, of the shape of ``authors``. Where nothing else helps, all.

    Raises:
        ValueError: when the shapes do not fit or the table has more than ``MAX_CELLS`` cells.
    """
    table = with_totals(counts)
    people = np.asarray(authors, dtype=np.float64)
    if table.shape[:-1] != people.shape:
        raise ValueError(f"authors of shape {people.shape} for a table of {table.shape[:-1]}")
    if people.size > MAX_CELLS:
        raise ValueError(f"a table of {people.size:,} cells, more than {MAX_CELLS:,}: split it")
    opinions = table.sum(-1)
    price = opinions if price is None else price
    free: Bools = (opinions > 0) if shown is None else (opinions > 0) & ~shown
    mask: Bools = free & (people < k)
    if unseen is not None:
        mask |= free & unseen
    safe = np.zeros_like(mask)
    while True:
        for target in _in_order(mask & ~safe, opinions):
            if safe[target]:
                continue
            protected = _protect(table, mask, free, price, target, k)
            if not protected:
                return free
            for place in protected:
                safe[place] = True
        thin = _thin_line(mask, opinions, people, k)
        if thin is None:
            if not (mask & ~safe).any():
                return mask
            continue
        candidates = [place for place in thin if free[place] and not mask[place]]
        if not candidates:
            return free
        mask[min(candidates, key=lambda place: (price[place], place))] = True


def _in_order(mask: Bools, opinions: Floats) -> list[Place]:
    """Return the places of a mask, those with the fewest opinions first."""
    places = [tuple(map(int, place)) for place in np.argwhere(mask)]
    return sorted(places, key=lambda place: (opinions[place], place))


class _Cubes:
    """All cubes of free cells with a corner at one place, by the place of the opposite corner."""

    def __init__(self, table: Floats, mask: Bools, free: Bools, price: Floats, at: Place) -> None:
        self.at = at
        self.totals = tuple(size - 1 for size in mask.shape)
        self.axes = list(_subsets(mask.ndim))
        self.reach = []
        for axis, i in enumerate(at):  # the neighbours are corners, and most are not free
            line = np.moveaxis(free, axis, -1)[(*at[:axis], *at[axis + 1 :])]
            self.reach.append(np.array([j for j in np.flatnonzero(line) if j != i], dtype=int))
        shape = tuple(len(near) for near in self.reach)
        self.up: Floats = np.full((*shape, table.shape[-1]), np.inf)
        """How far the corner can be raised, by stance; infinite where only totals go with it."""
        self.down: Floats = np.broadcast_to(table[at], self.up.shape)
        self.exists: Bools = np.ones(shape, dtype=bool)
        self.price: Floats = np.zeros(shape)
        """Of the corners that are not hidden yet."""
        for axes in self.axes:
            place = np.ix_(
                *(self.reach[a] if a in axes else np.array([i]) for a, i in enumerate(at))
            )
            rises = self._sign(place, axes)[..., None] > 0
            corner = table[place]
            self.up = np.minimum(self.up, np.where(rises, np.inf, corner))
            self.down = np.minimum(self.down, np.where(rises, corner, np.inf))
            self.exists = self.exists & free[place]
            self.price = self.price + np.where(mask[place], 0, price[place])
        self.width: Floats = (self.up + self.down).sum(-1)

    def corners(self, which: tuple[int, ...]) -> list[tuple[Place, float]]:
        """Return the places of a cube's corners, with +1 for those that move with the first and -1
        for those that move against it."""
        opposite = [int(near[i]) for near, i in zip(self.reach, which, strict=True)]
        found = [(self.at, 1.0)]
        for axes in self.axes:
            place = tuple(opposite[a] if a in axes else i for a, i in enumerate(self.at))
            found.append((place, float(self._sign(place, axes))))
        return found

    def _sign(self, place: Sequence[Any], axes: Sequence[int]) -> Any:
        """Two cells of a line move against each other, a cell and its total together."""
        sign: Any = 1.0
        for a in axes:
            total = self.at[a] == self.totals[a]
            sign = sign * np.where(total | (place[a] == self.totals[a]), 1.0, -1.0)
        return sign


def _subsets(dimensions: int) -> Iterator[tuple[int, ...]]:
    axes = range(dimensions)
    return chain.from_iterable(combinations(axes, size) for size in range(1, dimensions + 1))


def _least(values: Floats) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(int(np.argmin(values)), values.shape)))


def _protect(
    table: Floats, mask: Bools, free: Bools, price: Floats, target: Place, k: int
) -> list[Place]:
    """Hide, in ``mask``, what keeps the target from being bounded within less than ``k``.

    Return what is protected by that, or nothing where it cannot be.
    """
    while True:
        cubes = _Cubes(table, mask, free, price, target)
        enough = cubes.exists & (cubes.width >= k)
        done = enough & (cubes.price == 0)
        if done.any():  # the cube's other corners move as far
            return [place for place, _ in cubes.corners(_least(~done))]
        if _room(table, mask, target, k) >= k:
            return [target]
        # a stance that the cube cannot move would be known: as dear as k opinions more
        pinned = ((cubes.up + cubes.down < 1) & (table[target] > 0)).sum(-1)
        cost = np.where(enough, cubes.price + k * pinned, np.inf)
        if not enough.any():
            cost = np.where(cubes.exists & (cubes.price > 0), -cubes.width, np.inf)
        if np.isinf(cost).all():
            return []
        for place, _ in cubes.corners(_least(cost)):
            mask[place] = True


def _room(table: Floats, mask: Bools, target: Place, k: int) -> float:
    """Return how far the target can be moved, up and down together, through hidden cells only, by
    one cube after another; not much further than ``k``."""
    room = 0.0
    for sense in (1.0, -1.0):
        moved = table.copy()
        for _ in range(STEPS):
            cubes = _Cubes(moved, mask, mask, moved[..., 0], target)
            step = cubes.up if sense > 0 else cubes.down
            reach = np.where(cubes.exists, step.sum(-1), 0)
            if not reach.any():
                break
            best = _least(-reach)
            room += float(reach[best])
            if room >= k:
                return room
            for place, sign in cubes.corners(best):
                moved[place] += sense * sign * step[best]
    return room


def _thin_line(mask: Bools, opinions: Floats, people: Floats, k: int) -> list[Place] | None:
    """Return the cells of a line whose total is shown and whose hidden cells, added up, may stand
    on fewer than ``k`` authors; None when there is no such line.

    Of an author who is in several cells only the bounds are known: all hidden cells together have
    at least the authors of the largest, and at least those of the total less all shown ones.
    """
    for axis in range(mask.ndim):
        cells = slice(0, mask.shape[axis] - 1)
        off = np.moveaxis(mask, axis, -1)
        who = np.moveaxis(people, axis, -1)
        some = np.moveaxis(opinions > 0, axis, -1)[..., cells]
        largest = np.where(off[..., cells] & some, who[..., cells], 0).max(-1, initial=0)
        rest = who[..., -1] - np.where(off[..., cells], 0, who[..., cells]).sum(-1)
        thin = (off[..., cells] & some).any(-1) & ~off[..., -1] & (np.maximum(largest, rest) < k)
        for line in np.argwhere(thin):
            place = [*map(int, line)]
            return [(*place[:axis], i, *place[axis:]) for i in range(mask.shape[axis] - 1)]
    return None
