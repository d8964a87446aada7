"""Weights that meet known margins, whatever spoke."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minyi.arrays import Floats
from minyi.errors import InvalidMargins, UnsettledWeights
from minyi.speakers.raking import Margin, effective, rake

WIDE = 1e9
"""A bound that binds nothing."""


@st.composite
def tables(draw: st.DrawFn) -> tuple[Floats, list[Margin]]:
    """A full table of cells by two facets, and margins of both."""
    shape = draw(st.tuples(st.integers(2, 4), st.integers(2, 4)))
    size = shape[0] * shape[1]
    sizes = np.array(draw(st.lists(st.integers(1, 500), min_size=size, max_size=size)), float)
    margins = []
    for axis, length in enumerate(shape):
        heads = draw(st.lists(st.integers(1, 100), min_size=length, max_size=length))
        values = np.indices(shape)[axis].ravel().astype(np.intp)
        margins.append(Margin(values, np.array(heads) / sum(heads)))
    return sizes, margins


@settings(max_examples=50)
@given(tables())
def test_the_margins_are_met_by_positive_weights_of_mean_one(case: tuple) -> None:
    sizes, margins = case
    weights = rake(sizes, margins, WIDE)
    assert (weights > 0).all()
    assert sizes @ weights == pytest.approx(sizes.sum())
    for margin in margins:
        assert margin.reached(sizes * weights) == pytest.approx(margin.shares, abs=1e-6)


@settings(max_examples=50)
@given(tables())
def test_the_effective_size_is_at_most_the_size(case: tuple) -> None:
    sizes, margins = case
    size = effective(sizes, rake(sizes, margins))
    assert 0 < size <= sizes.sum() * (1 + 1e-12)


@settings(max_examples=50)
@given(tables())
def test_no_weight_leaves_the_bounds_and_the_mean_stays_one(case: tuple) -> None:
    sizes, margins = case
    weights = rake(sizes, margins, bound=1.5)
    assert weights.max() <= 1.5 * (1 + 1e-9)
    assert weights.min() >= 1 / 1.5 * (1 - 1e-9)
    assert sizes @ weights == pytest.approx(sizes.sum())


@settings(max_examples=50)
@given(tables())
def test_how_the_facets_go_together_is_left_as_it_was(case: tuple) -> None:
    """The weight of a cell is a factor of each of its values: odds ratios do not change."""
    sizes, margins = case
    logs = np.log(rake(sizes, margins, WIDE))
    table = logs.reshape(len(margins[0].shares), -1)
    mixed = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    assert mixed == pytest.approx(np.zeros_like(mixed), abs=1e-6)


@settings(max_examples=50)
@given(tables(), st.randoms())
def test_neither_order_nor_size_nor_how_cells_are_cut_matters(case: tuple, random: Random) -> None:
    """Where weights are cut it matters a little: that ends when none moves by ``STILL``."""
    sizes, margins = case
    weights = rake(sizes, margins)
    order = np.array(random.sample(range(len(sizes)), len(sizes)))
    turned = [Margin(m.values[order], m.shares) for m in reversed(margins)]
    assert rake(sizes[order], turned) == pytest.approx(weights[order], rel=1e-3)
    assert rake(sizes * 7, margins) == pytest.approx(weights, rel=1e-3)
    halves = [Margin(np.tile(m.values, 2), m.shares) for m in margins]
    assert rake(np.tile(sizes / 2, 2), halves) == pytest.approx(np.tile(weights, 2), rel=1e-3)


@settings(max_examples=50)
@given(tables())
def test_who_speaks_as_the_population_is_not_weighted(case: tuple) -> None:
    sizes, margins = case
    own = [Margin(m.values, m.reached(sizes)) for m in margins]
    assert rake(sizes, own) == pytest.approx(np.ones_like(sizes))
    assert effective(sizes, np.ones_like(sizes)) == pytest.approx(sizes.sum())


def test_one_margin_is_plain_poststratification() -> None:
    sizes = np.array([80.0, 20.0])
    weights = rake(sizes, [Margin(np.array([0, 1]), np.array([0.5, 0.5]))])
    assert weights == pytest.approx([0.625, 2.5])
    # Kish: 100² / (80 · 0.625² + 20 · 2.5²)
    assert effective(sizes, weights) == pytest.approx(64.0)


def test_a_bound_that_is_reached_misses_the_margin_by_as_little_as_it_can() -> None:
    sizes = np.array([98.0, 2.0])
    margin = Margin(np.array([0, 1]), np.array([0.5, 0.5]))
    weights = rake(sizes, [margin], bound=5)
    assert weights[1] == pytest.approx(5)
    assert margin.reached(sizes * weights) == pytest.approx([0.9, 0.1])


def test_margins_that_contradict_what_was_said_are_told() -> None:
    """All of the north are old and all of the south young, but half of each are wanted so."""
    same = np.array([0, 1])
    with pytest.raises(InvalidMargins, match="no weights meet the margins together"):
        rake(
            np.array([50.0, 50.0]),
            [Margin(same, np.array([0.5, 0.5])), Margin(same, np.array([0.2, 0.8]))],
        )


THREE = [np.array([0, 0, 1]), np.array([0, 1, 1])]
"""The north old, the north young, the south young: nobody of the south is old."""


def wanted(south: float, young: float) -> list[Margin]:
    shares = (south, young)
    return [Margin(v, np.array([1 - s, s])) for v, s in zip(THREE, shares, strict=True)]


@pytest.mark.parametrize("young", [0.1, 0.4, 0.49, 0.499])
def test_more_of_the_south_than_of_the_young_contradicts_itself(young: float) -> None:
    with pytest.raises(InvalidMargins, match="no weights meet the margins together") as told:
        rake(np.array([10.0, 10.0, 10.0]), wanted(0.5, young))
    assert not isinstance(told.value, UnsettledWeights)


def test_margins_that_only_no_weight_at_all_would_meet_do_not_settle() -> None:
    """The young of the north would have to weigh nothing, which no number of rounds reaches."""
    with pytest.raises(UnsettledWeights, match="after 1,000 rounds"):
        rake(np.array([10.0, 10.0, 10.0]), wanted(0.5, 0.5))


@settings(max_examples=50)
@given(tables(), st.data())
def test_what_can_be_met_is_never_called_a_contradiction(case: tuple, data: st.DataObject) -> None:
    """Some cells have nobody, and some of the masses that make the margins are zero."""
    sizes, margins = case
    number = len(sizes)
    masses = np.array(
        data.draw(st.lists(st.sampled_from([0, 1, 50]), min_size=number, max_size=number)), float
    )
    there = np.array(data.draw(st.lists(st.booleans(), min_size=number, max_size=number)))
    kept = there | (masses > 0)
    values = [np.unique(margin.values[kept], return_inverse=True)[1] for margin in margins]
    found = [np.bincount(v, masses[kept]) for v in values]
    assume(all(len(f) and f.all() for f in found))
    own = [Margin(v, f / f.sum()) for v, f in zip(values, found, strict=True)]
    with suppress(UnsettledWeights):
        rake(sizes[kept], own)
