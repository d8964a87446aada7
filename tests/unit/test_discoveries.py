from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from minyi.groups.discoveries import LEAST, discoveries, p_values


@pytest.mark.parametrize("n", [10, 20, 60, 200, 1000])
@pytest.mark.parametrize("rate", [0.005, 0.02, 0.1, 0.3, 0.5, 0.9])
def test_p_values_keep_their_level_far_into_the_tails(n: int, rate: float) -> None:
    """Exactly, over all outcomes, where the truth is as far off as may be."""
    hits = np.arange(n + 1)
    for truth in (rate, rate + LEAST, rate - LEAST):
        chance = binom.pmf(hits, n, min(max(truth, 0), 1))
        p = p_values(hits / n, np.full(n + 1, n), np.full(n + 1, rate), np.full(n + 1, 1e6))
        for level in (0.05, 0.01, 1e-3, 1e-4):
            assert chance[p <= level].sum() <= 2 * level


def test_a_difference_that_nobody_would_act_on_is_none() -> None:
    p = p_values(np.array([0.305]), np.array([1e6]), np.array([0.3]), np.array([1e6]))
    assert p[0] == 1
    p = p_values(np.array([0.33]), np.array([1e5]), np.array([0.3]), np.array([1e6]))
    assert p[0] < 1e-9


@given(st.lists(st.floats(0, 1), max_size=40))
def test_a_smaller_p_is_never_left_out(values: list[float]) -> None:
    p = np.array(values)
    found = discoveries(p)
    if found.any():
        assert found[p <= p[found].max()].all()
        assert p[found].max() <= 0.05 * found.sum() / p.size


def test_the_example_of_benjamini_and_hochberg() -> None:
    # 1995, section 3.2: the first four of fifteen
    p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719,
         .6528, .7590, 1]  # fmt: skip
    assert discoveries(np.array(p)).tolist() == [True] * 4 + [False] * 11
