"""Before and after: what the two figures and their difference say, and when they say nothing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.bench_change import World, coverage, draw
from minyi.changes.comparison import compare
from minyi.changes.daily import MAX_DAYS, OPINIONS, Days, days
from minyi.changes.drawn_days import Rate, student
from minyi.query import Counts, Share, TrendPoint
from minyi.shares.denominators import Count, Denominator
from minyi.vocabulary import Aspect, Polarity

FIRST = date(2024, 5, 6)


def point(day: date, favor: int, against: int, criticism: int = 0) -> TrendPoint:
    counts = Counts(
        favor=favor,
        against=against,
        evaluations={Aspect.COST: {Polarity.CRITICISM: criticism}} if criticism else {},
    )
    once = Counts(favor=min(favor, 1), against=min(against, 1))
    return TrendPoint(bucket=day, counts=counts, collapsed=once)


def daily(spans: list[tuple[int, int, int]], of: Denominator = OPINIONS) -> Days:
    """Return days from spans of (length, favor, against)."""
    points, place = [], 0
    for length, favor, against in spans:
        for _ in range(length):
            if favor or against:
                points.append(point(FIRST + timedelta(days=place), favor, against, favor // 2))
            place += 1
    return days(points, FIRST + timedelta(days=place), of)


def test_the_figures_are_those_of_the_windows() -> None:
    found = compare("p", daily([(28, 5, 15), (28, 12, 8)]), FIRST + timedelta(days=28), 28)
    favor, against, *criticism, volume = found.rows
    assert (found.before.first, found.before.last) == (FIRST, FIRST + timedelta(days=27))
    assert (found.before.opinions, found.after.opinions, found.after.days) == (560, 560, 28)
    assert isinstance(favor.before, Share)
    assert isinstance(favor.after, Share)
    assert (favor.before.count, favor.before.n, favor.after.value) == (140, 560, 0.6)
    assert favor.gap is not None
    assert against.gap is not None
    assert favor.gap.value == pytest.approx(0.35) == -against.gap.value
    assert favor.gap.low < 0.35 < favor.gap.high
    assert favor.gap.clear
    cost = next(row for row in criticism if row.series.aspect is Aspect.COST)
    assert isinstance(cost.after, Share)
    assert cost.after.value == 0.3
    assert isinstance(volume.before, Rate)
    assert (volume.before.value, volume.before.days) == (20.0, 28)
    assert volume.gap is not None
    assert volume.gap.value == pytest.approx(1)
    assert not volume.gap.clear
    assert 10 < volume.before.low < volume.before.high < 25  # Poisson's, days that never differ
    assert "not a cause" in found.note


def test_a_window_with_too_few_says_nothing() -> None:
    for spans in ([(28, 0, 0), (28, 5, 5)], [(27, 0, 0), (1, 50, 50), (28, 5, 5)]):
        found = compare("p", daily(spans), FIRST + timedelta(days=28), 28)
        assert found.too_few
        assert all(row.before is row.after is row.gap is None for row in found.rows)
    outside = compare("p", daily([(28, 5, 5)]), date(2030, 1, 1), 28)
    assert outside.too_few
    assert (outside.before.days, outside.after.days) == (0, 0)


def test_days_of_a_season_are_left_out() -> None:
    around = date(2024, 10, 12)
    start = around - timedelta(days=28)
    steady = [point(start + timedelta(days=d), 5, 5) for d in range(56)]
    broken = [
        point(p.bucket, 100, 0) if date(2024, 10, 1) <= p.bucket <= date(2024, 10, 7) else p
        for p in steady
    ]
    end = start + timedelta(days=56)
    one, other = (compare("p", days(points, end), around, 28) for points in (steady, broken))
    assert one == other
    assert (one.before.days, one.after.days) == (20, 28)


def test_windows_of_unequal_weekdays_are_made_comparable() -> None:
    """Ten days hold two weekends or one: the pattern of the week is no difference."""
    world = World(weekly=1.0, number=400, together=0.001)
    found = draw(world, 120, 10**6, np.random.default_rng(1))
    gap = compare("p", found, found.day(108), 10).rows[0].gap
    assert gap is not None
    assert abs(gap.value) < 0.02


def test_the_interval_covers_what_it_should() -> None:
    rng = np.random.default_rng(2)
    for length, world in (
        (28, World(shift=0.1, together=0.05, bursts=0.5)),
        (14, World(share=0.1, number=5)),
    ):
        held, _ = coverage(world, length, 200, rng)
        assert 0.92 <= held <= 0.99


def test_repeated_texts_can_count_once() -> None:
    spans = [(28, 5, 15), (28, 50, 15)]
    around = FIRST + timedelta(days=28)
    found = compare("p", daily(spans, Denominator(count=Count.COLLAPSED)), around, 28)
    favor = found.rows[0]
    assert favor.gap is not None
    assert favor.gap.value == pytest.approx(0)
    assert isinstance(favor.after, Share)
    assert "near-identical texts counted once" in favor.after.denominator


def test_votes_of_authors_have_no_evaluations() -> None:
    spans = [(28, 5, 15), (28, 15, 5)]
    found = compare("p", daily(spans, Denominator(count=Count.AUTHORS)), FIRST, 28)
    assert [row.series.measure for row in found.rows] == ["favor", "against", "volume"]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_difference_lies_in_its_interval_whatever_is_counted(
    f0: int, a0: int, f1: int, a1: int
) -> None:
    found = compare("p", daily([(8, f0, a0), (8, f1, a1)]), FIRST + timedelta(days=8), 8)
    for row in found.rows:
        if row.gap is None:
            continue
        assert row.gap.low <= row.gap.value <= row.gap.high
        if isinstance(row.before, Share):
            assert -1 <= row.gap.low <= row.gap.high <= 1
    mirrored = compare("p", daily([(8, f1, a1), (8, f0, a0)]), FIRST + timedelta(days=8), 8)
    there, back = found.rows[0].gap, mirrored.rows[0].gap
    assert (there is None) == (back is None)
    if there and back:
        assert there.value == pytest.approx(-back.value, abs=0.02)


@pytest.mark.parametrize("degrees", [4, 6, 13, 27, 100])
def test_students_quantile(degrees: int) -> None:
    assert student(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=5e-3)


def test_only_the_newest_days_are_looked_at() -> None:
    old = point(date(1990, 1, 1), 1, 1)
    new = point(date(2024, 1, 1), 2, 2)
    found = days([old, new], date(2024, 1, 2))
    assert len(found) == MAX_DAYS
    assert found.total.sum() == 4
    assert found.day(len(found) - 1) == date(2024, 1, 1)


def test_none_before_is_known_as_well_as_some() -> None:
    """Weekday effects that are taken off a share of none do not blow its interval up."""
    rng = np.random.default_rng(3)
    world = World(share=0.06, weekly=1.0, number=40, together=0.001)
    found = draw(world, 84, 10**6, rng)
    favor = next(iter(found.counts))
    found.counts[favor][56:] = 0
    gap = compare("p", found, found.day(56), 28).rows[0].gap
    assert gap is not None
    assert -0.12 < gap.low < gap.high < 0
