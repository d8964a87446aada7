"""Shares of opinions that several taggers judged, one of them unknown, where the truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.arrays import Floats
from minyi.outputs import STANCES
from minyi.query import Counts, Interval, TrendPoint
from minyi.shares.adjusting import METHOD, MOST_STRANGE, Adjusted, Adjuster
from minyi.shares.adjusting import STRANGE as STRANGELY
from minyi.shares.denominators import Denominator, Uncorrected
from minyi.shares.summing import total
from minyi.trends import assemble
from minyi.vocabulary import Aspect
from tests.unit.held_out_rows import counts, held_out

OLD, NEW, STRANGE = "old", "new", "strange"
RIGHT = {OLD: 0.7, NEW: 0.85}
ADJUSTER = Adjuster(
    {
        name: held_out(right, policies=40, seed=seed).model_copy(update={"model_id": name})
        for seed, (name, right) in enumerate(RIGHT.items())
    }
)


def confusion(right: float) -> Floats:
    others = (1 - right) / 2
    return np.full((3, 3), others) + (right - others) * np.eye(3)


def tagged(rng: np.random.Generator, model: str, truth: Floats, reads: Floats) -> Counts:
    """Return what a tagger counts of opinions, given how many there truly are of each stance."""
    found = sum(rng.multinomial(n, row) for n, row in zip(truth, reads, strict=True))
    return counts(*map(int, found), model=model)


def bounds(found: Adjusted) -> list[tuple[float, float, float]]:
    shares = [getattr(found, stance) for stance in STANCES]
    return [(share.low, share.value, share.high) for share in shares]


def held(found: Adjusted, truth: Floats) -> list[bool]:
    return [low <= true <= high for (low, _, high), true in zip(bounds(found), truth, strict=True)]


@pytest.mark.parametrize("whole", [False, True], ids=["alone", "of a whole"])
def test_intervals_hold_the_truth_while_a_new_tagger_takes_over(whole: bool) -> None:
    rng = np.random.default_rng(5)
    hits: list[bool] = []
    off: list[float] = []
    counted_off: list[float] = []
    for _ in range(150):
        shares = rng.dirichlet(np.full(3, 2.0))
        windows, truths = [], []
        for old in (1.0, 1.0, 0.5, 0.0, 0.0):  # the part that the former tagger judged
            moved = np.clip(shares + rng.normal(0, 0.05, 3), 0.01, None)
            truths.append(moved / moved.sum())
            parts = []
            for model, part in ((OLD, old), (NEW, 1 - old)):
                n = rng.multinomial(round(300 * part), truths[-1])
                parts.append(tagged(rng, model, n, confusion(RIGHT[model])))
            windows.append(total(parts))
        shown, of = (windows[2:], total(windows)) if whole else (windows, None)
        for window, found, truth in zip(
            shown, ADJUSTER.adjust("p", shown, False, of), truths[-len(shown) :], strict=True
        ):
            assert found is not None
            hits += held(found, truth)
            off += [abs(b[1] - true) for b, true in zip(bounds(found), truth, strict=True)]
            raw = np.array(window.stances) / window.total
            counted_off += np.abs(raw - truth).tolist()
    assert np.mean(hits) >= 0.94
    assert np.mean(off) < 0.8 * np.mean(counted_off)


@pytest.mark.parametrize("misread", range(3), ids=[f"as {stance}" for stance in STANCES])
@pytest.mark.parametrize("part", [0.01, MOST_STRANGE])
def test_intervals_hold_the_truth_whatever_an_unknown_tagger_does(
    part: float, misread: int
) -> None:
    """All opinions of the worst tagger come out as one stance, whatever they are."""
    rng = np.random.default_rng(6)
    reads = np.tile(np.eye(3)[misread], (3, 1))
    hits = []
    for truth in rng.dirichlet(np.full(3, 2.0), 200):
        for odd in np.eye(3):  # what its opinions truly are
            strange = int(1000 * part)
            cell = total(
                [
                    tagged(rng, NEW, rng.multinomial(1000 - strange, truth), confusion(0.85)),
                    tagged(rng, STRANGE, (strange * odd).astype(int), reads),
                ]
            )
            (found,) = ADJUSTER.adjust("p", [cell], evaluations=False)
            assert found is not None
            hits += held(found, (1 - strange / 1000) * truth + strange / 1000 * odd)
    assert np.mean(hits) >= 0.95


def test_one_opinion_of_an_unknown_tagger_leaves_the_policy_adjusted() -> None:
    known, more = counts(240, 100, 60, model=NEW), counts(0, 1, 0, model=STRANGE)
    (before,), (after,) = (
        ADJUSTER.adjust("p", [known]),
        ADJUSTER.adjust("p", [total([known, more])]),
    )
    assert before is not None
    assert after is not None
    for (low, value, high), (lower, near, higher) in zip(
        bounds(before), bounds(after), strict=True
    ):
        assert near == pytest.approx(value, abs=1 / 401)
        assert lower == pytest.approx(low * 400 / 401, abs=1e-4)
        assert higher == pytest.approx(high * 400 / 401 + 1 / 401, abs=1e-4)
    assert (before.method, after.method) == (METHOD, METHOD + STRANGELY)
    assert (after.favor.n, after.favor.count) == (401, 240)
    assert before.evaluations is not None
    assert after.evaluations is not None
    for aspect, wider in zip(before.evaluations, after.evaluations, strict=True):
        assert wider.praise.low is not None
        assert aspect.praise.low is not None
        assert wider.praise.low <= aspect.praise.low


def test_evaluations_lie_between_what_each_tagger_makes_of_them() -> None:
    one, two = (counts(200, 100, 100, costly=120, model=model) for model in (OLD, NEW))
    alone = [cost(ADJUSTER.adjust("p", [cell])[0]) for cell in (one, two)]
    low, value, high = cost(ADJUSTER.adjust("p", [total([one, two])])[0])
    assert value == pytest.approx((alone[0][1] + alone[1][1]) / 2, abs=0.01)
    assert low <= min(a[0] for a in alone) + 0.01
    assert high >= max(a[2] for a in alone) - 0.01


def cost(found: Adjusted | None) -> tuple[float, float, float]:
    assert found is not None
    assert found.evaluations is not None
    share = next(e for e in found.evaluations if e.aspect is Aspect.COST).criticism
    assert share.low is not None
    assert share.value is not None
    assert share.high is not None
    return share.low, share.value, share.high


def test_evaluations_hold_the_truth_while_a_new_tagger_takes_over() -> None:
    rng = np.random.default_rng(8)
    hits = []
    for _ in range(150):
        often = rng.beta(2, 5)
        cells, truths = [], []
        for old in (1.0, 0.5, 0.0):
            truths.append(min(0.95, max(0.01, often + rng.normal(0, 0.02))))
            parts = []
            for model, part in ((OLD, old), (NEW, 1 - old)):
                n, right = round(300 * part), RIGHT[model]
                held_in = rng.binomial(n, truths[-1])
                costly = rng.binomial(held_in, right) + rng.binomial(n - held_in, 1 - right)
                parts.append(counts(n, 0, 0, costly=int(costly), model=model))
            cells.append(total(parts))
        for found, truth in zip(ADJUSTER.adjust("p", cells), truths, strict=True):
            low, _, high = cost(found)
            hits.append(low <= truth <= high)
    assert np.mean(hits) >= 0.93


@given(
    st.lists(st.tuples(*[st.integers(0, 200)] * 3).filter(any), min_size=1, max_size=4),
    st.tuples(*[st.integers(0, 4)] * 3),
)
@settings(max_examples=50)
def test_shares_add_up_and_lie_in_their_intervals(
    given: list[tuple[int, int, int]], odd: tuple[int, int, int]
) -> None:
    cells = [counts(*n, model=(OLD, NEW)[place % 2]) for place, n in enumerate(given)]
    cells[0] = total([cells[0], counts(*odd, model=STRANGE)])
    every = sum(cell.total for cell in cells)
    for place, found in enumerate(ADJUSTER.adjust("p", cells)):
        if place == 0 and sum(odd) > MOST_STRANGE * every:
            assert found is None
            continue
        assert found is not None
        assert sum(b[1] for b in bounds(found)) == pytest.approx(1, abs=3e-4)
        for low, value, high in bounds(found):
            assert 0 <= low <= value <= high <= 1


def trend(*weeks: Counts) -> list[TrendPoint]:
    first = date(2026, 1, 5)
    return [
        TrendPoint(bucket=first + timedelta(weeks=place), counts=week, collapsed=week)
        for place, week in enumerate(weeks)
    ]


WEEKLY = Denominator(interval=Interval.WEEK)


def test_a_trend_with_a_week_of_an_unknown_tagger_is_adjusted_and_says_how_little_it_knows() -> (
    None
):
    weeks = [counts(240, 100, 60, model=NEW)] * 4
    odd = counts(0, 20, 0, model=STRANGE)
    points = trend(*weeks[:2], odd, *weeks[2:])
    found = assemble("p", Interval.WEEK, points, adjuster=ADJUSTER, of=WEEKLY)
    assert found.uncorrected is None
    unknown = found.rows[2].adjusted
    assert unknown is not None
    assert [b[0::2] for b in bounds(unknown)] == [(0, 1)] * 3
    # The band goes on between its neighbours, a little wider than without that week.
    without = assemble("p", Interval.WEEK, trend(*weeks), adjuster=ADJUSTER, of=WEEKLY)
    for point, other in zip((found.smooth[0], found.smooth[2]), without.smooth, strict=False):
        assert point.favor.value == pytest.approx(other.favor.value, abs=0.02)
        assert point.favor.high - point.favor.low > other.favor.high - other.favor.low


def test_a_band_holds_the_truth_whatever_an_unknown_tagger_does() -> None:
    rng = np.random.default_rng(7)
    hits = []
    for truth in rng.dirichlet(np.full(3, 2.0), 100):
        weeks = [
            total(
                [
                    tagged(rng, NEW, rng.multinomial(95, truth), confusion(0.85)),
                    counts(5, 0, 0, model=STRANGE),  # all of them are against
                ]
            )
            for _ in range(8)
        ]
        found = assemble("p", Interval.WEEK, trend(*weeks), adjuster=ADJUSTER, of=WEEKLY)
        assert found.uncorrected is None
        true = 0.95 * truth[1] + 0.05
        hits += [point.against.low <= true <= point.against.high for point in found.smooth]
    assert np.mean(hits) >= 0.95


def test_more_of_an_unknown_tagger_is_told() -> None:
    weeks = [counts(240, 100, 60, model=NEW), counts(20, 20, 20, model=STRANGE)]
    found = assemble("p", Interval.WEEK, trend(*weeks), adjuster=ADJUSTER, of=WEEKLY)
    assert found.uncorrected is Uncorrected.HELD_OUT
    assert {row.adjusted for row in found.rows} == {None}
    assert ADJUSTER.moves("p", weeks) is None
