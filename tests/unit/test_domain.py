from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.dead_letter import KEPT_BYTES, DeadLetter, dead_letter
from minyi.domain import MAX_RECORD_BYTES, Comment
from minyi.errors import InvalidRecord
from tests.hostile import hostile_records

GOOD = {"id": "1", "source": "s", "text": "支持", "created_at": "2026-03-01T08:00:00+08:00"}
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def read(**changes: Any) -> Comment:
    return Comment.from_json(json.dumps(GOOD | changes))


def refuse(raw: bytes | str) -> InvalidRecord:
    with pytest.raises(InvalidRecord) as caught:
        Comment.from_json(raw)
    return caught.value


def readable_or_refused(raw: bytes) -> None:
    """What comes in either is written and read back as it was, or has a reason to be buried."""
    try:
        comment = Comment.from_json(raw)
    except InvalidRecord as error:
        letter = dead_letter(
            raw, origin="t/0/0", stage="link", reason=error.reason, place=error.place, at=NOON
        )
        assert letter.reason
        assert DeadLetter.model_validate_json(letter.to_json()) == letter
        assert letter.content == raw[:KEPT_BYTES]
        return
    written = comment.to_json()
    assert len(written) <= MAX_RECORD_BYTES
    assert Comment.from_json(written) == comment
    assert Comment.from_json(written).to_json() == written


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([*Comment.model_fields, "unknown", "", "\ud800", "extra"])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    readable_or_refused(raw)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    readable_or_refused(json.dumps(value).encode())


@given(st.dictionaries(FIELDS, JSON, max_size=6))
def test_a_good_comment_with_any_odd_fields_is_read_or_refused(odd: dict[str, Any]) -> None:
    readable_or_refused(json.dumps(GOOD | odd).encode())


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_any_text_is_read_or_refused(text: str, title: str) -> None:
    readable_or_refused(json.dumps(GOOD | {"text": text, "title": title}).encode())


def test_hostile_records_are_read_or_refused() -> None:
    for raw in hostile_records(2_000, seed=7):
        readable_or_refused(raw)


def test_hostile_records_are_the_same_each_time() -> None:
    assert list(hostile_records(300)) == list(hostile_records(300))


def test_a_time_without_a_zone_is_read_as_shanghai() -> None:
    assert read(created_at="2026-03-01T08:00:00").created_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert read(created_at="2026-03-01").created_at == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    [1_700_000_000, 1.7e12, "1700000000", "1700000000000", " 1700000000", True, None, "昨天", ""],
)
def test_seconds_and_words_are_no_time(moment: object) -> None:
    error = refuse(json.dumps(GOOD | {"created_at": moment}))
    assert error.place == "field created_at"


@pytest.mark.parametrize("moment", ["9999-12-31", "0000-01-01", "1989-12-31", "2100-01-02"])
def test_far_dates_are_typing_errors(moment: str) -> None:
    assert refuse(json.dumps(GOOD | {"created_at": moment})).place == "field created_at"


def test_control_characters_go_and_line_breaks_stay() -> None:
    assert read(text="支\x00持\x1b\n好\t").text == "支持\n好\t"


@pytest.mark.parametrize("field", ["text", "title", "region", "channel", "source", "author", "url"])
def test_no_text_steers_a_terminal_or_turns_what_is_read(field: str) -> None:
    """C1 controls begin an escape sequence as ESC does; an override of the direction shows text
    in another order, also that around it."""
    for steering in "\x1b\x80\x85\x9b\x9f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        assert getattr(read(**{field: f"好{steering}31m"}), field) == "好31m"


def test_what_joins_or_marks_characters_stays() -> None:
    for text in ("👨\u200d👩\u200d👧", "❤️", "1️⃣", "ا\u200cب", "\u200fعربي\u200e", "字\u3000距\xa0"):
        assert read(text=text, title=text).text == text


def test_a_text_of_nothing_is_refused() -> None:
    for text in ("", "  \n", "\x00\x07", "\x85\u202e"):
        assert refuse(json.dumps(GOOD | {"text": text})).place == "field text"


def test_too_long_a_title_is_told_in_characters() -> None:
    error = refuse(json.dumps(GOOD | {"title": "长" * 501}))
    assert (error.reason, error.place) == ("must have at most 500 characters", "field title")


def test_unknown_fields_are_kept() -> None:
    comment = read(mood="好", extra={"a": 1})
    assert comment.extra == {"a": 1, "mood": "好"}
    assert Comment.from_json(comment.to_json()) == comment


def test_what_is_no_json_number_is_read_as_missing() -> None:
    """Some tools write NaN for an empty cell."""
    comment = read(likes=float("nan"), score=float("inf"))
    assert comment.likes is None
    assert comment.extra == {"score": None}


def test_a_name_that_stands_twice_leaves_open_what_was_said() -> None:
    raw = json.dumps(GOOD)[:-1]
    assert refuse(f'{raw}, "text": "反对"}}').reason == "the name 'text' stands twice"
    refused = refuse(f'{raw}, "reply": {{"text": "是", "at": null, "text": "否"}}}}')
    assert (refused.reason, refused.place) == ("the name 'text' stands twice", "field reply")
    kept = Comment.from_json(f'{raw}, "Text": "反对", "mood": {{"a": 1, "a": 2}}}}')
    assert kept.extra == {"Text": "反对", "mood": {"a": 2}}


def test_a_record_that_grows_in_writing_is_refused_at_once() -> None:
    raw = json.dumps(GOOD)[:-1] + ', "numbers": [' + "1e9," * 200_000 + "1]}"
    assert len(raw) < MAX_RECORD_BYTES
    assert "bytes as JSON" in refuse(raw).reason


def test_the_place_of_an_error_has_a_bound() -> None:
    error = refuse(json.dumps(GOOD | {"reply": {"text": "好", "k" * 9_000: 1}}))
    assert len(error.place) < 200


def test_a_dead_letter_keeps_the_first_bytes_and_the_size() -> None:
    raw = bytes(range(256)) * 1_000
    letter = dead_letter(
        raw,
        origin=b"\xd6\xd0.csv".decode(errors="surrogateescape"),  # a file name that is no UTF-8
        stage="read",
        reason="\ud800" * 5_000,
        place="\ud800",
        at=NOON,
    )
    assert letter.content == raw[:KEPT_BYTES]
    assert (letter.size, len(letter.reason)) == (256_000, 1_000)
    again = json.loads(letter.to_json())
    assert base64.b64decode(again["original"]) == raw[:KEPT_BYTES]


def test_a_dead_letter_is_the_same_record_at_the_same_origin() -> None:
    letters = [
        dead_letter(b"x", origin=origin, stage="link", reason="r", at=NOON)
        for origin in ("comments/0/1", "comments/0/1", "comments/0/2")
    ]
    assert letters[0].key == letters[1].key != letters[2].key
