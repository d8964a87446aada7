"""The known ways to shares, against QuaPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.prevalence import simplex
from minyi.shares.quantifying import adapted, inverted

CONFUSION = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ([0.3, 0.45, 0.25], [0.202381, 0.583333, 0.214286]),
        ([0.25, 0.25, 0.5], [0.178571, 0.25, 0.571429]),
    ],
)
def test_acc_agrees_with_quapy(observed: list[float], expected: list[float]) -> None:
    # ACC.solve_adjustment(CONFUSION.T, observed, "inversion", "exact-raise") of QuaPy 0.2.3
    assert inverted(CONFUSION, np.array([observed]))[0] == pytest.approx(expected, abs=1e-6)


def test_sld_agrees_with_quapy() -> None:
    # EMQ.EM([.4, .35, .25], posteriors repeated by counts, epsilon=1e-10) of QuaPy 0.2.3
    posteriors = np.array(
        [
            [0.7, 0.2, 0.1],
            [0.2, 0.6, 0.2],
            [0.1, 0.1, 0.8],
            [0.5, 0.4, 0.1],
            [0.3, 0.3, 0.4],
            [0.6, 0.1, 0.3],
        ]
    )
    counts = np.array([40.0, 25, 10, 30, 15, 5])
    prior = np.array([0.4, 0.35, 0.25])
    expected = [0.676451, 0.163693, 0.159856]
    assert adapted(posteriors, prior, counts[None], 100_000, 1e-10)[0] == pytest.approx(
        expected, abs=1e-5
    )
    every = np.repeat(posteriors, counts.astype(int), axis=0)  # exact probabilities, one an opinion
    found = adapted(every, prior, np.ones((1, len(every))), 100_000, 1e-10)[0]
    assert found == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_every_way_finds_the_shares_where_outputs_come_as_usual(
    parts: list[float],
) -> None:
    shares = np.array(parts) / sum(parts)
    observed = shares @ CONFUSION
    assert inverted(CONFUSION, observed[None])[0] == pytest.approx(shares)
    prior = np.array([0.3, 0.3, 0.4])
    joint = prior[:, None] * CONFUSION
    chances = (joint / joint.sum(0)).T
    found = adapted(chances, prior, 1e6 * observed[None], 20_000, 1e-12)[0]
    assert found == pytest.approx(shares, abs=1e-3)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6))
def test_the_nearest_shares_are_shares_and_shares_stay(point: list[float]) -> None:
    # QuaPy's projection_simplex_sort([-.3, .2, 1.5]) is [0, 0, 1], of [.9, .4, -.1] [.75, .25, 0].
    found = simplex(np.array([point]))
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    assert simplex(found) == pytest.approx(found)
    assert simplex(np.array([[0.9, 0.4, -0.1]]))[0] == pytest.approx([0.75, 0.25, 0])
