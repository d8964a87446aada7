"""The calendar: its seasons, and what the weekdays add."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.changes.seasons import NEW_YEARS, Season, Weekdays, season


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-02-10", Season.SPRING_FESTIVAL),
        ("2024-02-03", Season.SPRING_FESTIVAL),
        ("2024-02-24", Season.SPRING_FESTIVAL),
        ("2024-02-02", None),
        ("2024-02-25", None),
        ("2024-03-05", Season.TWO_SESSIONS),
        ("2024-03-16", None),
        ("2018-03-20", Season.TWO_SESSIONS),
        ("2013-03-17", Season.TWO_SESSIONS),
        ("2013-03-18", None),
        ("2016-03-16", Season.TWO_SESSIONS),
        ("2016-03-17", None),
        ("2020-03-05", None),
        ("2020-05-22", Season.TWO_SESSIONS),
        ("2024-10-01", Season.NATIONAL_DAY),
        ("2024-10-09", None),
        ("2015-03-05", Season.SPRING_FESTIVAL),
        ("1999-02-16", None),
    ],
)
def test_a_day_belongs_to_its_season(day: str, expected: Season | None) -> None:
    assert season(date.fromisoformat(day)) is expected


def test_every_lunar_year_begins_with_a_new_moon_in_late_winter() -> None:
    """The mean new moon (2000-01-06 18:14 UTC + 29.530589 days a lunation) is at most 14 hours off
    the true one; the new year is its day in China."""
    known = datetime(2000, 1, 6, 18, 14, tzinfo=UTC)
    for year, day in NEW_YEARS.items():
        assert date(year, 1, 21) <= day <= date(year, 2, 20)
        noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        lunations = (noon - known) / timedelta(days=29.530589)
        assert abs(lunations - round(lunations)) * 29.530589 < 26 / 24
    assert sorted(NEW_YEARS) == list(range(2010, 2036))


weeks = st.lists(
    st.lists(st.floats(-1, 1), min_size=7, max_size=7).map(np.array), min_size=1, max_size=6
)


@given(weeks, st.floats(-10, 10))
def test_a_level_that_moves_from_week_to_week_teaches_nothing(
    found: list[np.ndarray], step: float
) -> None:
    flat, moving = Weekdays(5.0), Weekdays(5.0)
    for number, week in enumerate(found):
        flat.learn(week, np.ones(7))
        moving.learn(week + number * step, np.ones(7))
    assert moving.effects() == pytest.approx(flat.effects(), abs=1e-9)
    assert flat.effects().sum() == pytest.approx(0, abs=1e-9)


def test_effects_are_learned_with_the_weeks_and_small_before() -> None:
    truth = np.array([0.02, 0.02, 0.02, 0.02, 0.02, -0.05, -0.05])
    known = Weekdays(25.0)
    assert known.effects() == pytest.approx(np.zeros(7))
    far = []
    for _ in range(200):
        known.learn(0.4 + truth, np.full(7, 10.0))
        far.append(np.abs(known.effects() - truth).max())
    assert far == sorted(far, reverse=True)
    assert far[-1] < 0.001


def test_days_without_a_value_are_no_days() -> None:
    known = Weekdays(1.0)
    known.learn(np.array([1.0, 0, 0, 0, 0, 0, 0]), np.array([3.0, 0, 0, 0, 0, 0, 0]))
    known.learn(np.ones(7), np.zeros(7))
    assert known.effects() == pytest.approx(np.zeros(7))
