"""Prediction-powered shares, against the authors' own library."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.prevalence import Z95
from minyi.shares.prediction_powered import Labelled, prediction_powered

GUESS = np.array([[0.1], [0.35], [0.6], [0.9]])
ROWS = np.array([[2.0, 3, 6, 9], [8, 6, 4, 2]])  # class, bin; the first class is counted
ALL = np.array([300.0, 250, 250, 200])


@pytest.mark.parametrize(
    ("power", "value", "low", "high"),
    [(None, 0.45595033, 0.31947849, 0.59242217), (1.0, 0.44625, 0.30810184, 0.58439816)],
)
def test_it_agrees_with_ppi_python(
    power: float | None, value: float, low: float, high: float
) -> None:
    # ppi_py.ppi_mean_pointestimate and ppi_mean_ci of ppi-python 0.2.3 on these rows, alpha 0.05;
    # its power, from _calc_lam_glm, is 0.8195288.
    found = prediction_powered(Labelled(ROWS, ROWS), GUESS, ALL, power)
    mean = ALL @ GUESS / ALL.sum()
    guessed = found.power**2 * (ALL @ (GUESS - mean) ** 2)[0] / ALL.sum() ** 2
    error = Z95 * sqrt(found.covariance[0, 0] + guessed)
    share = found.shares[0]
    assert found.power == pytest.approx(power or 0.8195288)
    assert (share, share - error, share + error) == pytest.approx((value, low, high))


def test_guesses_that_say_nothing_leave_the_labels_alone() -> None:
    rows = np.array([[5.0, 5, 5, 5], [3, 3, 3, 3]])
    found = prediction_powered(Labelled(rows, rows), GUESS, ALL)
    assert found.power == 0
    assert found.shares[0] == pytest.approx(5 / 8)


@given(st.floats(0.1, 1000))
def test_only_the_ratios_of_weights_count(scale: float) -> None:
    one = prediction_powered(Labelled(ROWS, ROWS), GUESS, ALL)
    two = prediction_powered(Labelled(scale * ROWS, scale**2 * ROWS), GUESS, ALL)
    assert two.shares == pytest.approx(one.shares)
    assert two.covariance == pytest.approx(one.covariance)


def test_labels_of_unequal_weight_tell_less() -> None:
    even = Labelled(ROWS, ROWS)
    uneven = Labelled(ROWS, ROWS * np.array([1, 1, 1, 9.0]))
    assert uneven.size < even.size == ROWS.sum()
