"""Weights that give those who speak the make-up of a known population. Pure.

Raking, or iterative proportional fitting (Deming & Stephan 1940, Ann. Math. Stat. 11:427): weights
are multiplied until the weighted shares of every margin are the known ones. All in a cell of the
facets have one weight. It removes what the facets explain of who speaks and nothing else: among
people of one region and age those with a grievance still speak more.

A weight is kept between 1/``BOUND`` and ``BOUND`` times the mean. A few voices that had to stand
for many more would decide the result alone; then a margin is missed instead, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minyi.arrays import Floats
from minyi.errors import InvalidMargins, UnsettledWeights

Whole = npt.NDArray[np.intp]

BOUND = 5.0
"""Of DeBell & Krosnick 2009, ANES technical report nem012427: no weight above five means."""
TOLERANCE = 1e-7
"""A margin is met when no share of it is further off."""
STILL = 1e-5
"""Cutting the weights ends when none of them moves further."""
ROUNDS = 1_000
TRIMS = 50
ROUNDING = 1e-9
"""What sums of logarithms may be off."""
_CONTRADICTION = (
    "no weights meet the margins together: those who spoke from one value of a facet all have "
    "the same values of another, of which the margins want fewer"
)


@dataclass(frozen=True)
class Margin:
    """One facet: the value of every cell, as a number, and the share that every value shall have.

    ``values`` has shape (cells,), ``shares`` (values,); every value has a cell, all shares are
    above zero and add up to 1.
    """

    values: Whole
    shares: Floats

    def reached(self, mass: Floats) -> Floats:
        """Return the share of every value when the cells weigh ``mass``, shape (cells,)."""
        found = np.bincount(self.values, mass, len(self.shares))
        return np.asarray(found / mass.sum(), dtype=np.float64)

    def missed(self, mass: Floats) -> float:
        """Return the largest distance of a share from the wanted one."""
        return float(np.abs(self.reached(mass) - self.shares).max())


def rake(sizes: Floats, margins: Sequence[Margin], bound: float = BOUND) -> Floats:
    """Return a weight for each cell, shape (cells,): positive, with mean 1 over all people.

    Args:
        sizes: opinions or authors of the cells, above zero, shape (cells,).
        margins: what shall be met.
        bound: the largest weight, and one over the smallest.

    Raises:
        InvalidMargins: when no weights at all can meet the margins together.
        UnsettledWeights: when none were found in time, though that none can is not proven.
    """
    weights = _fit(sizes, np.ones_like(sizes), margins)
    trimmed = np.zeros_like(weights)
    for _ in range(TRIMS):
        if weights.max() <= bound and weights.min() >= 1 / bound:
            return weights
        before, trimmed = trimmed, _trim(sizes, weights, bound)
        if np.abs(trimmed - before).max() <= STILL:
            break
        weights = _fit(sizes, trimmed, margins)
    return trimmed


def effective(sizes: Floats, weights: Floats) -> float:
    """Return Kish's effective sample size, (Σw)² / Σw² over people (Kish 1965, Survey Sampling,
    section 11.7): so many people of equal weight would say as much. At most the sum of ``sizes``;
    the design effect is that sum over it."""
    return float((sizes @ weights) ** 2 / (sizes @ weights**2))


def apportion(parts: Floats, size: int) -> Whole:
    """Return whole numbers that add up to ``size``, as the parts do up to scale: each is rounded
    down, the largest remainders up (Hamilton's method); of equal ones the first.

    Args:
        parts: not below zero, not all zero, shape (parts,).
        size: what they shall add up to.
    """
    exact = parts / parts.sum() * size
    whole = np.floor(exact).astype(np.intp)
    largest = np.argsort(whole - exact, kind="stable")[: size - int(whole.sum())]
    whole[largest] += 1
    return np.asarray(whole, dtype=np.intp)


def _fit(sizes: Floats, start: Floats, margins: Sequence[Margin]) -> Floats:
    """Return weights that meet the margins.

    Raises:
        InvalidMargins: when there are none. Each round multiplies the mass of every cell by factors
            of its values. Any masses p that met the margins would have Σ p·log(factor) = Σ
            share·log(factor), so where the right side is larger than the factor of every cell,
            over any number of rounds, there are no such masses (Farkas' lemma).
        UnsettledWeights: when none were found and that is not so.
    """
    mass = sizes * start
    half, gained = mass, 0.0
    for number in range(ROUNDS):
        if all(margin.missed(mass) <= TOLERANCE for margin in margins):
            return np.asarray(mass / mass.sum() * sizes.sum() / sizes, dtype=np.float64)
        if number == ROUNDS // 2:
            half, gained = mass, 0.0
        for margin in margins:
            reached = margin.reached(mass)
            if not reached.all():  # ever smaller weights have come to nothing
                raise InvalidMargins(_CONTRADICTION)
            factors = margin.shares / reached
            mass = mass * factors[margin.values]
            gained += float(margin.shares @ np.log(factors))
    left = mass > 0
    if np.log(mass[left] / half[left]).max() + ROUNDING < gained:
        raise InvalidMargins(_CONTRADICTION)
    raise UnsettledWeights(
        f"no weights meet the margins after {ROUNDS:,} rounds: they almost contradict each other "
        "among those who spoke, and some would have to weigh next to nothing"
    )


def _trim(sizes: Floats, weights: Floats, bound: float) -> Floats:
    """Return the weights cut to the bounds, scaled so that their mean is 1 after the cut."""
    low, high = np.log(1 / bound / weights.max()), np.log(bound / weights.min())
    for _ in range(60):  # the mean rises with the scale
        middle = (low + high) / 2
        cut = np.clip(weights * np.exp(middle), 1 / bound, bound)
        if sizes @ cut < sizes.sum():
            low = middle
        else:
            high = middle
    return np.asarray(cut, dtype=np.float64)
