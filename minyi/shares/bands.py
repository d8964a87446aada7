"""The buckets of a trend smoothed to one band a stance. Pure.

What a window's share is off by has two parts. Its sampling is its own, and goes down with the help
of its neighbours. What the tagger's known mistakes leave open goes the same way in all windows that
say the same, and no neighbour takes it away: it is added to the band afterwards, by how far the
smoothed share has moved from the policy's level. A raw share has the first part only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from pydantic import TypeAdapter

from minyi.arrays import Floats, Integers
from minyi.domain import Model
from minyi.query import Counts, Interval
from minyi.shares.levels import Moves
from minyi.shares.smoothing import Level, band, level, straight
from minyi.vocabulary import Stance

MONTHS = {Interval.DAY: 12 / 365.25, Interval.WEEK: 7 * 12 / 365.25, Interval.MONTH: 1.0}
"""Length of a bucket. Shares move by the calendar, however finely it is cut: at most by steps of 30
points a month (``minyi.shares.smoothing``), which is 14 a week and 5 a day."""
GAP = 4
"""Empty buckets in a row that a band passes through; behind more it starts anew, as wide as what is
known there."""


class Band(Model):
    """Where a share is thought to be, with its 95 % interval, with the help of its neighbours."""

    value: float
    low: float
    high: float


class SmoothPoint(Model):
    """One bucket of a smoothed trend; the stances are smoothed one by one."""

    bucket: date
    favor: Band
    against: Band
    none: Band


_POINTS = TypeAdapter(tuple[SmoothPoint, ...])


def smoothed(
    buckets: Sequence[date],
    interval: Interval,
    cells: Sequence[Counts],
    moves: Moves | None,
    sided: bool,
) -> tuple[SmoothPoint, ...]:
    """Return the band over the buckets and the short gaps between them.

    Args:
        buckets: their first days, rising.
        interval: their length.
        cells: what each holds, at least one opinion.
        moves: the adjusted shares of each; None smooths the raw ones.
        sided: favor and against are shares of the two.
    """
    places = _places(buckets, interval)
    every = _with_gaps(places)
    times: Floats = every.astype(np.float64) * MONTHS[interval]
    shares = np.full((len(Stance), len(every)), np.nan)
    variances = np.ones_like(shares)
    seen = np.searchsorted(every, places)
    counts = np.array([cell.stances for cell in cells], float)
    sizes = np.repeat(counts.sum(1, keepdims=True), len(Stance), axis=1)
    if moves is None:
        if sided:
            sizes[:, :2] = counts[:, :2].sum(1, keepdims=True)
        shares[:, seen], variances[:, seen] = (each.T for each in _counted(counts, sizes))
        value, low, high = band(level(times, shares, variances), sizes.sum(0)[:, None])
    else:
        shares[:, seen], variances[:, seen] = moves.value.T, moves.sampled.T
        value, low, high = adjusted(level(times, shares, variances), moves)
        if sided:
            value[:2], low[:2], high[:2] = among(value[:2], low[:2], high[:2])
    return _points(every, interval, np.stack([value, low, high], axis=2))


def adjusted(found: Level, moves: Moves) -> tuple[Floats, Floats, Floats]:
    """Return value, low and high of smoothed adjusted shares, with what neighbours do not take away
    of the tagger's errors."""
    moved = (found.mean.T - moves.level) ** 2
    return straight(Level(found.mean, found.variance + (moves.shared + moved @ moves.bend).T))


def among(value: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Turn shares of all, and their bounds, into shares among the two, shapes (2, …) as given.

    The bounds join the low of one with the high of the other: where few are neutral, one is high
    when the other is low, and the interval is exact; else it is wider than it need be.
    """

    def ratio(mine: Floats, theirs: Floats) -> Floats:
        return mine / np.maximum(mine + theirs, 1e-9)

    return ratio(value, value[::-1]), ratio(low, high[::-1]), ratio(high, low[::-1])


def _counted(counts: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Return raw shares and the variances of their sampling; shares of nobody are NaN. The shares
    of all together stand in for the unknown ones, never 0 or 1, as no share is for certain."""
    usual = (counts.sum(0) + 0.5) / (sizes.sum(0) + 1)
    n = np.maximum(sizes, 1)
    return np.where(sizes > 0, counts / n, np.nan), usual * (1 - usual) / n


def _points(every: Integers, interval: Interval, bounds: Floats) -> tuple[SmoothPoint, ...]:
    days: list[dict[str, object]] = [{"bucket": _day(p, interval)} for p in every.tolist()]
    for stance, line in zip(Stance, bounds.round(4).tolist(), strict=True):
        for point, (middle, under, over) in zip(days, line, strict=True):
            point[stance.value] = {"value": middle, "low": under, "high": over}
    return _POINTS.validate_python(days)


def _places(buckets: Sequence[date], interval: Interval) -> Integers:
    """Number the buckets, neighbours by neighbouring numbers."""
    if interval is Interval.MONTH:
        return np.array([day.year * 12 + day.month - 1 for day in buckets], np.int64)
    days = 7 if interval is Interval.WEEK else 1
    return np.array([(day.toordinal() - 1) // days for day in buckets], np.int64)


def _day(place: int, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return date(place // 12, place % 12 + 1, 1)
    return date.fromordinal(place * (7 if interval is Interval.WEEK else 1) + 1)


def _with_gaps(places: Integers) -> Integers:
    """Add the numbers that are missing where at most ``GAP`` in a row are."""
    after = np.diff(places, append=places[-1:] + 1)
    steps = np.where(after <= GAP + 1, after, 1)
    return np.concatenate(
        [np.arange(place, place + step) for place, step in zip(places, steps, strict=True)]
    )
