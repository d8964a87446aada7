"""Has a series changed, and since when: online, with a stated average run length. Pure.

The question is asked every day, so a test at 5 % would sound a false alarm every few weeks. What is
promised instead is the average run length: as long as nothing changes, alarms are on average at
least ``arl`` watched days apart, for one series.

How. Each day is ranked among all days since the watch began, weekday effects taken off and scaled
by what its number of opinions allows; the rank becomes a normal score (Conover, Tercero-Gómez &
Cordero-Franco 2017, Sequential Anal. 36:397, sequential normal scores). As long as days are
exchangeable the scores are independent and standard normal, whatever the distribution: nothing
is assumed of the level, of how opinions of one day hang together, of outliers. On each day a unit
is staked on the scores' having moved by some amount; the capitals add up to the statistic of
Shiryaev and Roberts, an e-detector: its expected value at any stopping time is at most the expected
time (Shin, Ramdas & Rinaldo 2024, New Engl. J. Stat. Data Sci. 2:229; with ranks: Vovk et al. 2021,
PMLR 152:191). So the time until it first reaches ``arl`` is at least ``arl`` on average.

Days that follow one another are often alike, which is not exchangeable. The correlation of a day
with the day before is estimated, and the scores are made smaller by what it takes from the sum of
many (never larger, so the promise stands).

To the letter the promise is that of ranks whose ties are broken at random, with weekday effects and
spread known; here ties share the mean of what they would have gained, and both are estimated. That
it holds all the same was simulated (``docs/change.md``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import erfc, inf, sqrt
from statistics import NormalDist

import numpy as np

from minyi.arrays import Floats
from minyi.changes.comparison import Contrast, Window, contrast, window
from minyi.changes.daily import SPREAD, Days, Past, Series, past
from minyi.domain import Model
from minyi.policy import Event, Policy
from minyi.shares.denominators import Denominator

ARL = 3_650
"""Watched days between false alarms of one series, on average at least: ten years."""
LEAST_ARL, MOST_ARL = 100, 1_000_000
WARM_UP = 28
"""Days that only teach what is usual, also the weekdays."""
RELEARN = 7
"""Days that teach what is usual after an alarm, when the weekdays are known."""
SHIFTS = np.array([-2.0, -1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 2.0])
"""Shifts that are staked on, in standard deviations of a day; between them, little is lost."""
NEAR = 3.68
"""How far the log-likelihood of a day may lie below the best for the change to have begun on it: on
either side it is a random walk that rises by more than c with probability exp(-c), so 95 % need
(1 - exp(-c))² = 0.95 (Hinkley 1970, Biometrika 57:1, for small changes)."""
_NORMAL = NormalDist()


class Change(Model):
    """A change that was detected in a series."""

    detected: date
    """The day whose opinions gave the alarm."""
    since: date
    """The day on which it began, most likely."""
    since_low: date
    since_high: date
    """The earliest and the latest day that are nearly as likely, about 95 %."""
    before: Window
    after: Window
    """Up to the next change, or to now."""
    contrast: Contrast


class Changes(Model):
    """What was detected on a policy, the newest first."""

    policy_id: str
    arl: int
    """Watched days between two false alarms of one series, on average at least."""
    series: int
    """How many series are watched: among all of them a false alarm is that much more frequent."""
    watched: Window | None
    """The days that were looked at; None when there are too few to begin."""
    denominator: Denominator
    items: tuple[Change, ...]
    events: tuple[Event, ...]
    """What happened to the policy, by the registry, in order of date."""


@dataclass(frozen=True)
class _Alarm:
    end: int
    """The day of the alarm."""
    since: int
    earliest: int
    latest: int


def changes(policy: Policy, days: Days, arl: int = ARL) -> Changes:
    """Return the changes of every series of a policy.

    A day's verdict depends on the days up to it only: what was detected stays detected. After an
    alarm the watch starts afresh on the next day.

    Args:
        policy: the policy.
        days: whole days only; one that is not over has too few opinions.
        arl: watched days between false alarms of one series, on average at least.
    """
    found = [change for series in days.series for change in _of_series(days, series, arl)]
    ordinary = ~days.seasonal
    found.sort(key=lambda change: change.detected, reverse=True)
    return Changes(
        policy_id=policy.id,
        arl=arl,
        series=len(days.series),
        watched=window(days, ordinary) if np.count_nonzero(ordinary) > WARM_UP else None,
        denominator=days.of,
        items=tuple(found),
        events=policy.timeline(),
    )


def _of_series(days: Days, series: Series, arl: int) -> Iterator[Change]:
    alarms = _alarms(days, series, arl)
    bounds = [0, *(alarm.since for alarm in alarms), len(days)]
    place = np.arange(len(days))
    for alarm, begun, ended in zip(alarms, bounds, bounds[2:], strict=False):
        before = ~days.seasonal & (place >= begun) & (place < alarm.since)
        after = ~days.seasonal & (place >= alarm.since) & (place < ended)
        yield Change(
            detected=days.day(alarm.end),
            since=days.day(alarm.since),
            since_low=days.day(alarm.earliest),
            since_high=days.day(alarm.latest),
            before=window(days, before),
            after=window(days, after),
            contrast=contrast(days, series, before, after),
        )


def _alarms(days: Days, series: Series, arl: float) -> list[_Alarm]:
    """Return the alarms of one series, in order."""
    alarms: list[_Alarm] = []
    known = past(days, series)
    start = 0
    while (end := _first(days, known, start, arl)) is not None:
        alarms.append(_dated(days, known, alarms[-1].since if alarms else 0, end))
        start = end + 1
    return alarms


def _first(days: Days, known: Past, start: int, arl: float) -> int | None:
    """Return the first day with an alarm of a watch that begins at ``start``, or None."""
    places = np.flatnonzero(known.seen[start:]) + start
    values, weekday = known.values[places], days.weekday[places]
    inverse = known.inverse[places]
    weight = 1 / (inverse + SPREAD)
    weights = np.cumsum(weight)
    calm = np.sqrt((1 - known.memory) / (1 + known.memory))
    capital = np.zeros(len(SHIFTS))
    effects = None
    for number in range(RELEARN if start else WARM_UP, len(places)):
        place, bag = places[number], slice(number + 1)
        if effects is None or not np.array_equal(effects, known.effects[place]):
            effects = known.effects[place]
            adjusted = values - effects[weekday]
        middle = adjusted[bag] @ weight[bag] / weights[number]
        scale = np.sqrt(inverse[bag] + known.spread[place])
        scores = (adjusted[bag] - middle) / scale
        less = int(np.count_nonzero(scores < scores[-1]))
        equal = int(np.count_nonzero(scores == scores[-1]))
        if equal == len(scores):  # nothing has ever differed
            continue
        gain = _gain(less / len(scores), (less + equal) / len(scores), float(calm[place]))
        capital = (capital + 1) * gain
        if capital.mean() >= arl:
            return int(place)
    return None


def _gain(low: float, high: float, calm: float) -> Floats:
    """Return what each stake grows by on a day whose rank lies between two shares, shape (stakes,).

    A stake on a shift d grows by exp(d·c·q - d²/2), where q is the normal quantile of the rank and
    c ≤ 1 calms it. A day's rank is known to one place, with ties to several: the growth is the mean
    over them, which under no change is at most one.
    """
    ends = [_normal(low) - calm * SHIFTS, _normal(high) - calm * SHIFTS]
    below, above = ([erfc(-x / sqrt(2)) / 2 for x in end] for end in ends)
    return np.exp(SHIFTS**2 * (calm**2 - 1) / 2) * (np.array(above) - below) / (high - low)


def _normal(share: float) -> float:
    return _NORMAL.inv_cdf(share) if 0 < share < 1 else inf * (share - 0.5)


def _dated(days: Days, known: Past, begun: int, end: int) -> _Alarm:
    """Say when a change began that was detected at ``end``: where a step explains the days since
    ``begun`` best, for normal values."""
    places = np.flatnonzero(known.seen[begun : end + 1]) + begun
    values = known.values[places] - known.effects[end][days.weekday[places]]
    weight = 1 / (known.inverse[places] + known.spread[end])
    sums, weights = np.cumsum(weight * values), np.cumsum(weight)
    squares = weight @ values**2
    before, after = sums[:-1] ** 2 / weights[:-1], (sums[-1] - sums[:-1]) ** 2
    left = squares - before - after / (weights[-1] - weights[:-1])
    calm = (1 - known.memory[end]) / (1 + known.memory[end])
    likelihood = -calm * len(places) / 2 * np.log(np.maximum(left, squares * 1e-9))
    best = int(np.argmax(likelihood))
    likely = np.flatnonzero(likelihood >= likelihood[best] - NEAR)
    return _Alarm(
        end=end,
        since=int(places[best + 1]),
        earliest=int(places[likely[0] + 1]),
        latest=int(places[likely[-1] + 1]),
    )
