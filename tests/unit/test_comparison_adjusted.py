"""Before and after without the tagger's errors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from minyi.changes.comparison import Contrast, compare
from minyi.changes.daily import days
from minyi.query import TrendPoint
from minyi.shares.adjusting import Adjuster
from tests.unit.held_out_rows import counts, held_out

RIGHT = 0.75
ADJUSTER = Adjuster({"m1": held_out(RIGHT)})
FIRST = date(2024, 5, 6)
MIDDLE = FIRST + timedelta(days=28)


def compared(
    rng: np.random.Generator, before: float, after: float, adjuster: Adjuster, number: int = 30
) -> Contrast:
    """Compare 28 days on each side; the days' own shares differ, and one stance in four is
    mistaken for another."""
    points = []
    for place in range(57):
        favor = rng.beta(
            *(40 * np.array([after, 1 - after] if place >= 28 else [before, 1 - before]))
        )
        true = rng.multinomial(number, [favor, 0.7 * (1 - favor), 0.3 * (1 - favor)])
        wrong = (1 - RIGHT) / 2
        found = sum(
            rng.multinomial(n, [RIGHT if j == k else wrong for j in range(3)])
            for k, n in enumerate(true)
        )
        cell = counts(*(int(n) for n in found))
        points.append(TrendPoint(bucket=FIRST + timedelta(days=place), counts=cell, collapsed=cell))
    read = days(points, FIRST + timedelta(days=56))
    return compare("new", read, MIDDLE, 28, adjuster).rows[0]


def test_the_tagger_s_errors_shrink_the_raw_difference_and_not_the_adjusted() -> None:
    rng = np.random.default_rng(1)
    rows = [compared(rng, 0.3, 0.6, ADJUSTER) for _ in range(100)]
    raw = np.mean([row.gap.value for row in rows if row.gap])
    assert raw == pytest.approx(0.3 * (RIGHT - (1 - RIGHT) / 2), abs=0.02)
    adjusted = [row.adjusted for row in rows]
    assert np.mean([gap.value for gap in adjusted if gap]) == pytest.approx(0.3, abs=0.02)
    held = np.mean([gap.low <= 0.3 <= gap.high for gap in adjusted if gap])
    assert len(adjusted) == 100
    assert 0.9 <= held <= 1


def test_no_held_out_rows_no_adjusted_difference() -> None:
    row = compared(np.random.default_rng(2), 0.3, 0.6, Adjuster())
    assert row.gap is not None
    assert row.adjusted is None


def test_the_evaluations_and_the_volume_have_none() -> None:
    points = [
        TrendPoint(
            bucket=FIRST + timedelta(days=place),
            counts=counts(5, 5, 5, costly=3),
            collapsed=counts(5, 5, 5, costly=3),
        )
        for place in range(56)
    ]
    read = days(points, FIRST + timedelta(days=56))
    found = compare("new", read, MIDDLE, 28, ADJUSTER)
    assert [row.adjusted is not None for row in found.rows] == [True, True, *[False] * 7]
    assert found.rows[0].adjusted is not None
    assert not found.rows[0].adjusted.clear
