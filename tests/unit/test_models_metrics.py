"""The figures of scoring and what calibration fits; needs the ``train`` extra."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.labelling import SPREAD

for _name in ("scipy", "sklearn"):
    pytest.importorskip(_name, reason="needs the train extra")
metrics: Any = pytest.importorskip("models.scoring.metrics", reason="needs the train extra")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ROWS = 3000
stances = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


def f1(truth: Ints, found: Ints, label: int) -> float:
    """F1 of one class, by its definition; 0 where the class is neither there nor found."""
    hit = ((truth == label) & (found == label)).sum()
    all_of_it = (truth == label).sum() + (found == label).sum()
    return float(2 * hit / all_of_it) if all_of_it else 0.0


def stance_loss(logits: Floats, truth: Ints) -> float:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    shares = powers / powers.sum(-1, keepdims=True)
    return float(-np.log(shares[np.arange(len(truth)), truth]).mean())


def cell_loss(logits: Floats, truth: Ints) -> float:
    return float(np.logaddexp(0, np.where(truth == 1, -logits, logits)).mean())


def stance_world(scale: Floats, bias: Floats, seed: int = 1) -> tuple[Floats, Ints]:
    """Logits that need ``scale`` and ``bias`` to be what truth was drawn from."""
    source = np.random.default_rng(seed)
    right = source.normal(size=(ROWS, 3)) * 2
    truth = (right + source.gumbel(size=right.shape)).argmax(-1)
    return (right - bias) / scale, truth


def cell_world(scale: Floats, bias: Floats, rows: int = 3 * ROWS) -> tuple[Floats, Ints]:
    source = np.random.default_rng(2)
    right = source.normal(size=(rows, len(scale))) * 2 - 1
    truth = (right + source.logistic(size=right.shape) > 0).astype(np.int64)
    return (right - bias) / scale, truth


@settings(deadline=None)  # the first call loads what counts
@given(stances)
def test_f_avg_is_the_mean_of_favor_and_against_over_all_rows(
    pairs: list[tuple[int, int]],
) -> None:
    truth, found = np.array(pairs).T
    favor, against = f1(truth, found, 0), f1(truth, found, 1)
    assert metrics.f_avg(truth, found) == pytest.approx((favor + against) / 2)


def test_f_avg_counts_none_only_as_an_error() -> None:
    truth, found = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])
    favor, against = 2 * 0.5 * 0.5 / (0.5 + 0.5), 2 * (2 / 3) * 1 / (2 / 3 + 1)
    assert metrics.f_avg(truth, found) == pytest.approx((favor + against) / 2)


@given(stances)
def test_macro_f1_is_the_mean_over_the_classes_that_are_there(
    pairs: list[tuple[int, int]],
) -> None:
    truth, found = np.array(pairs).T
    each = [f1(truth, found, label) for label in set(truth) | set(found)]
    assert metrics.macro_f1(truth, found) == pytest.approx(np.mean(each))


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(2, 12))
def test_cells_are_averaged_by_column_or_counted_together(seed: int, rows: int, cells: int) -> None:
    truth, found = np.random.default_rng(seed).integers(0, 2, (2, rows, cells))
    each = [f1(truth[:, cell], found[:, cell], 1) for cell in range(cells)]
    assert metrics.macro_f1(truth, found) == pytest.approx(np.mean(each))
    assert metrics.micro_f1(truth, found) == pytest.approx(f1(truth.ravel(), found.ravel(), 1))


def test_a_sure_and_right_forecast_has_no_calibration_error() -> None:
    assert metrics.calibration_error(np.ones(50), np.ones(50, bool)) == 0
    assert metrics.calibration_error(np.full(50, 0.9), np.zeros(50, bool)) == pytest.approx(0.9)
    half = np.arange(50) % 2 == 0
    assert metrics.calibration_error(np.full(50, 0.5), half) == pytest.approx(0)


def test_chance_explains_the_error_of_a_calibrated_forecast_and_not_of_a_wrong_one() -> None:
    choice = np.random.default_rng(1)
    confidence = choice.uniform(0.4, 1, 300)
    fair = [choice.random(300) < confidence for _ in range(100)]
    bound = metrics.chance_error(confidence)
    below = np.mean([metrics.calibration_error(confidence, right) < bound for right in fair])
    assert below >= 0.88
    assert metrics.calibration_error(confidence, choice.random(300) < confidence - 0.2) > bound
    assert metrics.chance_error(np.tile(confidence, 16)) < bound / 3
    assert metrics.chance_error(np.ones(9)) == 0


forecasts = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(forecasts)
def test_the_bins_of_a_diagram_hold_every_row_in_order(rows: list[tuple[float, bool]]) -> None:
    confidence, right = np.array([c for c, _ in rows]), np.array([r for _, r in rows])
    bins = metrics.reliability(confidence, right)
    assert sum(one.rows for one in bins) == len(rows)
    assert all(one.rows > 0 for one in bins)
    assert sum(one.rows * one.right for one in bins) == pytest.approx(right.sum())
    assert sum(one.rows * one.confidence for one in bins) == pytest.approx(confidence.sum())
    said = [one.confidence for one in bins]
    assert said == sorted(said)
    gaps = sum(one.rows * abs(one.confidence - one.right) for one in bins) / len(rows)
    assert metrics.calibration_error(confidence, right, bins=10) == pytest.approx(gaps)
    assert 0 <= metrics.calibration_error(confidence, right) <= 1


@settings(max_examples=8, deadline=None)
@given(st.floats(0.3, 3))
def test_the_scale_of_the_stance_is_found(scale: float) -> None:
    logits, truth = stance_world(np.full(3, scale), np.zeros(3))
    found = metrics.inverse_temperature(logits, truth)
    assert found == pytest.approx(scale, rel=0.15)
    assert stance_loss(logits * found, truth) <= stance_loss(logits, truth) + 1e-6


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.floats(0.5, 2), min_size=3, max_size=3),
    st.lists(st.floats(-1, 1), min_size=3, max_size=3),
)
def test_scale_and_bias_of_frequent_cells_are_found(scale: list[float], bias: list[float]) -> None:
    logits, truth = cell_world(np.array(scale), np.array(bias))
    found_scale, found_bias = metrics.platt_scaling(logits, truth)
    assert found_scale == pytest.approx(scale, rel=0.15)
    assert found_bias == pytest.approx(bias, abs=0.2)
    assert cell_loss(logits * found_scale + found_bias, truth) <= cell_loss(logits, truth) + 1e-6


def test_a_rare_cell_stays_near_what_all_cells_need() -> None:
    scale, bias = np.full(6, 0.5), np.full(6, 0.3)
    logits, truth = cell_world(scale, bias, rows=1000)
    logits[:, 5] = np.linspace(-16, -12, 1000)
    truth[:, 5] = np.arange(1000) == 0  # one row, and where the logit is lowest
    found_scale, found_bias = metrics.platt_scaling(logits, truth)
    assert found_scale[5] == pytest.approx(found_scale[:5].mean(), abs=0.1)
    assert found_bias[5] == pytest.approx(found_bias[:5].mean(), abs=0.3)
    never = truth.copy()
    never[:, 5] = 0
    scale_of_none, bias_of_none = metrics.platt_scaling(logits, never)
    assert scale_of_none[5] == pytest.approx(scale_of_none[:5].mean(), abs=0.1)
    assert bias_of_none[5] == pytest.approx(bias_of_none[:5].mean(), abs=0.3)


def test_the_spread_between_policies_is_what_chance_does_not_explain() -> None:
    source = np.random.default_rng(8)
    groups = [f"policy {number}" for number in range(60) for _ in range(200)]
    for spread in (0.0, 0.15):
        pulls = np.repeat(source.normal(0, spread, 60), 200)
        chances = np.tile([0.4, 0.3, 0.3], (len(groups), 1))
        truth = np.where(
            source.random(len(groups)) < 0.4 + pulls, 0, source.integers(1, 3, len(groups))
        )
        found = metrics.policy_spread(chances, truth, groups)
        # The pull on one stance is shared out among the two others.
        assert found == pytest.approx(spread * np.sqrt((1 + 0.25 + 0.25) / 3), abs=0.025)
    assert metrics.policy_spread(chances[:5], truth[:5], groups[:5]) == SPREAD


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(334, 1000), st.booleans()), min_size=1, max_size=80),
    st.sampled_from([0.5, 0.8, 0.95]),
)
def test_what_is_sure_is_right_as_promised_or_is_the_surest_third(
    rows: list[tuple[int, bool]], wanted: float
) -> None:
    confidence, right = np.array([c / 1000 for c, _ in rows]), np.array([r for _, r in rows])
    least = metrics.sure_from(confidence, right, wanted)
    sure = confidence >= least
    assert 3 * sure.sum() >= len(rows)
    highest = np.quantile(confidence, 2 / 3)
    assert right[sure].mean() >= wanted or least >= highest - 0.02


def test_nothing_is_unsure_where_all_is_right() -> None:
    confidence = np.random.default_rng(3).uniform(0.34, 1, 500)
    assert metrics.sure_from(confidence, np.ones(500, bool)) <= confidence.min()


def test_a_cell_with_enough_rows_gets_its_own_threshold() -> None:
    truth = np.zeros((100, 2), np.int64)
    truth[:40, 0] = truth[:3, 1] = 1
    chances = np.full((100, 2), 0.05)
    chances[:40, 0], chances[:3, 1] = 0.4, 0.9
    own, common = metrics.thresholds(chances, truth)
    assert own <= 0.4
    assert common <= 0.9


def test_rows_that_are_repeated_to_weigh_more_are_not_more_rows() -> None:
    truth = np.array([[1, 1]] * 4 + [[1, 0]] * 36 + [[0, 0]] * 60, np.int64)
    chances = np.where(truth == 1, [0.7, 0.3], 0.05)
    again = np.repeat(np.arange(100), 5)
    own = metrics.thresholds(chances[again], truth[again])
    common = metrics.thresholds(chances[again], truth[again], truth.sum(0))
    assert common[0] == own[0]
    assert metrics.thresholds(chances, truth)[1] == common[1]


def test_a_wide_half_that_says_nothing_gets_no_weight_and_one_that_knows_gets_some() -> None:
    logits, truth = stance_world(np.ones(3), np.zeros(3))
    source = np.random.default_rng(8)
    noise = source.normal(size=logits.shape)
    knowing = np.eye(3)[truth] + source.normal(size=logits.shape)
    assert metrics.wide_weight(logits, noise, truth, metrics.stance_loss) <= 0.1
    assert metrics.wide_weight(logits, knowing, truth, metrics.stance_loss) >= 0.5


def test_the_wide_half_weighs_more_where_real_rows_say_that_it_knows_the_policy() -> None:
    calibrate: Any = pytest.importorskip(
        "models.exporting.calibrate", reason="needs the train extra"
    )
    source = np.random.default_rng(5)
    truth = source.integers(0, 3, 400)
    deep, blind = source.normal(size=(2, 400, 3))
    wide = 3 * np.eye(3)[truth] + source.normal(size=(400, 3))
    rows, few = np.arange(400), np.repeat(np.arange(50), 4)
    new, taught = calibrate._wide_weights(deep, blind, wide, truth, rows, rows[100:])
    assert new < 0.5 < taught
    assert calibrate._wide_weights(deep, blind, wide, truth, rows, few) == (new, new)


def _few_against(rows: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits that understate the rarest stance by ``shift``, and the truth."""
    choice = np.random.default_rng(5)
    shares = np.array([0.5, 0.1, 0.4])
    truth = choice.choice(3, rows, p=shares)
    logits = choice.normal(0, 1, (rows, 3)) + 1.5 * np.eye(3)[truth] + np.log(shares)
    return logits - shift * (np.arange(3) == 1), truth


def test_the_rarest_stance_leans_where_it_is_understated() -> None:
    logits, truth = _few_against(6_000, 0.5)
    bias = np.array(metrics.rare_bias(logits, truth))
    assert bias[1] > 0
    assert bias[0] == bias[2] == 0
    named = (logits.argmax(1) == 1).sum()
    assert named < ((logits + bias).argmax(1) == 1).sum() <= (truth == 1).sum()


def test_a_stance_that_is_named_too_often_does_not_lean() -> None:
    assert metrics.rare_bias(*_few_against(6_000, -2.0)) == (0, 0, 0)


def test_few_real_rows_do_not_choose_a_lean() -> None:
    calibrate: Any = pytest.importorskip(
        "models.exporting.calibrate", reason="needs the train extra"
    )

    logits, truth = _few_against(400, 1.0)
    rows = np.repeat(np.arange(400), 4)
    assert calibrate._bias(logits, truth, rows)[1] > 0
    few = np.repeat(np.arange(calibrate.ENOUGH - 1), 4)
    assert calibrate._bias(logits, truth, few) == (0, 0, 0)
