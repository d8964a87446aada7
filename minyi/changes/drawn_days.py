"""Shares and rates of days, with intervals for which days were drawn. Pure.

Opinions of one day hang together (one piece of news, one campaign), so days, not opinions, are what
was drawn: the variance of a share is that of the ratio of sums (Cochran 1977, Sampling Techniques,
3rd ed., eq. 6.13), never below the binomial one. It gives the number of independent opinions that
the days are worth, and that enters Wilson's interval with Student's quantile in place of the normal
one. Differences of two shares combine their intervals by Newcombe's square-and-add (Newcombe 1998,
Stat. Med. 17:873, method 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, sqrt

import numpy as np

from minyi.arrays import Floats
from minyi.domain import Model
from minyi.prevalence import FLOOR, Z95, wilson
from minyi.query import Share

FEWEST_DAYS = 3
"""Days with opinions that a window needs for an interval."""


class Scale(StrEnum):
    DIFFERENCE = "difference"
    RATIO = "ratio"


class Gap(Model):
    """How two windows differ, with its 95 % interval: after less before, or after by before."""

    value: float
    low: float
    high: float
    scale: Scale

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out that nothing differs."""
        nothing = 0.0 if self.scale is Scale.DIFFERENCE else 1.0
        return not self.low <= nothing <= self.high


class Rate(Model):
    """Opinions a day with the 95 % interval of their mean."""

    value: float
    low: float
    high: float
    count: int
    days: int


@dataclass(frozen=True)
class Estimate:
    """A share as estimated from days: its interval's two bounds, and by how much its variance
    exceeds that of as many independent opinions."""

    value: float
    low: float
    high: float
    design: float


def shares_differ(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], words: tuple[str, str]
) -> tuple[Share, Share, Gap] | None:
    """Return two shares, each of its own days, and the second less the first; None when there are
    too few of either.

    Args:
        first: what is counted and all there is, day by day, shape (days,) each.
        second: likewise.
        words: their denominators.
    """
    if not (enough(first[1]) and enough(second[1])):
        return None
    gap = difference(estimate(*first), estimate(*second))
    return share_of(*first, words[0]), share_of(*second, words[1]), gap


def enough(total: Floats) -> bool:
    """Return whether the days hold ten opinions, on at least three of them."""
    return bool(total.sum() >= FLOOR and np.count_nonzero(total) >= FEWEST_DAYS)


def estimate(
    counted: Floats, total: Floats, memory: float = 0.0, most_design: float = inf
) -> Estimate:
    """Return the ratio of sums with its interval, for days that are correlated with the day
    before by ``memory``; ``most_design`` is known to bound the design effect."""
    drawn = total > 0
    counted, total = counted[drawn], total[drawn]
    number, everything = len(total), total.sum()
    share = min(max(counted.sum() / everything, 0.0), 1.0)
    near = (share * everything + 1) / (everything + 2)  # so that 0 and 1 have a variance too
    binomial = near * (1 - near) / everything
    clustered = ((counted - share * total) ** 2).sum() * number / (number - 1) / everything**2
    clustered *= (1 + memory) / (1 - memory)
    worth = everything * min(1.0, binomial / clustered) if clustered > 0 else everything
    worth = max(worth, everything / most_design, 1.0)
    low, high = wilson(share * worth, worth, student(number - 1))
    return Estimate(share, low, high, everything / worth)


def student(degrees: int) -> float:
    """Return the 97.5 % quantile of Student's t for at least two degrees of freedom (Abramowitz &
    Stegun 1964, 26.7.5)."""
    z, d = Z95, float(degrees)
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / d + g2 / d**2 + g3 / d**3 + g4 / d**4


def share_of(counted: Floats, total: Floats, words: str, memory: float = 0.0) -> Share:
    """Return the share that an estimate stands for, rounded, with its counts."""
    found = estimate(counted, total, memory)
    return Share(
        value=round(found.value, 4),
        low=round(found.low, 4),
        high=round(found.high, 4),
        count=int(counted.sum()),
        n=int(total.sum()),
        denominator=words,
    )


def difference(first: Estimate, second: Estimate) -> Gap:
    """Return the second less the first."""
    value = second.value - first.value
    below = sqrt((second.value - second.low) ** 2 + (first.high - first.value) ** 2)
    above = sqrt((second.high - second.value) ** 2 + (first.value - first.low) ** 2)
    return Gap(
        value=round(value, 4),
        low=round(max(value - below, -1.0), 4),
        high=round(min(value + above, 1.0), 4),
        scale=Scale.DIFFERENCE,
    )


def log_mean(total: Floats, memory: float) -> tuple[float, float]:
    """Return the mean of days and its standard error on the logarithmic scale."""
    mean = float(total.mean())
    variance = max(float(total.var(ddof=1)), mean) / len(total) * (1 + memory) / (1 - memory)
    return mean, sqrt(variance) / mean


def rate(total: Floats, memory: float) -> Rate:
    """Return the mean of days with its interval."""
    mean, error = log_mean(total, memory)
    reach = exp(student(len(total) - 1) * error)
    return Rate(
        value=round(mean, 2),
        low=round(mean / reach, 2),
        high=round(mean * reach, 2),
        count=int(total.sum()),
        days=len(total),
    )
