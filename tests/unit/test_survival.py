"""The curve of what has not happened yet: by hand, against another's, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from minyi.replies.survival import Curve, Lifetimes, kaplan_meier

DAYS = 40


def lifetimes(
    events: list[int], censored: list[int] | None = None, unknown: list[int] | None = None
) -> Lifetimes:
    """Return numbers by day from lists of days."""

    def count(days: list[int] | None) -> np.ndarray:
        return np.bincount(days or [], minlength=DAYS + 1).astype(float)

    return Lifetimes(count(events), count(censored), count(unknown))


def test_remission_times_of_1963() -> None:
    """Freireich et al. 1963, Blood 21:699, the 6-MP arm; the curve and Greenwood's errors as in
    Kalbfleisch & Prentice, and in every textbook."""
    relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    followed = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = kaplan_meier(lifetimes(relapsed, followed))
    expected = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    assert {d: round(float(curve.survival[d]), 4) for d in expected} == expected
    assert [curve.risk[d] for d in expected] == [21, 17, 15, 12, 11, 7, 6]
    assert (curve.low[10], curve.high[10]) == pytest.approx((0.5032, 0.8894), abs=2e-4)
    middle = curve.quantile(0.5)
    assert (middle.days, middle.low, middle.high) == (23, 13, None)
    assert curve.within(36) is None


def test_without_censoring_it_is_the_share_of_those_it_happened_to() -> None:
    curve = kaplan_meier(lifetimes([1, 2, 2, 4]))
    assert curve.survival[:6] == pytest.approx([1, 0.75, 0.25, 0.25, 0, 0])
    assert [(p.days, p.value) for p in curve.steps()] == [(0, 0), (1, 0.25), (2, 0.75), (4, 1)]
    assert curve.quantile(0.25).days == 1


days = st.lists(st.integers(1, DAYS), max_size=40)


@given(days.filter(bool), days)
def test_it_is_scipys(events: list[int], followed: list[int]) -> None:
    curve = kaplan_meier(lifetimes(events, followed))
    data = stats.CensoredData(uncensored=np.array(events), right=np.array(followed))
    theirs = stats.ecdf(data).sf
    for day, value in zip(theirs.quantiles, theirs.probabilities, strict=True):
        if day <= max(events):
            assert curve.survival[int(day)] == pytest.approx(value, abs=1e-9)


def sound(curve: Curve) -> bool:
    return bool(
        (np.diff(curve.survival) <= 1e-9).all()
        and (curve.low <= curve.survival + 1e-9).all()
        and (curve.survival <= curve.high + 1e-9).all()
        and (curve.low >= 0).all()
        and (curve.high <= 1).all()
    )


@given(days, days, days)
def test_it_falls_within_its_bounds(
    events: list[int], followed: list[int], some: list[int]
) -> None:
    curve = kaplan_meier(lifetimes(events, followed, some))
    assert sound(curve)
    for share in (0.25, 0.5, 0.75):
        q = curve.quantile(share)
        if q.days is not None:
            assert q.low is not None
            assert q.low <= q.days <= (q.high or DAYS)


@given(days.filter(bool), days, st.data())
def test_those_without_a_day_lie_where_the_others_do(
    events: list[int], followed: list[int], data: st.DataObject
) -> None:
    """The fixed point: each is spread over the days up to theirs as the curve falls."""
    some = data.draw(st.lists(st.integers(min(events), DAYS), min_size=1, max_size=20))
    lives = lifetimes(events, followed, some)
    curve = kaplan_meier(lives)
    n = len(events) + len(followed) + len(some)
    mass = -np.diff(curve.survival, prepend=1.0)
    fallen = 1 - curve.survival
    for day in set(events):
        later = sum(lives.unknown[t] / fallen[t] for t in range(day, DAYS + 1) if fallen[t] > 0)
        expected = lives.events[day] + mass[day] * later
        risk = curve.risk[day]
        assert mass[day] == pytest.approx(
            (curve.survival[day - 1]) * expected / risk if risk else 0, abs=1e-6
        )
    assert curve.risk[1] == pytest.approx(n)


def test_unknown_days_leave_the_share_and_widen_the_band() -> None:
    known = kaplan_meier(lifetimes([3] * 20 + [10] * 20, [30] * 20))
    half = kaplan_meier(lifetimes([3] * 10 + [10] * 10, [30] * 20, [30] * 20))
    assert half.survival == pytest.approx(known.survival, abs=1e-6)
    assert half.high[5] - half.low[5] > known.high[5] - known.low[5]


def test_nobody_knows_any_day() -> None:
    curve = kaplan_meier(lifetimes([], [], [5, 9]))
    assert sound(curve)
    assert curve.quantile(0.5).days in (5, 9)
    assert kaplan_meier(lifetimes([])).within(1) is None


def test_the_band_covers() -> None:
    """Half of 60 happen by day 7 (geometric); followed for 1 to 40 days."""
    rng = np.random.default_rng(1)
    held, trials = 0, 300
    truth = 0.9**7
    for _ in range(trials):
        happened = rng.geometric(0.1, 60)
        followed = rng.integers(1, DAYS, 60)
        seen = happened <= followed
        curve = kaplan_meier(lifetimes(list(happened[seen]), list(followed[~seen])))
        held += curve.low[7] <= truth <= curve.high[7]
    assert 0.92 <= held / trials <= 0.98
