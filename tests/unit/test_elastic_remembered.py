"""Answers are given again for the same opinions only, and forgotten in the end."""

from __future__ import annotations

import pytest

from indexers import remembered
from indexers.remembered import Remembered, Stamp, read_stamp

BEFORE: Stamp = frozenset({("opinions-v1-2024.04", 3, 7.0), ("opinions-v1-2024.05", 2, 4.0)})


def test_a_stamp_is_read_in_any_order() -> None:
    buckets = [
        {"key": index, "doc_count": count, "newest": {"value": newest}}
        for index, count, newest in BEFORE
    ]
    assert read_stamp({"buckets": buckets}) == read_stamp({"buckets": buckets[::-1]}) == BEFORE
    assert read_stamp({"buckets": []}) == frozenset()


@pytest.mark.parametrize(
    "after",
    [
        frozenset(),
        frozenset({("opinions-v1-2024.05", 2, 4.0)}),  # a month was dropped
        BEFORE - {("opinions-v1-2024.05", 2, 4.0)} | {("opinions-v1-2024.05", 1, 4.0)},
        BEFORE - {("opinions-v1-2024.05", 2, 4.0)} | {("opinions-v1-2024.05", 2, 5.0)},
        BEFORE | {("opinions-v1-2024.06", 1, 0.0)},
    ],
)
def test_an_answer_stands_for_the_same_opinions(after: Stamp) -> None:
    answers = Remembered()
    assert "how many?" not in answers
    answers.put("how many?", BEFORE, [5])
    assert "how many?" in answers
    assert answers.get("how many?", BEFORE) == [5]
    assert answers.get("how many?", after) is None
    answers.put("how many?", after, [6])
    assert answers.get("how many?", BEFORE) is None
    assert answers.get("how many?", after) == [6]


def test_a_reader_cannot_spoil_an_answer() -> None:
    answers = Remembered()
    answers.put("which?", BEFORE, [1, 2])
    given = answers.get("which?", BEFORE)
    assert given is not None
    given.clear()
    assert answers.get("which?", BEFORE) == [1, 2]


def test_the_answers_unused_for_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "ROWS", 9)
    answers = Remembered()
    for question in ("a", "b", "c"):
        answers.put(question, BEFORE, [1, 2])
    assert answers.get("a", BEFORE) == [1, 2]
    answers.put("d", BEFORE, [1, 2])
    assert [question for question in "abcd" if question in answers] == ["a", "c", "d"]
    answers.put("e", BEFORE, [0] * 100)
    assert not any(question in answers for question in "abcde"), "larger than all room"
