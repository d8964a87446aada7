"""The level behind noisy shares: exact, honest about its doubt, and better than each window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from minyi.arrays import Floats
from minyi.shares.smoothing import PRIOR, START, STEPS, Level, band, level

SHARES = st.floats(0, 1)


@st.composite
def series(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Two series at up to twelve places, with holes."""
    gaps = draw(st.lists(st.integers(1, 9), min_size=1, max_size=12))
    places = np.cumsum(gaps).astype(float)
    shape = (2, len(places))
    shares = draw(some.arrays(float, shape, elements=SHARES))
    shares[draw(some.arrays(bool, shape))] = np.nan
    return places, shares, draw(some.arrays(float, shape, elements=st.floats(1e-4, 0.25)))


def exact(places: Floats, shares: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """The same for one series by one big Gaussian, which needs no filter."""
    seen = ~np.isnan(shares)
    means, spreads, chances = [], [], []
    for step in STEPS:
        since = (places - places[0]).astype(float)
        prior = START[1] + step**2 * np.minimum.outer(since, since)
        total = prior[np.ix_(seen, seen)] + np.diag(variances[seen])
        off = shares[seen] - START[0]
        gain = prior[:, seen] @ np.linalg.inv(total)
        means.append(START[0] + gain @ off)
        spreads.append(np.diag(prior - gain @ prior[seen]))
        chances.append(-(np.linalg.slogdet(total)[1] + off @ np.linalg.solve(total, off)) / 2)
    weights = PRIOR * np.exp(np.array(chances) - max(chances))
    weights /= weights.sum()
    mean = weights @ np.array(means)
    return mean, weights @ (np.array(spreads) + np.array(means) ** 2) - mean**2


@given(series())
@settings(max_examples=60)
def test_the_filter_is_the_exact_answer(case: tuple[Floats, Floats, Floats]) -> None:
    found = level(*case)
    for line in range(2):
        mean, variance = exact(case[0], case[1][line], case[2][line])
        assert found.mean[line] == pytest.approx(mean, abs=1e-6)
        assert found.variance[line] == pytest.approx(variance, abs=1e-6)


@given(series())
def test_a_band_holds_its_value_and_stays_within_0_and_1(
    case: tuple[Floats, Floats, Floats],
) -> None:
    value, low, high = band(level(*case), np.full((2, 1), 50.0))
    assert ((low >= 0) & (low <= value) & (value <= high) & (high <= 1)).all()


@given(series(), st.integers(-1_000, 1_000))
@settings(max_examples=30)
def test_the_calendar_does_not_matter_and_series_do_not_touch(
    case: tuple[Floats, Floats, Floats], later: int
) -> None:
    places, shares, variances = case
    found = level(*case)
    moved = level(places + later, shares[1:], variances[1:])
    assert moved.mean[0] == pytest.approx(found.mean[1])
    assert moved.variance[0] == pytest.approx(found.variance[1])


def test_what_cannot_be_smoothed_is_refused() -> None:
    for places in ([], [1, 1], [2, 1]):
        shape = (1, len(places))
        with pytest.raises(ValueError, match="rise"):
            level(np.array(places, float), np.zeros(shape), np.ones(shape))
    with pytest.raises(ValueError, match="fit"):
        level(np.arange(0.0, 3), np.zeros((1, 3)), np.ones((1, 2)))


def test_a_gap_is_wider_than_its_ends_and_a_small_window_leans_on_its_neighbours() -> None:
    shares = np.array([[0.2, 0.22, 0.9, 0.2, np.nan, np.nan, np.nan, 0.24]])
    variances = np.array([[0.001, 0.001, 0.25, 0.001, 1, 1, 1, 0.001]])
    found = level(np.arange(0.0, 8), shares, variances)
    assert found.mean[0, 2] < 0.35
    assert found.variance[0, 5] > 2 * found.variance[0, [3, 7]].max()


@pytest.mark.parametrize("mean_n", [4, 30])
@pytest.mark.parametrize("step", [0.0, 0.15, 0.3])
@pytest.mark.parametrize("first", [0.1, 0.4])
def test_the_band_covers_what_moves_and_errs_less_than_its_windows(
    mean_n: int, step: float, first: float
) -> None:
    """200 series of 24 windows whose log-odds go at random; small windows, some without any."""
    rng = np.random.default_rng(6)
    shape = (200, 24)
    odds = np.log(first / (1 - first)) + rng.normal(0, step, shape).cumsum(1)
    true = 1 / (1 + np.exp(-odds))
    n = rng.poisson(mean_n, shape)
    counts = rng.binomial(n, true)
    sizes = n.sum(1, keepdims=True).astype(float)
    middle = (counts.sum(1, keepdims=True) + 0.5) / (sizes + 1)
    own = np.where(n > 0, counts / np.maximum(n, 1), np.nan)
    found: Level = level(np.arange(0.0, 24), own, middle * (1 - middle) / np.maximum(n, 1))
    value, low, high = band(found, sizes)
    covered = ((low <= true) & (true <= high)).mean()
    assert covered >= 0.925
    assert np.abs(value - true).mean() < 0.85 * np.nanmean(np.abs(own - true))
