"""Clauses, and how often the evidence is one that shows the stance."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.domain import StanceProbabilities, Tagging
from minyi.policy import Policy
from minyi.vocabulary import Stance
from models.evidence import clauses, shown
from models.rows.examples import Example, about, policies

TEXT = "早高峰太堵了，我支持限行，希望早点开始"
FIRST, SECOND, THIRD = clauses(TEXT)


class OneClause:
    """A tagger that finds everybody in favor, by the second clause."""

    def tag(self, pairs: list[tuple[Policy, str]]) -> list[Tagging]:
        chances = StanceProbabilities(favor=0.8, against=0.1, none=0.1)
        tagging = Tagging(
            stance=Stance.FAVOR, probabilities=chances, sure=True, evaluations=(), span=SECOND
        )
        return [tagging for _ in pairs]


def row(stance: int, *spans: tuple[int, int]) -> Example:
    return about(policies()["driving-restriction"], TEXT, stance, (), spans=spans)


def test_only_rightly_read_rows_with_marks_count_and_chance_is_told() -> None:
    pytest.importorskip("sklearn", reason="needs the train extra")
    from models.scoring.score import evidence_scores

    rows = [row(0, SECOND, THIRD), row(0, FIRST), row(1, SECOND), row(0)]
    tagger: Any = OneClause()
    hits, chance = evidence_scores(tagger, rows, "rows")
    assert (hits.model, hits.rows) == (0.5, 2)
    assert chance.model == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert not list(evidence_scores(tagger, rows[2:], "rows"))


@given(st.text("我支持限行，。！ \n;a", max_size=40))
def test_clauses_stand_in_order_hold_words_and_do_not_overlap(text: str) -> None:
    found = clauses(text)
    assert found == sorted(found)
    assert all(one[1] <= two[0] for one, two in pairwise(found))
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in found)


def test_a_clause_that_names_the_policy_counts_as_often_as_the_decision_says() -> None:
    weighed = {FIRST: 0.5, SECOND: 0.2, THIRD: 0.3}
    assert shown(weighed, TEXT, ("限行",), 1.0) == FIRST
    assert shown(weighed, TEXT, ("限行",), 3.0) == SECOND
    assert shown(weighed, TEXT.replace("限", "Ｘ"), ("x行",), 3.0) == SECOND  # names are folded
    assert shown(weighed, TEXT, (), 3.0) == FIRST
    assert shown({}, "，。", ("限行",), 3.0) is None
