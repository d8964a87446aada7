"""Shares adjusted for what the tagger is known to mistake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.outputs import OUTPUTS
from minyi.query import Counts, Share
from minyi.shares.adjusting import METHOD, METHOD_LABELLED, Adjusted, Adjuster
from minyi.shares.held_out import HeldOut
from minyi.shares.labels import Label, Labels
from minyi.vocabulary import Aspect, Stance
from tests.unit.held_out_rows import MODEL, SURE, counts, held_out, spread_out

TABLE = held_out(0.75)
ADJUSTER = Adjuster({MODEL: TABLE})
cells = st.dictionaries(st.integers(0, OUTPUTS - 1), st.integers(1, 5000), min_size=1).map(
    spread_out
)


def only(adjuster: Adjuster, *given: Counts, policy: str = "new") -> Adjusted:
    """Return the first of the cells, adjusted."""
    found = adjuster.adjust(policy, given)[0]
    assert found is not None
    return found


def shares(found: Adjusted) -> tuple[Share, Share, Share]:
    return found.favor, found.against, found.none


def bounds(share: Share) -> tuple[float, float, float]:
    assert share.low is not None
    assert share.value is not None
    assert share.high is not None
    return share.low, share.value, share.high


def width(share: Share) -> float:
    low, _, high = bounds(share)
    return high - low


def every(found: Adjusted) -> Iterator[Share]:
    yield from shares(found)
    for aspect in found.evaluations or ():
        yield from (aspect.praise, aspect.criticism)


@settings(max_examples=50)
@given(st.lists(cells, min_size=1, max_size=8))
def test_shares_add_up_and_lie_in_their_intervals(given: list[Counts]) -> None:
    for cell, found in zip(given, ADJUSTER.adjust("new", given), strict=True):
        assert found is not None
        assert sum(bounds(share)[1] for share in shares(found)) == pytest.approx(1, abs=2e-4)
        for share in every(found):
            low, value, high = bounds(share)
            assert 0 <= low <= value <= high <= 1
            assert (share.n, share.denominator) == (cell.total, "opinions")
        assert [s.count for s in shares(found)] == [cell.favor, cell.against, cell.none]


@settings(max_examples=25)  # learns anew each time
@given(st.lists(cells, min_size=2, max_size=6, unique_by=lambda c: c.total), st.randoms())
def test_the_order_of_cells_and_of_policies_changes_nothing(given: list[Counts], random) -> None:  # type: ignore[no-untyped-def]
    places = list(range(len(given)))
    random.shuffle(places)
    straight = ADJUSTER.adjust("new", given)
    policies = list(TABLE.policies.items())
    random.shuffle(policies)
    turned = Adjuster({MODEL: HeldOut(model_id=MODEL, policies=dict(policies))})
    moved = turned.adjust("new", [given[place] for place in places])
    for place, found in zip(places, moved, strict=True):
        expected = straight[place]
        assert expected is not None
        assert found is not None
        for one, two in zip(every(expected), every(found), strict=True):
            assert bounds(one) == pytest.approx(bounds(two), abs=2e-4)


@settings(max_examples=50)
@given(cells, st.integers(2, 50))
def test_more_opinions_of_the_same_kind_never_widen_the_interval(cell: Counts, times: int) -> None:
    more = spread_out({b: n * times for b, n in cell.outputs[MODEL].items()})
    for few, many in zip(shares(only(ADJUSTER, cell)), shares(only(ADJUSTER, more)), strict=True):
        assert width(many) <= width(few) + 2e-4


def test_a_perfect_tagger_is_believed() -> None:
    perfect = Adjuster({MODEL: held_out(1.0, rows=200)})
    found = only(perfect, counts(620, 280, 100, costly=150))
    values = [bounds(share)[1] for share in shares(found)]
    assert values == pytest.approx([0.62, 0.28, 0.1], abs=0.01)
    assert max(width(share) for share in shares(found)) < 0.12
    assert found.evaluations is not None
    cost = next(e for e in found.evaluations if e.aspect is Aspect.COST)
    assert bounds(cost.criticism)[1] == pytest.approx(0.15, abs=0.015)


def test_the_same_mistakes_everywhere_are_undone() -> None:
    # 75 % right: of 80/10/10 a tagger finds 62.5, 18.75 and 18.75.
    found = only(ADJUSTER, counts(6250, 1875, 1875))
    low, value, high = bounds(found.favor)
    assert low < 0.8 < high
    assert value > 0.75
    # 30 % criticise the cost, 75 % of those are found and 25 % of the others: 40 %.
    evaluated = only(ADJUSTER, counts(600, 200, 200, costly=400)).evaluations
    assert evaluated is not None
    cost = next(e for e in evaluated if e.aspect is Aspect.COST).criticism
    assert cost.count == 400
    assert bounds(cost)[0] < 0.3 < bounds(cost)[2]


def test_windows_tell_where_the_policy_stands_and_each_its_change() -> None:
    windows = [counts(500, 300, 200)] * 11 + [counts(300, 500, 200)]
    found = ADJUSTER.adjust("new", windows)
    assert found[0] is not None
    assert found[11] is not None
    assert found[0] == found[10]
    raw, adjusted = 0.2, bounds(found[0].favor)[1] - bounds(found[11].favor)[1]
    assert adjusted > 1.3 * raw  # a tagger that errs sees less of a change than there is


def test_what_cannot_be_adjusted_says_so() -> None:
    given = [
        counts(10, 5, 5),
        counts(10, 5, 5, model="an older one"),
        Counts(favor=10, against=5),
        Counts(),
        Counts(favor=2, outputs={MODEL: {4: 1}, "an older one": {4: 1}}),
    ]
    found = ADJUSTER.adjust("new", given)
    assert found[0] is not None
    assert found[1:] == [None] * 4
    assert Adjuster().adjust("new", given) == [None] * 5
    assert ADJUSTER.adjust("new", []) == []


def test_without_judged_rows_there_are_no_evaluations() -> None:
    bare = {
        name: policy.model_copy(update={"judged": 0, "evaluations": {}})
        for name, policy in TABLE.policies.items()
    }
    adjuster = Adjuster({MODEL: HeldOut(model_id=MODEL, policies=bare)})
    assert only(adjuster, counts(10, 5, 5)).evaluations is None


def test_held_out_rows_of_the_policy_itself_narrow_its_interval() -> None:
    cell = counts(620, 280, 100)
    strange, own = only(ADJUSTER, cell), only(ADJUSTER, cell, policy="policy0")
    assert width(own.favor) < width(strange.favor)


def labelled(*rows: tuple[Stance, int, int], weight: float = 10.0) -> Adjuster:
    """Return an adjuster with labels: stance, bin, how many."""
    items = [Label(MODEL, b, stance, weight) for stance, b, n in rows for _ in range(n)]
    return Adjuster({MODEL: TABLE}, {"new": Labels(tuple(items))})


def test_labels_that_agree_narrow_the_interval_and_are_named() -> None:
    # 60, 25 and 15 of a hundred, three quarters of each found as what they are.
    agreeing = labelled(
        (Stance.FAVOR, SURE[0], 45),
        (Stance.FAVOR, SURE[1], 8),
        (Stance.FAVOR, SURE[2], 7),
        (Stance.AGAINST, SURE[0], 3),
        (Stance.AGAINST, SURE[1], 19),
        (Stance.AGAINST, SURE[2], 3),
        (Stance.NONE, SURE[0], 2),
        (Stance.NONE, SURE[1], 2),
        (Stance.NONE, SURE[2], 11),
    )
    cell = counts(500, 290, 210)
    before, after = only(ADJUSTER, cell), only(agreeing, cell)
    assert (before.method, after.method) == (METHOD, METHOD_LABELLED)
    assert only(agreeing, cell, policy="another").method == METHOD
    for one, two in zip(shares(after), shares(before), strict=True):
        assert width(one) < width(two)
    assert bounds(after.favor)[1] == pytest.approx(0.6, abs=0.03)


def test_labels_that_contradict_the_tagger_stand_alone() -> None:
    # It takes mockery for favor: of 62 opinions found in favor, 60 are against.
    misread = labelled(
        (Stance.AGAINST, SURE[0], 60),
        (Stance.FAVOR, SURE[0], 2),
        (Stance.AGAINST, SURE[1], 28),
        (Stance.NONE, SURE[2], 10),
    )
    found = only(misread, counts(620, 280, 100))
    assert bounds(found.against)[1] == pytest.approx(0.88, abs=0.02)
    assert bounds(found.favor)[2] < 0.15


def test_two_models_lie_between_each_one_alone() -> None:
    table = held_out(0.95, seed=2).model_copy(update={"model_id": "m2"})
    both = Adjuster({MODEL: TABLE, "m2": table})
    mixed = Counts(
        favor=600,
        against=400,
        outputs={MODEL: {SURE[0]: 300, SURE[1]: 200}, "m2": {SURE[0]: 300, SURE[1]: 200}},
    )
    one = bounds(only(both, counts(300, 200, 0)).favor)[1]
    two = bounds(only(both, counts(300, 200, 0, model="m2")).favor)[1]
    assert bounds(only(both, mixed).favor)[1] == pytest.approx((one + two) / 2, abs=2e-4)


@pytest.mark.parametrize("kept", [(), (Stance.FAVOR,), (Stance.FAVOR, Stance.AGAINST)])
def test_a_table_that_lacks_a_stance_adjusts_nothing(kept: tuple[Stance, ...]) -> None:
    some = {
        name: policy.model_copy(
            update={"stances": {s: bins for s, bins in policy.stances.items() if s in kept}}
        )
        for name, policy in TABLE.policies.items()
    }
    table = HeldOut(model_id=MODEL, policies=some)
    assert table.lacking == tuple(stance for stance in Stance if stance not in kept)
    assert Adjuster({MODEL: table}).adjust("waste", [counts(9, 5, 3)]) == [None]
