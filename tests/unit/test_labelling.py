"""Active labelling: what is proposed, and what labels do to the shares."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.drawing import Candidate, candidates, propose, stands_for
from minyi.labelling import Narrowing, narrowed
from minyi.outputs import STANCES
from minyi.vocabulary import Stance
from tests.opinions import opinion


def text(
    number: int, probabilities: tuple[float, ...], copies: int = 1, world: int = 0
) -> Candidate:
    ids = tuple(f"{number}.{copy}" for copy in range(copies))
    return Candidate(f"{world}-{number}", ids, probabilities)


unit = st.floats(0, 1)
populations = st.lists(
    st.tuples(st.tuples(unit, unit, unit), st.integers(1, 4)), min_size=1, max_size=30
).map(lambda rows: [text(i, p, copies) for i, (p, copies) in enumerate(rows)])
labelled = populations.flatmap(
    lambda texts: st.tuples(
        st.just(texts),
        st.dictionaries(st.sampled_from([t.opinion_id for t in texts]), st.sampled_from(STANCES)),
    )
)


@given(populations, st.integers(1, 40), st.integers(0, 5))
def test_the_same_seed_proposes_the_same_and_a_larger_budget_goes_on(
    texts: list[Candidate], budget: int, seed: int
) -> None:
    proposed = [p.opinion_id for p in propose(texts, budget, seed)]
    assert proposed == [p.opinion_id for p in propose(texts[::-1], budget, seed)]
    assert len(proposed) == len(set(proposed)) == min(budget, len(texts))
    assert [p.opinion_id for p in propose(texts, budget + 7, seed)][: len(proposed)] == proposed


def test_new_comments_do_not_shuffle_the_old_ones() -> None:
    texts = [text(i, (0.5, 0.3, 0.2)) for i in range(50)]
    before = [p.opinion_id for p in propose(texts[:40], 40)]
    after = [p.opinion_id for p in propose(texts, 50)]
    assert [name for name in after if name in before] == before


def test_inclusion_adds_up_to_the_budget_and_its_inverse_to_the_population() -> None:
    rng = np.random.default_rng(1)
    texts = [text(i, tuple(rng.dirichlet([0.4, 0.4, 0.4])), 1 + i % 3) for i in range(120)]
    draws = [propose(texts, 20, seed) for seed in range(600)]
    inclusion = {t.opinion_id: 0.0 for t in texts}
    for draw in draws:
        for proposal in draw:
            assert 0 < proposal.inclusion <= 1
            inclusion[proposal.opinion_id] += 1 / len(draws)
    assert sum(inclusion.values()) == pytest.approx(20)
    represented = [sum(1 / p.inclusion for p in draw) for draw in draws]
    assert np.mean(represented) == pytest.approx(120, rel=0.05)


def test_what_the_tagger_doubts_and_what_many_copied_comes_first() -> None:
    sure = [text(i, (0.99, 0.005, 0.005)) for i in range(100)]
    doubted = [text(100 + i, (0.4, 0.4, 0.2)) for i in range(100)]
    names = [p.opinion_id for p in propose(sure + doubted, 50)]
    assert sum(int(name.split(".")[0]) >= 100 for name in names) > 35
    campaign = text(200, (0.5, 0.3, 0.2), copies=2000)
    assert propose([*sure, *doubted, campaign], 50)[0].inclusion == 1
    assert "200.0" in [p.opinion_id for p in propose([*sure, *doubted, campaign], 5)]


@given(labelled, st.floats(0.01, 0.3))
def test_no_label_makes_an_interval_wider(
    case: tuple[list[Candidate], dict[str, Stance]], spread: float
) -> None:
    texts, labels = case
    found = narrowed(texts, labels, spread)
    assert found.drawn + found.others == len(labels)
    for change in found.changes.values():
        assert change.after.margin <= change.before.margin + 1e-12
        assert 0 <= change.narrower <= 1
        for estimate in (change.before, change.after):
            assert 0 <= estimate.low <= estimate.share + 1e-9
            assert estimate.share - 1e-9 <= estimate.high <= 1
        if not labels:
            assert change.after.margin == pytest.approx(change.before.margin)
            assert change.after.share == pytest.approx(change.before.share)


@given(labelled.filter(lambda case: bool(case[1])), st.integers(0, 3))
def test_labels_of_all_give_the_true_share(
    case: tuple[list[Candidate], dict[str, Stance]], place: int
) -> None:
    texts, labels = case
    # the label of any copy stands for the whole text
    stances = {
        t.opinion_ids[place % t.copies]: labels.get(t.opinion_id, Stance.NONE) for t in texts
    }
    found = narrowed(texts, stances)
    total = sum(t.copies for t in texts)
    for stance, change in found.changes.items():
        true = sum(t.copies for t in texts if labels.get(t.opinion_id, Stance.NONE) is stance)
        assert change.after.share == pytest.approx(true / total, abs=1e-6)


def test_labels_of_all_leave_the_sampling_only() -> None:
    texts = [text(i, (0.6, 0.3, 0.1)) for i in range(1000)]
    stances = {t.opinion_id: STANCES[i % 2] for i, t in enumerate(texts)}
    after = narrowed(texts, stances).changes[Stance.FAVOR].after
    assert after.margin == pytest.approx(1.96 * (0.25 / 1000) ** 0.5, rel=0.01)


def test_a_few_labels_that_agree_are_no_certainty() -> None:
    texts = [text(i, (0.6, 0.3, 0.1)) for i in range(1000)]
    names = [p.opinion_id for p in propose(texts, 3)]
    found = narrowed(texts, dict.fromkeys(names, Stance.FAVOR))
    assert 0 <= found.changes[Stance.FAVOR].narrower < 0.2


def test_a_label_that_was_not_proposed_speaks_for_itself_only() -> None:
    texts = [text(i, (0.6, 0.3, 0.1)) for i in range(200)]
    last = propose(texts, 200)[-1].opinion_id
    found = narrowed(texts, {last: Stance.AGAINST})
    assert (found.drawn, found.others) == (0, 1)
    change = found.changes[Stance.AGAINST]
    assert change.after.share - change.before.share == pytest.approx(0.7 / 200, abs=1e-6)


def test_comments_passed_over_are_counted() -> None:
    texts = [text(i, (0.6, 0.3, 0.1)) for i in range(200)]
    names = [p.opinion_id for p in propose(texts, 20)]
    found = narrowed(texts, dict.fromkeys(names[:5] + names[7:], Stance.FAVOR))
    assert (found.drawn, found.skipped, found.others) == (18, 2, 0)


@given(populations, st.integers(1, 30), st.integers(0, 30))
def test_a_label_stands_for_as_many_however_large_the_budget_was(
    texts: list[Candidate], answered: int, more: int
) -> None:
    copies = {t.opinion_id: t.copies for t in texts}
    asked = [p.opinion_id for p in propose(texts, answered + more)]
    found = stands_for(texts, dict.fromkeys([*asked[:answered], "gone"], Stance.NONE))
    assert found == pytest.approx(
        {p.opinion_id: copies[p.opinion_id] / p.inclusion for p in propose(texts, answered)}
    )


def test_labels_stand_for_what_was_passed_over_and_others_for_their_copies() -> None:
    texts = [text(i, (0.6, 0.3, 0.1), copies=1 + i % 3) for i in range(200)]
    drawn = propose(texts, 200)
    copies = {t.opinion_id: t.copies for t in texts}
    through, last = [p.opinion_id for p in drawn[:20]], drawn[-1].opinion_id
    labels = dict.fromkeys([*through[:5], *through[7:], last], Stance.FAVOR)
    found = stands_for(texts, labels)
    assert found.pop(last) == copies[last]
    rest = [t for t in texts if t.opinion_id != last]
    whole = {p.opinion_id: copies[p.opinion_id] / p.inclusion for p in propose(rest, 20)}
    assert found == pytest.approx({name: whole[name] * 20 / 18 for name in found})


def test_labels_of_copies_share_what_the_text_stands_for() -> None:
    texts = [text(1, (0.6, 0.3, 0.1), copies=4)]
    labels = {"1.3": Stance.FAVOR, "1.1": Stance.NONE}
    assert stands_for(texts, labels) == {"1.1": 2, "1.3": 2}


def test_copies_are_one_candidate_the_oldest_of_them() -> None:
    half = {"favor": 0.5, "against": 0.5, "none": 0}
    found = candidates(
        [
            opinion("b", "电梯好！", probabilities=half),
            opinion("a", "电梯好", created_at="2026-02-01T00:00:00+08:00"),
            opinion("c", "电梯吵"),
        ]
    )
    both = next(t for t in found if t.copies == 2)
    assert len(found) == 2
    assert both.opinion_id == opinion("a", "").id
    assert both.probabilities == (0.75, 0.25, 0)


@pytest.mark.parametrize(("budget", "explore"), [(0, 0.1), (1, 0.0), (1, 1.1)])
def test_a_draw_that_cannot_be_is_refused(budget: int, explore: float) -> None:
    with pytest.raises(ValueError, match=r"budget|explore"):
        propose([text(1, (1, 0, 0))], budget, explore=explore)


def simulated(world: int, shift: float, explore: float) -> tuple[Narrowing, np.ndarray]:
    """Label 50 of 300 texts on a policy that the tagger misreads; return the true shares too."""
    rng = np.random.default_rng(world)
    p = np.where(
        (rng.random(300) < 0.7)[:, None],
        rng.dirichlet([0.15, 0.2, 0.25], 300),
        rng.dirichlet([1.5, 2, 2.5], 300),
    ).clip(1e-6)
    p /= p.sum(axis=1, keepdims=True)
    true = p * np.exp(rng.normal(0, shift, 3))
    true /= true.sum(axis=1, keepdims=True)
    stances = [STANCES[rng.choice(3, p=row)] for row in true]
    texts = [text(i, tuple(row), world=world) for i, row in enumerate(p)]
    names = [proposal.opinion_id for proposal in propose(texts, 50, explore=explore)]
    labels = {name: stances[int(name.split(".")[0])] for name in names}
    return narrowed(texts, labels, explore=explore), true.mean(axis=0)


@cache
def simulation(shift: float, explore: float = 0.1) -> tuple[float, float, float]:
    """Return the coverage, the mean margin before and the mean margin after."""
    hits, before, after = [], [], []
    for world in range(120):
        found, true = simulated(world, shift, explore)
        for share, change in zip(true, found.changes.values(), strict=True):
            hits.append(change.after.low <= share <= change.after.high)
            before.append(change.before.margin)
            after.append(change.after.margin)
    return float(np.mean(hits)), float(np.mean(before)), float(np.mean(after))


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_the_interval_covers_the_true_share(shift: float) -> None:
    """Also on policies that the tagger misreads far more than the spread allows for."""
    coverage, before, after = simulation(shift)
    assert coverage >= 0.9
    assert after < 0.85 * before


def test_active_labels_narrow_more_than_ones_by_chance() -> None:
    assert simulation(0.5)[2] < 0.97 * simulation(0.5, explore=1.0)[2]
