"""The buckets of a trend smoothed to one band a stance. Pure.

An adjusted share is off by two errors: that of its window's sampling, which goes with the window,
and that of the tagger's known mistakes, which is the same in all windows and which no neighbour
takes away. The variance of a window with n opinions is therefore taken for ``common + own / n``;
only the second is smoothed, and the first is put back into the band. Both come from the intervals
of the windows and of their sum. A raw share has no common part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from pydantic import TypeAdapter

from minyi.adjusting import Adjusted
from minyi.domain import Model
from minyi.prevalence import FLOOR, Z95
from minyi.query import Counts, Interval, Share
from minyi.smoothing import Floats, Level, Places, band, level
from minyi.vocabulary import Stance

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
    adjusted: Sequence[Adjusted | None],
    sided: bool = False,
) -> tuple[SmoothPoint, ...]:
    """Return the band over the buckets and the short gaps between them.

    Args:
        buckets: their first days, rising.
        interval: their length.
        cells: what each holds, and last their sum.
        adjusted: of every cell, or None of each.
        sided: favor and against are shares of the two.
    """
    places = _places(buckets, interval)
    rows = np.searchsorted(every := _with_gaps(places), places)
    shares = np.full((len(Stance), len(every)), np.nan)
    variances = np.ones_like(shares)
    common, sizes = np.zeros((len(Stance), 1)), np.zeros((len(Stance), 1))
    for line, stance in enumerate(Stance):
        n = np.array([_size(cell, stance, sided) for cell in cells], float)
        value, spread = _seen(stance, n, cells, adjusted)
        common[line], own = _parts(n, value, spread)
        shares[line, rows] = np.where(n[:-1] > 0, value[:-1], np.nan)
        variances[line, rows] = own / np.maximum(n[:-1], 1)
        sizes[line] = n[-1]
    found = level(every, shares, variances)
    value, low, high = band(Level(found.mean, found.variance + common), sizes)
    rounded = np.stack([value, low, high], axis=2).round(4).tolist()
    days: list[dict[str, object]] = [{"bucket": _day(p, interval)} for p in every.tolist()]
    for stance, line in zip(Stance, rounded, strict=True):
        for point, (middle, under, over) in zip(days, line, strict=True):
            point[stance.value] = {"value": middle, "low": under, "high": over}
    return _POINTS.validate_python(days)


def _size(cell: Counts, stance: Stance, sided: bool) -> int:
    return cell.favor + cell.against if sided and stance is not Stance.NONE else cell.total


def _seen(
    stance: Stance, n: Floats, cells: Sequence[Counts], adjusted: Sequence[Adjusted | None]
) -> tuple[Floats, Floats | None]:
    """Return the shares of the cells and the variances of adjusted ones."""
    if any(one is None for one, size in zip(adjusted, n, strict=True) if size):
        counts = np.array([getattr(cell, stance) for cell in cells], float)
        return counts / np.maximum(n, 1), None
    shares: list[Share | None] = [getattr(one, stance) if one else None for one in adjusted]
    bounds = [(s.value, s.low, s.high) if s and s.value is not None else (0, 0, 1) for s in shares]
    value, low, high = np.array(bounds, float).T
    return value, (np.maximum(high - value, value - low) / Z95) ** 2  # at 0 and 1 one side is cut


def _parts(n: Floats, value: Floats, spread: Floats | None) -> tuple[float, float]:
    """Return the variance that all windows have in common, and their own times n."""
    middle = (value[-1] * n[-1] + 0.5) / (n[-1] + 1)  # never 0 or 1, as no share is for certain
    binomial = middle * (1 - middle)
    if spread is None:
        return 0.0, binomial
    windows = n[:-1] >= FLOOR  # an interval over nearly all of 0 to 1 tells no variance
    inverse = (1 / n[:-1][windows]).mean() - 1 / n[-1] if windows.any() else 0.0
    own = (spread[:-1][windows].mean() - spread[-1]) / inverse if inverse > 0 else 0.0
    own = max(own, binomial)  # an adjusted share is never surer than a counted one
    return max(spread[-1] - own / n[-1], 0.0), own


def _places(buckets: Sequence[date], interval: Interval) -> Places:
    """Number the buckets, neighbours by neighbouring numbers."""
    if interval is Interval.MONTH:
        return np.array([day.year * 12 + day.month - 1 for day in buckets], np.int64)
    days = 7 if interval is Interval.WEEK else 1
    return np.array([(day.toordinal() - 1) // days for day in buckets], np.int64)


def _day(place: int, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return date(place // 12, place % 12 + 1, 1)
    return date.fromordinal(place * (7 if interval is Interval.WEEK else 1) + 1)


def _with_gaps(places: Places) -> Places:
    """Add the numbers that are missing where at most ``GAP`` in a row are."""
    after = np.diff(places, append=places[-1:] + 1)
    steps = np.where(after <= GAP + 1, after, 1)
    return np.concatenate(
        [np.arange(place, place + step) for place, step in zip(places, steps, strict=True)]
    )
