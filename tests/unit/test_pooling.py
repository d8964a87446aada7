from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.groups.pooling import Pooled, pool

groups = st.lists(
    st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=12,
)


def pooled(cases: list[tuple[int, int]]) -> tuple[Pooled, np.ndarray, np.ndarray]:
    hits, authors = (np.array(column, dtype=float) for column in zip(*cases, strict=True))
    return pool((hits / authors)[:, None], authors), hits, authors


@given(groups)
def test_a_pooled_share_lies_between_the_group_and_all(cases: list[tuple[int, int]]) -> None:
    found, hits, authors = pooled(cases)
    own = (hits + 0.25) / (authors + 0.5)
    low, high = own.min(), own.max()
    assert (found.share[:, 0] >= low - 1e-9).all()
    assert (found.share[:, 0] <= high + 1e-9).all()
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()
    assert ((found.low >= 0) & (found.high <= 1)).all()


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_the_groups_does_not_matter(
    cases: list[tuple[int, int]], random: object
) -> None:
    order = np.random.default_rng(len(cases)).permutation(len(cases))
    found, _, _ = pooled(cases)
    moved, _, _ = pooled([cases[i] for i in order])
    assert moved.share[:, 0] == pytest.approx(found.share[order, 0])
    assert moved.high[:, 0] == pytest.approx(found.high[order, 0])


def test_the_smaller_the_group_the_further_it_is_drawn() -> None:
    found, _, _ = pooled([(18, 20), (900, 1000), (300, 1000), (290, 1000), (310, 1000)])
    small, large = 0.9 - found.share[:2, 0]
    assert 0.02 < small < 0.3
    assert 0 < large < 0.1 * small


def test_groups_that_differ_by_chance_only_nearly_become_one() -> None:
    rng = np.random.default_rng(3)
    left = []
    for _ in range(50):
        authors = rng.integers(20, 200, 30).astype(float)
        shares = (rng.binomial(authors.astype(int), 0.3) / authors)[:, None]
        left.append(pool(shares, authors).share.std() / shares.std())
    assert np.mean(left) < 0.3


@pytest.mark.parametrize("groups", [3, 6, 30])
@pytest.mark.parametrize("tau", [0.0, 0.05, 0.15])
def test_the_interval_holds_the_truth_in_95_of_100(groups: int, tau: float) -> None:
    rng = np.random.default_rng(groups)
    held, narrower = [], []
    for _ in range(300):
        authors = rng.integers(10, 400, groups).astype(float)
        angle = np.arcsin(np.sqrt(0.3)) + tau * rng.standard_normal(groups)
        truth = np.sin(np.clip(angle, 0, np.pi / 2)) ** 2
        shares = rng.binomial(authors.astype(int), truth) / authors
        found = pool(shares[:, None], authors)
        held.append(((found.low[:, 0] <= truth) & (truth <= found.high[:, 0])).mean())
        alone = 2 * 1.96 * np.sqrt(truth * (1 - truth) / authors)
        narrower.append((found.high - found.low).mean() < alone.mean())
    assert np.mean(held) > 0.92
    assert np.mean(narrower) > 0.75
