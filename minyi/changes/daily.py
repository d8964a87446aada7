"""A policy's trend as dense days: what change and comparison work on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import numpy as np

from minyi.arrays import Bools, Floats, Integers
from minyi.changes.seasons import Weekdays, season
from minyi.clock import newest_day
from minyi.domain import SHANGHAI, Model
from minyi.ports import Index
from minyi.query import Counts, Filters, Interval, TrendPoint
from minyi.shares.denominators import Count, Denominator, denominator
from minyi.vocabulary import Aspect, Polarity

MAX_DAYS = 7_500
"""Days that are looked at, the newest: about twenty years."""
WEEKDAY_PRIOR = 25.0
"""A weekday's effect on a share is a fifth of one opinion's standard deviation, give or take: ten
points at a share of one half."""
SPREAD = 0.01
"""Correlation of two opinions of one day that is expected before there are days to tell."""
PRIOR_DAYS = 28
"""How many days that expectation is worth, and that of no memory."""
MOST_MEMORY = 0.8
LOG_COUNT_PRECISION = 4.0
"""A day's logarithmic count is known to ±0.5, and so is a weekday's effect on it beforehand."""


class Measure(StrEnum):
    FAVOR = "favor"
    AGAINST = "against"
    CRITICISM = "criticism"
    VOLUME = "volume"


class Series(Model):
    """What is followed day by day; a criticism is of an aspect."""

    measure: Measure
    aspect: Aspect | None = None


SHARES = (
    Series(measure=Measure.FAVOR),
    Series(measure=Measure.AGAINST),
    *(Series(measure=Measure.CRITICISM, aspect=aspect) for aspect in Aspect),
)
VOLUME = Series(measure=Measure.VOLUME)
ALL_SERIES = (*SHARES, VOLUME)
OPINIONS = Denominator(interval=Interval.DAY)


@dataclass(frozen=True)
class Days:
    """Every day from ``first`` on, also those without an opinion.

    ``total`` holds the opinions of each day, shape (days,), or what else counts as one; ``counts``
    those that a share counts, by series; ``seasonal`` marks the days of a season.
    """

    first: date
    total: Floats
    counts: dict[Series, Floats]
    seasonal: Bools
    of: Denominator = OPINIONS
    cells: Mapping[int, Counts] = field(default_factory=dict)
    """What the tagger said on each place that has opinions, its outputs included."""

    @property
    def series(self) -> tuple[Series, ...]:
        """What can be followed: the shares and the volume."""
        return (*self.counts, VOLUME)

    def __len__(self) -> int:
        return len(self.total)

    def day(self, place: int) -> date:
        """Return the date of a place."""
        return self.first + timedelta(days=place)

    def place(self, day: date) -> int:
        """Return the place of a date, which may lie outside."""
        return (day - self.first).days

    @property
    def weekday(self) -> Integers:
        """Weekday of each day, Monday is 0, shape (days,)."""
        return (np.arange(len(self)) + self.first.weekday()) % 7


def read_days(index: Index, scope: Filters, today: date, count: Count = Count.OPINIONS) -> Days:
    """Read the whole days of a policy: up to the newest day of the index, which may not be over.

    Args:
        index: where the opinions are.
        scope: the policy, and what it is narrowed to.
        today: nothing is newer, whatever a comment says; in Shanghai.
        count: what counts as one; of authors, the evaluations are not known.

    Raises:
        InvalidQuery: when the scope keeps only opinions of doubtful stance.
    """
    of = denominator(scope, count, interval=Interval.DAY)
    until = newest_day(index, today)
    if until is None:
        return days([], date.min + timedelta(days=MAX_DAYS), of)
    read = index.votes if count is Count.AUTHORS else index.trend
    points = read(scope, Interval.DAY)
    if scope.until:
        until = min(until, scope.until.astimezone(SHANGHAI).date())
    return days(points, until, of, scope.since and _first_whole(scope.since))


def _first_whole(since: datetime) -> date:
    local = since.astimezone(SHANGHAI)
    return local.date() + timedelta(days=local.time() != time())


def days(
    points: Sequence[TrendPoint], until: date, of: Denominator = OPINIONS, since: date | None = None
) -> Days:
    """Return a daily trend without gaps.

    Args:
        points: of ``Index.trend(…, Interval.DAY)`` or ``votes``, not split.
        until: the first day that is not looked at.
        of: what counts as one.
        since: the first day; without it, the first that has an opinion.
    """
    first = max(
        since or min((p.bucket for p in points), default=until), until - timedelta(days=MAX_DAYS)
    )
    length = max((until - first).days, 0)
    total = np.zeros(length)
    cells: dict[int, Counts] = {}
    stances_only = of.count is Count.AUTHORS
    counts = {series: np.zeros(length) for series in (SHARES[:2] if stances_only else SHARES)}
    for point in points:
        place = (point.bucket - first).days
        if 0 <= place < length:
            of_day = cells[place] = of.of(point)
            total[place] += of_day.total
            for series in counts:
                counts[series][place] += counted(of_day, series)
    marks = [season(first + timedelta(days=place)) is not None for place in range(length)]
    return Days(first, total, counts, np.array(marks, dtype=bool), of, cells)


def counted(counts: Counts, series: Series) -> int:
    """Return how many opinions a share counts."""
    if series.measure is Measure.FAVOR:
        return counts.favor
    if series.measure is Measure.AGAINST:
        return counts.against
    assert series.aspect is not None  # noqa: S101  # so are the criticisms in SHARES
    return counts.evaluated(series.aspect, Polarity.CRITICISM)


@dataclass(frozen=True)
class Past:
    """A series with what the days before each day say of it; days to come change nothing.

    The variance of a day's share p is p(1-p)(``inverse`` + ``spread``); the values of the volume
    are logarithms, log(1 + opinions), and ``inverse`` is 0.
    """

    values: Floats
    """Shape (days,)."""
    inverse: Floats
    """One by the day's opinions, shape (days,)."""
    seen: Bools
    """The days that count: not in a season and, for a share, with an opinion; shape (days,)."""
    effects: Floats
    """What each weekday adds, Monday first, as known on each day; shape (days, 7)."""
    spread: Floats
    """Correlation of two opinions of one day, as known on each day; shape (days,)."""
    memory: Floats
    """Correlation of a day with the day before, at least 0, as known on each day; shape (days,)."""


def past(days_: Days, series: Series) -> Past:
    """Estimate weekday effects, spread and memory, for each day from the days before it.

    Spread and memory are the method of moments on differences to the same weekday a week before and
    to the day before, which a level that moves cannot disturb for long.
    """
    weekday = days_.weekday
    if series.measure is Measure.VOLUME:
        seen = ~days_.seasonal
        values = np.log1p(days_.total)
        weights = np.where(seen, LOG_COUNT_PRECISION, 0.0)
        effects = _by_week(Weekdays(LOG_COUNT_PRECISION), values, weights, weekday)
        inverse, spread = np.zeros(len(days_)), np.ones(len(days_))
    else:
        seen = ~days_.seasonal & (days_.total > 0)
        inverse = 1 / np.maximum(days_.total, 1)
        values = days_.counts[series] * inverse
        spread = _spread(values, inverse, seen)
        weights = seen / (inverse + spread)
        effects = _by_week(Weekdays(WEEKDAY_PRIOR), values, weights, weekday)
    adjusted = values - np.take_along_axis(effects, weekday[:, None], axis=1)[:, 0]
    memory = _memory(values, adjusted, inverse + spread, seen)
    return Past(values, inverse, seen, effects, spread, memory)


def _spread(values: Floats, inverse: Floats, seen: Bools) -> Floats:
    weights = seen / inverse
    mean = (np.cumsum(values * weights) + 0.5) / (np.cumsum(weights) + 1.0)
    variance = np.maximum(mean * (1 - mean), 1e-4)
    later = np.flatnonzero(seen[7:] & seen[:-7]) + 7
    excess, pairs = np.zeros(len(values)), np.zeros(len(values))
    excess[later] = (values[later] - values[later - 7]) ** 2 / variance[later]
    excess[later] = (excess[later] - inverse[later] - inverse[later - 7]) / 2
    pairs[later] = 1.0
    found = (np.cumsum(excess) + SPREAD * PRIOR_DAYS) / (np.cumsum(pairs) + PRIOR_DAYS)
    return _yesterday(np.maximum(found, 1e-4), SPREAD)


def _memory(values: Floats, adjusted: Floats, scale: Floats, seen: Bools) -> Floats:
    """Return by how much a day differs less from its neighbour than from a day a week away."""
    later = np.flatnonzero(seen[7:] & seen[6:-1] & seen[:-7]) + 7
    far, near, pairs = np.zeros(len(values)), np.zeros(len(values)), np.zeros(len(values))
    far[later] = (values[later] - values[later - 7]) ** 2 / (scale[later] + scale[later - 7])
    near[later] = (adjusted[later] - adjusted[later - 1]) ** 2 / (scale[later] + scale[later - 1])
    pairs[later] = 1.0
    far, pairs = np.cumsum(far), np.cumsum(pairs)
    alike = 1 - np.divide(np.cumsum(near), far, out=np.ones_like(far), where=far > 0)
    found = alike * pairs / (pairs + PRIOR_DAYS)
    return _yesterday(np.clip(found, 0.0, MOST_MEMORY), 0.0)


def _yesterday(known: Floats, at_first: float) -> Floats:
    """Shift what is known at the end of each day to the next."""
    return np.concatenate([[at_first], known])[: len(known)]


def _by_week(known: Weekdays, values: Floats, weights: Floats, weekday: Integers) -> Floats:
    """Return the effects as known on each day, learned from the whole weeks before it."""
    effects = np.zeros((len(values), 7))
    for place in range(len(values)):
        if weekday[place] == 0 and place >= 7:
            week = slice(place - 7, place)
            known.learn(values[week], weights[week])
            effects[place] = known.effects()
        elif place:
            effects[place] = effects[place - 1]
    return effects
