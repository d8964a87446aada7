"""Shares of a part of a policy, which is read as what it is: a part."""

from __future__ import annotations

from itertools import zip_longest
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.honesty_worlds import World
from minyi.outputs import OUTPUTS, STANCES
from minyi.ports import Index
from minyi.query import Counts, Filters
from minyi.shares.adjusting import Adjusted, Adjuster
from minyi.shares.denominators import Count, Denominator
from minyi.shares.held_out import HeldOut, HeldOutPolicy
from minyi.shares.labels import Label, Labels
from minyi.shares.summing import total
from minyi.shares.wholes import whole_of, wholes
from minyi.vocabulary import Aspect, Polarity
from models.artifact import SHIPPED, load_manifest
from tests.unit.held_out_rows import MODEL, counts, held_out, spread_out

Floats = npt.NDArray[np.float64]

SHARES = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]])
"""Of favor, against and none in two regions."""
EACH, LABELS, SEEDS = 1000, 200, 25
OLDER = "older"
ADJUSTER = Adjuster(
    {MODEL: held_out(0.75), OLDER: held_out(0.9, seed=2).model_copy(update={"model_id": OLDER})}
)


@st.composite
def cells(draw: st.DrawFn, model: str = MODEL) -> Counts:
    """Opinions in any bins, some of which criticise the cost."""
    bins = st.dictionaries(st.integers(0, OUTPUTS - 1), st.integers(1, 500), min_size=1)
    cell = spread_out(draw(bins), model)
    costly = {Polarity.CRITICISM: draw(st.integers(0, cell.total))}
    return cell.model_copy(update={"evaluations": {Aspect.COST: costly}})


def tagged(joint: Floats) -> dict[int, int]:
    """Return opinions by bin, those above zero; ``joint`` has them by true stance, too."""
    return {place: int(n) for place, n in enumerate(joint.sum(0)) if n}


class Regions:
    """A policy of two regions that an erring tagger has read, and labels of some opinions of it."""

    def __init__(self, seed: int, same: float) -> None:
        shipped = load_manifest(SHIPPED).held_out
        assert shipped is not None
        world = World(shipped, same, 100, seed)
        table = HeldOut(model_id=MODEL, policies=dict(map(policy, enumerate(world.held_out()))))
        confusion = world.confusion_at(SHARES.mean(0))
        said = np.array(
            [
                [world.random.multinomial(n, row) for n, row in zip(of, confusion, strict=True)]
                for of in world.random.multinomial(EACH, SHARES)
            ]
        )
        self.cells = [spread_out(tagged(joint)) for joint in said]
        drawn = world.random.multivariate_hypergeometric(said.sum(0).ravel(), LABELS)
        items = tuple(
            Label(MODEL, place, STANCES[row], said.sum() / LABELS)
            for (row, place), n in np.ndenumerate(drawn.reshape(said.shape[1:]))
            for _ in range(n)
        )
        self.bare = Adjuster({MODEL: table})
        self.labelled = Adjuster({MODEL: table}, {"new": Labels(items)})


def policy(found: tuple[int, Floats]) -> tuple[str, HeldOutPolicy]:
    number, rows = found
    bins = {
        s: {b: int(n) for b, n in enumerate(r) if n} for s, r in zip(STANCES, rows, strict=True)
    }
    return f"p{number}", HeldOutPolicy(stances=bins)


def bounds(found: Adjusted | None) -> Floats:
    """Return low, value and high of each share, stances first."""
    assert found is not None
    shares = [found.favor, found.against, found.none]
    for aspect in found.evaluations or ():
        shares += [aspect.praise, aspect.criticism]
    return np.array([(s.low, s.value, s.high) for s in shares], float)


@pytest.mark.parametrize("same", [0.0, 0.5, 1.0])
def test_a_region_alone_holds_the_truth_and_is_read_as_among_groups(same: float) -> None:
    held: dict[bool, list[bool]] = {True: [], False: []}
    for seed in range(SEEDS):
        regions = Regions(seed, same)
        whole = total(regions.cells)
        for labelled, adjuster in ((True, regions.labelled), (False, regions.bare)):
            grouped = adjuster.adjust("new", regions.cells)
            for cell, shares, of_group in zip(regions.cells, SHARES, grouped, strict=True):
                (alone,) = adjuster.adjust("new", [cell], whole=whole)
                assert alone is not None
                assert bounds(alone) == pytest.approx(bounds(of_group), abs=2e-4)
                held[labelled] += [
                    low <= true <= high
                    for (low, _, high), true in zip(bounds(alone), shares, strict=True)
                ]
    assert np.mean(held[True]) >= 0.9
    assert np.mean(held[False]) >= 0.9


@settings(max_examples=50)
@given(
    st.lists(cells(), min_size=1, max_size=6), st.lists(cells(OLDER), max_size=2), st.integers(0, 9)
)
def test_a_part_says_the_same_whatever_is_asked_beside_it(
    said: list[Counts], older: list[Counts], place: int
) -> None:
    """Stances, evaluations, and what a band is made of, with one model or two."""
    parts = [total(pair) for pair in zip_longest(said, older[: len(said)], fillvalue=Counts())]
    place %= len(parts)
    whole = total(parts)
    (alone,) = ADJUSTER.adjust("new", [parts[place]], whole=whole)
    assert bounds(alone) == pytest.approx(bounds(ADJUSTER.adjust("new", parts)[place]), abs=2e-4)
    one = ADJUSTER.moves("new", [parts[place]], whole)
    all_ = ADJUSTER.moves("new", parts)
    assert one is not None
    assert all_ is not None
    assert one.value[0] == pytest.approx(all_.value[place], abs=1e-9)
    assert one.sampled[0] == pytest.approx(all_.sampled[place], rel=1e-6)


def test_a_whole_that_has_lost_opinions_meanwhile_tells_no_level() -> None:
    cell = counts(40, 30, 20, costly=9)
    for left in (Counts(), counts(5, 1, 1)):
        assert ADJUSTER.adjust("new", [cell], whole=left) == ADJUSTER.adjust("new", [cell])


def test_where_an_unknown_model_read_the_rest_the_level_is_that_of_the_known_one() -> None:
    cell, beside = counts(40, 30, 20, costly=9), counts(300, 10, 10, costly=300, model="unknown")
    assert ADJUSTER.adjust("new", [cell, beside])[1] is None
    found = ADJUSTER.adjust("new", [cell], whole=total([cell, beside]))
    assert found == ADJUSTER.adjust("new", [cell])


class Asked:
    """Counts what is asked."""

    def __init__(self) -> None:
        self.filters: list[Filters] = []

    def totals(self, filters: Filters) -> dict[str, Counts]:
        self.filters.append(filters)
        return {"new": counts(3, 2, 1)}


def test_the_whole_is_asked_for_once_and_only_where_it_makes_a_difference() -> None:
    index, of = Asked(), Denominator()
    every = Filters(policy_id="new")
    narrowed = every.model_copy(update={"region": "北"})
    for filters, adjuster, shares_of in (
        (every, ADJUSTER, of),
        (Filters(), ADJUSTER, of),
        (narrowed, Adjuster(), of),
        (narrowed, ADJUSTER, Denominator(sure=True)),
        (narrowed, ADJUSTER, Denominator(count=Count.AUTHORS)),
    ):
        assert wholes(cast(Index, index), filters, adjuster, shares_of) == {}
        assert whole_of(cast(Index, index), filters, adjuster, shares_of) is None
    assert index.filters == []
    assert wholes(cast(Index, index), narrowed, ADJUSTER, of) == {"new": counts(3, 2, 1)}
    assert index.filters == [every]
    assert whole_of(cast(Index, index), narrowed, ADJUSTER, of) == counts(3, 2, 1)
