"""Before and after a day, side by side: a comparison, not a cause. Pure.

A window's share counts all its opinions; its interval is that of ``minyi.changes.drawn_days``.
"""

from __future__ import annotations

from datetime import date
from math import exp, log, sqrt

import numpy as np

from minyi.arrays import Bools
from minyi.changes.daily import Days, Measure, Series, past, read_days
from minyi.changes.drawn_days import (
    Gap,
    Rate,
    Scale,
    difference,
    enough,
    estimate,
    log_mean,
    rate,
    share_of,
    student,
)
from minyi.domain import Model
from minyi.ports import Index
from minyi.query import Counts, Filters, Share
from minyi.shares.adjusting import NOTHING_KNOWN, Adjuster
from minyi.shares.denominators import Count, Denominator
from minyi.shares.levels import Moves
from minyi.shares.summing import total as summed
from minyi.shares.wholes import whole_of

DAYS = 28
"""Days on each side, when nobody says otherwise: four of each weekday."""
MOST_DAYS = 366
STANCES_MEASURED = (Measure.FAVOR, Measure.AGAINST)
"""In the order of ``minyi.outputs.STANCES``."""


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


def read_comparison(
    index: Index,
    policy_id: str,
    scope: Filters,
    today: date,
    around: date,
    length: int,
    adjuster: Adjuster,
    count: Count = Count.OPINIONS,
) -> Comparison:
    """Read a policy's days and ``compare`` those before a date with those from it on.

    Args:
        index: where the opinions are.
        policy_id: the policy.
        scope: which of its opinions.
        today: no day is newer.
        around: the first day of the later window.
        length: days on each side.
        adjuster: what is known of the tagger's errors.
        count: what counts as one.

    Raises:
        InvalidQuery: when the scope keeps only opinions of doubtful stance.
    """
    wanted = scope.model_copy(update={"policy_id": policy_id})
    days = read_days(index, wanted, today, count)
    whole = whole_of(index, wanted, adjuster, days.of)
    return compare(policy_id, days, around, length, adjuster, whole)


def compare(
    policy_id: str,
    days: Days,
    around: date,
    length: int,
    adjuster: Adjuster = NOTHING_KNOWN,
    whole: Counts | None = None,
) -> Comparison:
    """Compare the ``length`` days before a date with as many from it on.

    Days of a season are left out on both sides, and so are days outside the data.

    Args:
        policy_id: the policy.
        days: its days.
        around: the first day of the later window.
        length: days on each side.
        adjuster: what is known of the tagger's errors.
        whole: all opinions on the policy, where the days are narrowed; None: those of all days.
    """
    middle = days.place(around)
    before, after = _between(days, middle - length, middle), _between(days, middle, middle + length)
    rows = tuple(contrast(days, series, before, after) for series in days.series)
    if adjuster.models and not days.of.uncorrected:
        whole = whole or summed(days.cells.values())
        moves = adjuster.moves(policy_id, [_said(days, before), _said(days, after)], whole)
        if moves:
            rows = tuple(_corrected(row, days, before, after, moves) for row in rows)
    return Comparison(
        policy_id=policy_id,
        date=around,
        length=length,
        denominator=days.of,
        before=_window(days, middle - length, middle, before),
        after=_window(days, middle, middle + length, after),
        too_few=not (enough(days.total[before]) and enough(days.total[after])),
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
    if not (enough(days.total[before]) and enough(days.total[after])):
        return nothing
    if series.measure is Measure.VOLUME:
        return _volumes(days, series, before, after)
    total, counted = days.total, days.counts[series]
    known = past(days, series)
    adjusted = counted - total * known.effects[-1][days.weekday]
    memory = float(known.memory[-1])
    raw = [estimate(counted[part], total[part], memory) for part in (before, after)]
    first, second = (  # what takes a weekday's effect off is not to make days differ more
        estimate(adjusted[part], total[part], memory, one.design)
        for part, one in zip((before, after), raw, strict=True)
    )
    return Contrast(
        series=series,
        before=share_of(counted[before], total[before], days.of.words(), memory),
        after=share_of(counted[after], total[after], days.of.words(), memory),
        gap=difference(first, second),
    )


def _said(days: Days, marked: Bools) -> Counts:
    places = np.flatnonzero(marked).tolist()
    return summed(days.cells[place] for place in places if place in days.cells)


def _corrected(row: Contrast, days: Days, before: Bools, after: Bools, moves: Moves) -> Contrast:
    """Add the difference without the tagger's errors. What these are off by for the policy as a
    whole cancels; what they are off by in a move grows with it (``minyi.shares.levels``). The
    sampling error is that of days, as in the raw difference."""
    if row.gap is None or row.series.measure not in STANCES_MEASURED:
        return row
    place = STANCES_MEASURED.index(row.series.measure)
    counted, memory = days.counts[row.series], float(past(days, row.series).memory[-1])
    designs = [estimate(counted[p], days.total[p], memory).design for p in (before, after)]
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


def _volumes(days: Days, series: Series, before: Bools, after: Bools) -> Contrast:
    """Compare opinions a day: log-normal intervals, the variance that of the days, never below
    Poisson's."""
    known = past(days, series)
    memory = float(known.memory[-1])
    usual = days.total / np.exp(known.effects[-1][days.weekday])
    (first, first_error), (second, second_error) = (
        log_mean(usual[part], memory) for part in (before, after)
    )
    t = student(int(min(before.sum(), after.sum())) - 1)
    error = t * sqrt(first_error**2 + second_error**2)
    ratio = log(second / first)
    return Contrast(
        series=series,
        before=rate(days.total[before], memory),
        after=rate(days.total[after], memory),
        gap=Gap(
            value=round(exp(ratio), 4),
            low=round(exp(ratio - error), 4),
            high=round(exp(ratio + error), 4),
            scale=Scale.RATIO,
        ),
    )
