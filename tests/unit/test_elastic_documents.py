"""An opinion becomes a document and comes back; any text becomes ideographs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.documents import (
    MAX_WORDS,
    cell,
    document,
    month,
    read_document,
    read_output,
    saying,
    stance_of,
    voter,
    words,
)
from indexers.ideographs import ideographs
from indexers.mappings import COMPUTED, RECORD
from minyi.domain import Opinion
from minyi.outputs import output
from minyi.vocabulary import Aspect, Polarity, Stance

PIECES = st.text(
    st.sampled_from("ab民众\U0001f389\U0001f38a\U00020000\u3400 ．é\x00")
    | st.characters(codec="utf-8")
)


def opinion(**more: Any) -> Opinion:
    values = {
        "id": "a" * 32,
        "comment_id": "c1",
        "policy_id": "waste",
        "domain": "environment",
        "source": "weibo",
        "created_at": datetime(2024, 8, 31, 16, 0, 0, 1, tzinfo=UTC),
        "text": "老旧小区加装电梯，５Ｇ很好！",
        "link": {"policy_id": "waste", "by": "semantic", "similarity": 0.1},
        "stance": "favor",
        "probabilities": {"favor": 0.7, "against": 5e-324, "none": 0.1},
        "duplicate_key": "k",
        "model_id": "m",
    }
    return Opinion.model_validate(values | more)


@given(PIECES, PIECES, PIECES)
def test_ideographs_hold_the_same_substrings(before: str, part: str, after: str) -> None:
    text = before + part + after
    assert ideographs(part) in ideographs(text)
    assert (part in before + after) == (ideographs(part) in ideographs(before + after))
    assert (before in after) == (ideographs(before) in ideographs(after))


@given(PIECES)
def test_ideographs_are_characters_that_stand_alone(text: str) -> None:
    for letter in ideographs(text):
        code = ord(letter)
        assert 0x4E00 <= code <= 0x9FA5 or 0x3400 <= code <= 0x4DB5 or 0x20000 <= code <= 0x2A6D6


def test_a_document_is_the_opinion_and_what_is_computed() -> None:
    said = [
        {"aspect": "effect", "polarity": "criticism", "probability": 0.9},
        {"aspect": "cost", "polarity": "praise", "probability": 0.8},
    ]
    written = opinion(evaluations=said, span=[0, 4], title="标题", reply={"text": "已办"})
    found = json.loads(document(written))
    computed = {name: found.pop(name) for name in COMPUTED if name in found}
    assert found == json.loads(written.to_json())
    assert computed == {
        "created": 1725120000000001,
        "cells": ["effect-", "cost+"],
        "output": "07:m",
        "voter": voter(written),
        "saying": saying(written),
        "answered": True,
        "split_week": True,
        "searchable": ideographs("标题 老旧小区加装电梯,5g很好!"),
        "words": ["标题", "老旧", "小区", "加装", "电梯", "5g"],
    }
    assert read_document(found | computed) == written
    assert month(written) == "2024.09"


@pytest.mark.parametrize(
    ("reply", "answered", "delay"),
    [
        (None, False, None),
        ({"text": "已办"}, True, None),
        ({"text": "已办", "at": "2024-08-31T23:59:59+08:00"}, True, None),
        ({"text": "已办", "at": "2024-09-01"}, True, 0),
        ({"text": "已办", "at": "2024-09-04T00:00:01+08:00"}, True, 3),
    ],
)
def test_a_document_says_how_long_the_reply_took(
    reply: dict[str, str] | None, answered: bool, delay: int | None
) -> None:
    found = json.loads(document(opinion(reply=reply)))
    assert (found["answered"], found.get("delay")) == (answered, delay)


def test_an_opinion_without_an_author_is_a_voter_of_its_own() -> None:
    named = opinion(author="a" * 32), opinion(author="a" * 32, id="b" * 32)
    nameless = opinion(), opinion(id="b" * 32)
    assert voter(named[0]) == voter(named[1])
    assert len({voter(one) for one in (named[0], *nameless)}) == 3
    assert all(-(2**63) <= voter(one) < 2**63 for one in (*named, *nameless))


@given(st.text(), st.text(), st.sampled_from(Stance), st.sampled_from(Stance))
def test_near_identical_texts_of_one_stance_are_one_saying(
    a: str, b: str, first: Stance, second: Stance
) -> None:
    one = opinion(duplicate_key=a, stance=first)
    other = opinion(duplicate_key=b, stance=second)
    assert (saying(one) == saying(other)) == ((a, first) == (b, second))
    assert stance_of(saying(one)) is first


@pytest.mark.parametrize(
    ("day", "split"),
    [
        ("2024-08-25", False),
        ("2024-08-26", True),
        ("2024-09-01", True),
        ("2024-09-02", False),
        ("2024-04-30", True),
        ("2024-12-31", True),
        ("2024-07-01", False),
    ],
)
def test_a_document_says_whether_its_week_lies_in_two_months(day: str, split: bool) -> None:
    for time in ("00:00", "23:59:59"):
        written = opinion(created_at=f"{day}T{time}+08:00")
        assert json.loads(document(written))["split_week"] is split


@given(st.text(), st.sampled_from(Stance))
def test_an_output_is_read_as_it_was_written(model_id: str, stance: Stance) -> None:
    written = opinion(model_id=model_id, stance=stance)
    bin_ = output(stance, written.probabilities)
    assert read_output(json.loads(document(written))["output"]) == (model_id, bin_)


def test_every_field_of_an_opinion_is_mapped() -> None:
    assert set(RECORD) == set(Opinion.model_fields)
    for name in ("reply", "link", "probabilities"):
        field = Opinion.model_fields[name].annotation
        (model,) = [
            t for t in (field, *getattr(field, "__args__", ())) if hasattr(t, "model_fields")
        ]
        assert set(RECORD[name]["properties"]) == set(model.model_fields)


@pytest.mark.parametrize(
    ("text", "found"),
    [("", []), ("好 ， !! -- 1", []), ("电梯电梯", ["电梯"]), ("a" * 33 + " app", ["app"])],
)
def test_words_are_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_words_are_bounded() -> None:
    assert len(words(" ".join(f"word{n}" for n in range(1000)))) == MAX_WORDS


def test_cells_are_named_by_a_sign() -> None:
    assert cell(Aspect.EFFECT, Polarity.PRAISE) == "effect+"
