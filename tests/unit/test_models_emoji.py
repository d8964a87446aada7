"""Emoji are read as characters that mean them, and places in the text stay what they are."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models import emoji
from models.artifact import SHIPPED, TOKENIZER
from models.inputs import InputEncoder


@pytest.fixture(scope="module")
def inputs() -> InputEncoder:
    return InputEncoder(SHIPPED, 64)


def test_an_emoji_is_read_as_a_character_that_means_it(inputs: InputEncoder) -> None:
    read = inputs.pair("限行", "又限行👎🏿，真行👍️")
    assert read.ids == inputs.pair("限行", "又限行差 ，真行赞 ").ids
    assert read.offsets[-1] == (8, 9)


def test_a_single_text_and_an_older_artifact_read_none(inputs: InputEncoder) -> None:
    plain = InputEncoder(SHIPPED, 64, emoji=False)
    assert plain.pair("限行", "好👎").ids != inputs.pair("限行", "好👎").ids
    assert plain.single("好👎").ids == inputs.single("好👎").ids


def test_three_of_a_kind_say_as_much_as_three_hundred(inputs: InputEncoder) -> None:
    assert inputs.pair("限行", "😡" * 300).ids == inputs.pair("限行", "😡😡😡").ids
    assert len(emoji.in_words("啊😡😡😡😡啊")) == 6


def test_every_emoji_has_one_meaning_that_the_vocabulary_knows() -> None:
    every = Counter("".join(emoji._MEANINGS.values()))
    assert [one for one, count in every.items() if count > 1] == []
    vocabulary = Tokenizer.from_file(str(SHIPPED / TOKENIZER)).get_vocab()
    assert [word for word in emoji._MEANINGS if word.strip() and word not in vocabulary] == []


@given(st.text(st.sampled_from("好😡👍🏿👨\u200d👩🔥 \ufe0f")))
def test_the_length_stays(text: str) -> None:
    assert len(emoji.in_words(text)) == len(text)
