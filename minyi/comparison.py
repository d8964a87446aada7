"""Before and after a day, side by side: a comparison, not a cause. Pure.

A window's share counts all its opinions. Opinions of one day hang together (one piece of news, one
campaign), so the interval takes days, not opinions, as what was drawn: the variance of the ratio of
sums (Cochran 1977, Sampling Techniques, 3rd ed., eq. 6.13), never below the binomial one, gives the
number of independent opinions that the window is worth, and that enters Wilson's interval with
Student's quantile in place of the normal one. Differences of two shares combine their intervals by
Newcombe's square-and-add (Newcombe 1998, Stat. Med. 17:873, method 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import exp, log, sqrt

import numpy as np

from minyi.adjusting import Adjuster
from minyi.daily import Bools, Days, Measure, Series, past
from minyi.denominators import Denominator
from minyi.domain import Model
from minyi.levels import Moves
from minyi.prevalence import FLOOR, Z95, wilson
from minyi.query import Counts, Share
from minyi.seasons import Floats
from minyi.summing import total as summed

DAYS = 28
"""Days on each side, when nobody says otherwise: four of each weekday."""
MOST_DAYS = 366
STANCES_MEASURED = (Measure.FAVOR, Measure.AGAINST)
"""In the order of ``minyi.outputs.STANCES``."""
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


class Window(Model):
    """A run of days, both ends included."""

    first: date
    last: date
    days: int
    """Days that count: those of a season are left out."""
    opinions: int


class Contrast(Model):
    """One series before and after. ``before``, ``after`` and ``gap`` are None where one of the
    windows is too small to say anything."""

    series: Series
    before: Share | Rate | None
    after: Share | Rate | None
    gap: Gap | None
    """Weekday effects taken off; so it may differ a little from the two figures."""
    adjusted: Gap | None = None
    """Of a stance: as ``gap``, with what the tagger is known to mistake taken out and its error in
    the interval, but weekday effects left in; None where that cannot be done."""


class Comparison(Model):
    """Two windows around a day."""

    policy_id: str
    date: date
    """First day of the later window."""
    length: int
    """Days that were asked for on each side."""
    denominator: Denominator
    before: Window
    after: Window
    too_few: bool
    """Whether a window has under ten opinions, or three days with one."""
    rows: tuple[Contrast, ...]
    note: str = "a comparison, not a cause: whatever else happened on these days is in it too"


@dataclass(frozen=True)
class _Estimate:
    """A share as estimated from days: its interval's two bounds, and by how much its variance
    exceeds that of as many independent opinions."""

    value: float
    low: float
    high: float
    design: float


def compare(
    policy_id: str, days: Days, around: date, length: int, adjuster: Adjuster | None = None
) -> Comparison:
    """Compare the ``length`` days before a date with as many from it on.

    Days of a season are left out on both sides, and so are days outside the data.
    """
    middle = days.place(around)
    before, after = _between(days, middle - length, middle), _between(days, middle, middle + length)
    rows = tuple(contrast(days, series, before, after) for series in days.series)
    if adjuster:
        moves = adjuster.moves(policy_id, [_said(days, before), _said(days, after)])
        rows = tuple(_corrected(row, days, before, after, moves) for row in rows)
    return Comparison(
        policy_id=policy_id,
        date=around,
        length=length,
        denominator=days.of,
        before=_window(days, middle - length, middle, before),
        after=_window(days, middle, middle + length, after),
        too_few=not (_enough(days.total[before]) and _enough(days.total[after])),
        rows=rows,
    )


def contrast(days: Days, series: Series, before: Bools, after: Bools) -> Contrast:
    """Compare two sets of days.

    Args:
        days: the policy's days.
        series: what is compared.
        before: marks the earlier days, shape (days,).
        after: marks the later days.
    """
    nothing = Contrast(series=series, before=None, after=None, gap=None)
    if not (_enough(days.total[before]) and _enough(days.total[after])):
        return nothing
    if series.measure is Measure.VOLUME:
        return _volumes(days, series, before, after)
    total, counted = days.total, days.counts[series]
    known = past(days, series)
    adjusted = counted - total * known.effects[-1][days.weekday]
    memory = float(known.memory[-1])
    first, second = (_estimate(adjusted[part], total[part], memory) for part in (before, after))
    return Contrast(
        series=series,
        before=_share(counted[before], total[before], days.of.words(), memory),
        after=_share(counted[after], total[after], days.of.words(), memory),
        gap=_difference(first, second),
    )


def _said(days: Days, marked: Bools) -> Counts:
    places = np.flatnonzero(marked).tolist()
    return summed(days.cells[place] for place in places if place in days.cells)


def _corrected(
    row: Contrast, days: Days, before: Bools, after: Bools, moves: Moves | None
) -> Contrast:
    """Add the difference without the tagger's errors. What these are off by for the policy as a
    whole cancels; what they are off by in a move grows with it (``minyi.levels``). The sampling
    error is that of days, as in the raw difference."""
    if row.gap is None or moves is None or row.series.measure not in STANCES_MEASURED:
        return row
    place = STANCES_MEASURED.index(row.series.measure)
    counted, memory = days.counts[row.series], float(past(days, row.series).memory[-1])
    designs = [_estimate(counted[p], days.total[p], memory).design for p in (before, after)]
    move = moves.value[1] - moves.value[0]
    variance = np.array(designs) @ moves.sampled[:, place] + move**2 @ moves.bend[:, place]
    degrees = min(int(np.count_nonzero(days.total[part])) for part in (before, after)) - 1
    reach = student(degrees) * sqrt(variance)
    value = float(move[place])
    gap = Gap(
        value=round(min(max(value, -1.0), 1.0), 4),
        low=round(min(max(value - reach, -1.0), 1.0), 4),
        high=round(min(max(value + reach, -1.0), 1.0), 4),
        scale=Scale.DIFFERENCE,
    )
    return row.model_copy(update={"adjusted": gap})


def shares_differ(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], words: str
) -> tuple[Share, Share, Gap] | None:
    """Return two shares, each of its own days, and the second less the first; None when there are
    too few of either.

    Args:
        first: what is counted and all there is, day by day, shape (days,) each.
        second: likewise.
        words: the denominator.
    """
    if not (_enough(first[1]) and _enough(second[1])):
        return None
    gap = _difference(_estimate(*first), _estimate(*second))
    return _share(*first, words), _share(*second, words), gap


def _between(days: Days, start: int, end: int) -> Bools:
    place = np.arange(len(days))
    marked: Bools = (place >= start) & (place < end) & ~days.seasonal
    return marked


def window(days: Days, marked: Bools) -> Window:
    """Return the run of days from the first to the last that is marked."""
    places = np.flatnonzero(marked)
    return _window(days, int(places[0]), int(places[-1]) + 1, marked)


def _window(days: Days, start: int, end: int, marked: Bools) -> Window:
    return Window(
        first=days.day(start),
        last=days.day(end - 1),
        days=int(marked.sum()),
        opinions=int(days.total[marked].sum()),
    )


def _enough(total: Floats) -> bool:
    return bool(total.sum() >= FLOOR and np.count_nonzero(total) >= FEWEST_DAYS)


def _estimate(counted: Floats, total: Floats, memory: float = 0.0) -> _Estimate:
    """Return the ratio of sums with its interval, for days that are correlated with the day
    before by ``memory``."""
    drawn = total > 0
    counted, total = counted[drawn], total[drawn]
    number, everything = len(total), total.sum()
    share = min(max(counted.sum() / everything, 0.0), 1.0)
    near = (counted.sum() + 1) / (everything + 2)  # so that 0 and 1 have a variance too
    binomial = near * (1 - near) / everything
    clustered = ((counted - share * total) ** 2).sum() * number / (number - 1) / everything**2
    clustered *= (1 + memory) / (1 - memory)
    worth = everything * min(1.0, binomial / clustered) if clustered > 0 else everything
    worth = max(worth, 1.0)
    low, high = wilson(share * worth, worth, student(number - 1))
    return _Estimate(share, low, high, everything / worth)


def student(degrees: int, z: float = Z95) -> float:
    """Return the quantile of Student's t that belongs to the normal's ``z``, for at least two
    degrees of freedom (Abramowitz & Stegun 1964, 26.7.5)."""
    d = float(degrees)
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / d + g2 / d**2 + g3 / d**3 + g4 / d**4


def _share(counted: Floats, total: Floats, words: str, memory: float = 0.0) -> Share:
    estimate = _estimate(counted, total, memory)
    return Share(
        value=round(estimate.value, 4),
        low=round(estimate.low, 4),
        high=round(estimate.high, 4),
        count=int(counted.sum()),
        n=int(total.sum()),
        denominator=words,
    )


def _difference(first: _Estimate, second: _Estimate) -> Gap:
    value = second.value - first.value
    below = sqrt((second.value - second.low) ** 2 + (first.high - first.value) ** 2)
    above = sqrt((second.high - second.value) ** 2 + (first.value - first.low) ** 2)
    return Gap(
        value=round(value, 4),
        low=round(max(value - below, -1.0), 4),
        high=round(min(value + above, 1.0), 4),
        scale=Scale.DIFFERENCE,
    )


def _volumes(days: Days, series: Series, before: Bools, after: Bools) -> Contrast:
    """Compare opinions a day: log-normal intervals, the variance that of the days, never below
    Poisson's."""
    known = past(days, series)
    memory = float(known.memory[-1])
    usual = days.total / np.exp(known.effects[-1][days.weekday])
    (first, first_error), (second, second_error) = (
        _mean(usual[part], memory) for part in (before, after)
    )
    t = student(int(min(before.sum(), after.sum())) - 1)
    error = t * sqrt(first_error**2 + second_error**2)
    ratio = log(second / first)
    return Contrast(
        series=series,
        before=_rate(days.total[before], memory),
        after=_rate(days.total[after], memory),
        gap=Gap(
            value=round(exp(ratio), 4),
            low=round(exp(ratio - error), 4),
            high=round(exp(ratio + error), 4),
            scale=Scale.RATIO,
        ),
    )


def _mean(total: Floats, memory: float) -> tuple[float, float]:
    """Return the mean of days and its standard error on the logarithmic scale."""
    mean = float(total.mean())
    variance = max(float(total.var(ddof=1)), mean) / len(total) * (1 + memory) / (1 - memory)
    return mean, sqrt(variance) / mean


def _rate(total: Floats, memory: float) -> Rate:
    mean, error = _mean(total, memory)
    reach = exp(student(len(total) - 1) * error)
    return Rate(
        value=round(mean, 2),
        low=round(mean / reach, 2),
        high=round(mean * reach, 2),
        count=int(total.sum()),
        days=len(total),
    )
