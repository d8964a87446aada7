"""Changes are found soon after they come, and seldom where there are none."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.bench_change import World, draw
from minyi.changes.daily import Days, Measure
from minyi.changes.daily import days as days_of
from minyi.changes.detection import WARM_UP, Changes, changes
from minyi.changes.seasons import season
from minyi.policy import Policy
from minyi.query import Counts, Share, TrendPoint
from minyi.vocabulary import Domain

POLICY = Policy(
    id="p",
    title="政策",
    domain=Domain.HOUSING,
    description="一项用来试验变化检测的政策。",
    department="某部门",
    in_force_from=date(2023, 9, 1),
    events=("2023-08-15 issued 通知印发",),  # type: ignore[arg-type]
)
NEVER = 10**6


def found(days: Days, arl: int = 3_650) -> Changes:
    return changes(POLICY, days, arl)


def measures(result: Changes) -> set[Measure]:
    return {change.contrast.series.measure for change in result.items}


def test_a_planted_shift_is_found_and_dated() -> None:
    days = draw(World(shift=0.2, number=50), 240, 120, np.random.default_rng(1))
    (change,) = found(days).items
    assert change.contrast.series.measure is Measure.FAVOR
    assert 0 <= (change.detected - days.day(120)).days <= 20
    assert change.since_low <= days.day(120) <= change.since_high
    assert (change.before.first, change.after.last) == (days.first, days.day(239))
    assert change.before.last < change.since == change.after.first
    before, after, gap = change.contrast.before, change.contrast.after, change.contrast.gap
    assert isinstance(before, Share)
    assert isinstance(after, Share)
    assert gap is not None
    assert gap.clear
    assert gap.low < 0.2 < gap.high
    assert (before.n, after.n) == (change.before.opinions, change.after.opinions)


@pytest.mark.parametrize(("growth", "most"), [(3.0, 12), (0.3, 20)])
def test_a_change_of_volume_is_found(growth: float, most: int) -> None:
    days = draw(World(growth=growth), 240, 120, np.random.default_rng(2))
    change = found(days).items[-1]
    assert change.contrast.series.measure is Measure.VOLUME
    assert 0 <= (change.detected - days.day(120)).days <= most
    assert change.contrast.gap is not None
    assert change.contrast.gap.low < growth < change.contrast.gap.high


def test_without_a_change_alarms_are_as_rare_as_promised() -> None:
    """Forty watches of 500 days at an average run length of 500: each rings once at most or so."""
    rng = np.random.default_rng(3)
    alarms = watched = 0
    for _ in range(20):
        days = draw(World(together=0.05, bursts=0.5), 500, NEVER, rng)
        alarms += len(found(days, 500).items)
        watched += 2 * (len(days) - WARM_UP)  # support and volume; nothing else varies
    assert 0 < alarms <= watched / 500 * 1.2


@pytest.mark.parametrize("number", [20.0, 300.0])
def test_a_week_that_comes_every_week_is_no_change(number: float) -> None:
    """Ten points fewer and a quarter of the opinions at each weekend, ten watches of a year."""
    rng = np.random.default_rng(4)
    worlds = [draw(World(weekly=1.5, number=number), 365, NEVER, rng) for _ in range(10)]
    alarms = sum(len(found(days).items) for days in worlds)
    assert alarms <= 3  # twenty series-years at ten years a false alarm


def test_what_holidays_do_is_no_change() -> None:
    days = draw(World(number=100), 800, NEVER, np.random.default_rng(5))
    seasonal = np.array([season(days.day(place)) is not None for place in range(len(days))])
    total = np.where(seasonal, days.total // 8, days.total)
    counts = {s: np.where(seasonal, total, counted) for s, counted in days.counts.items()}
    assert found(Days(days.first, total, counts, seasonal)).items == ()
    blind = Days(days.first, total, counts, np.zeros_like(seasonal))
    assert measures(found(blind)) >= {Measure.FAVOR, Measure.VOLUME}


def test_days_to_come_change_no_verdict() -> None:
    whole = draw(World(shift=-0.15, growth=2.0), 200, 100, np.random.default_rng(6))
    full = {(c.contrast.series, c.detected, c.since) for c in found(whole).items}
    assert len(full) >= 2
    for length in (110, 130, 160):
        cut = Days(
            whole.first,
            whole.total[:length],
            {series: counted[:length] for series, counted in whole.counts.items()},
            whole.seasonal[:length],
        )
        early = {(c.contrast.series, c.detected, c.since) for c in found(cut).items}
        assert early == {one for one in full if one[1] < whole.day(length)}


def test_a_change_back_is_a_change() -> None:
    there = draw(World(shift=0.3, number=50), 200, 100, np.random.default_rng(7))
    back = draw(World(number=50), 100, NEVER, np.random.default_rng(8))
    days = Days(
        there.first,
        np.concatenate([there.total, back.total]),
        {s: np.concatenate([there.counts[s], back.counts[s]]) for s in there.counts},
        np.zeros(300, dtype=bool),
    )
    later, earlier = [c for c in found(days).items if c.contrast.series.measure is Measure.FAVOR][
        :2
    ]
    assert earlier.since_low <= days.day(100) <= earlier.since_high
    assert later.since_low <= days.day(200) <= later.since_high
    assert later.before.first == earlier.after.first
    assert earlier.after.last == later.since - timedelta(days=1)


@pytest.mark.parametrize("length", [0, 1, 6, WARM_UP, WARM_UP + 1])
def test_a_short_past_is_no_error(length: int) -> None:
    days = draw(World(), length, NEVER, np.random.default_rng(9))
    result = found(days)
    assert result.items == ()
    assert (result.watched is None) == (length <= WARM_UP)
    assert [event.label for event in result.events] == ["通知印发", "施行"]


def test_days_in_which_nobody_spoke_are_no_error() -> None:
    empty = np.zeros(100)
    days = draw(World(), 100, NEVER, np.random.default_rng(10))
    nobody = Days(days.first, empty, dict.fromkeys(days.counts, empty), np.zeros(100, dtype=bool))
    assert found(nobody).items == ()


@pytest.mark.parametrize(("length", "watched"), [(34, False), (34 + WARM_UP, False), (63, True)])
def test_a_season_alone_is_not_watched(length: int, watched: bool) -> None:
    """In 2026 the two sessions open before the Spring Festival's season is over: 34 days."""
    first = date(2026, 2, 10)
    said = Counts(favor=3, against=4)
    points = [
        TrendPoint(bucket=first + timedelta(days=place), counts=said, collapsed=said)
        for place in range(length)
    ]
    season_and_more = days_of(points, first + timedelta(days=length))
    assert season_and_more.seasonal[:34].all()
    assert (found(season_and_more).watched is not None) is watched
