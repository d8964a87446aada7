"""How far two readings agree."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.score_agreement import alpha, decisions, in_two_files, links_twice
from models.rows.examples import policies

letters = st.sampled_from("abc")
readings = st.lists(st.lists(letters, min_size=2, max_size=4), min_size=1, max_size=20).filter(
    lambda units: len({label for unit in units for label in unit}) > 1
)


def units(*readers: str) -> list[list[Hashable]]:
    """Return the readings of each unit; a point is none."""
    return [[label for label in unit if label != "."] for unit in zip(*readers, strict=True)]


@pytest.mark.parametrize(
    ("readers", "known"),
    [
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_is_that_of_its_authors_examples(readers: tuple[str, ...], known: float) -> None:
    """Krippendorff 2011, Computing Krippendorff's alpha-reliability, sections B to D."""
    assert alpha(units(*readers)) == pytest.approx(known, abs=5e-4)


@given(readings)
def test_alpha_is_one_for_agreement_only_and_asks_for_no_order(units: list[list[str]]) -> None:
    found = alpha(units)
    assert found <= 1
    assert (found == 1) == all(len(set(unit)) == 1 for unit in units)
    assert alpha([unit[::-1] for unit in reversed(units)]) == pytest.approx(found)
    assert alpha([*units, ["a"]]) == found


@pytest.mark.parametrize("nothing", [[], [["a"]], [["a", "a"], ["a", "a"]], [["a"], ["b"]]])
def test_alpha_of_what_cannot_disagree_is_refused(nothing: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="two labels"):
        alpha(nothing)


def test_what_stands_in_two_label_files_agrees_better_than_by_chance() -> None:
    for pairs in in_two_files().values():
        assert len(pairs) >= 10
        assert alpha(pairs) > 0.5


def test_two_annotators_link_the_same_messages_better_than_by_chance() -> None:
    parts = links_twice()
    assert {name: len(part) for name, part in parts.items()} == {
        "all": 150,
        "random": 100,
        "enriched": 50,
    }
    for part in parts.values():
        assert alpha(decisions(part)) > 0.7


def test_second_links_name_policies_and_say_which_reading_holds_where_two_differ() -> None:
    for message in links_twice()["all"]:
        assert message.second <= policies().keys()
        differ = message.first != message.second
        assert message.holds in ({"first", "second", "open"} if differ else {"-"})
