"""When too many records die, the worker stops; a trickle goes on for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.dead_letter import KEPT_BYTES, DeadLetter, dead_letter
from minyi.errors import TooManyDeadLetters
from minyi.setting_groups import DeadLetterSettings
from minyi.settings import Settings, load_settings
from streams.dead_letters import Window
from tests.stream import comments, run

AT = datetime(2026, 3, 1, tzinfo=UTC)


def letter(origin: str = "comments/0/1", retry_of: str | None = None) -> DeadLetter:
    return dead_letter(
        b"x", origin=origin, stage="link", reason="r", at=AT, record_key=b"\xff", retry_of=retry_of
    )


def test_a_letter_of_an_earlier_version_is_read() -> None:
    old = '{"origin":"comments/0/1","stage":"link","reason":"r","place":"","at":"2026-03-01T00:00:00Z","original":"eA==","size":1}'  # noqa: E501
    read = DeadLetter.model_validate_json(old)
    assert read.key == letter().key
    assert (read.content, read.record_key, read.retry_of) == (b"x", None, None)


def test_a_row_is_one_letter_by_its_place_and_its_bytes() -> None:
    def row(original: bytes, origin: str = "a.csv:line 2") -> bytes:
        return dead_letter(original, origin=origin, stage="read", reason="r", at=AT).key

    assert row(b"x") == row(b"x")
    assert len({row(b"x"), row(b"y"), row(b"x", "a.csv:line 3")}) == 3


def test_what_is_retried_from_one_letter_dies_into_one_letter_again() -> None:
    first = letter().key.decode()
    again, once_more = letter("comments/0/8", first), letter("comments/1/9", first)
    assert again.key == once_more.key != letter().key
    assert letter("comments/0/20", again.key.decode()).key not in (again.key, letter().key)


def test_what_an_agent_makes_twice_dies_into_one_letter() -> None:
    """After a crash an agent reads again, and what it made comes once more, further on."""

    def made(offset: int, original: bytes, record_key: bytes = b"c1", stage: str = "tag") -> bytes:
        origin = f"links/0/{offset}"
        return dead_letter(
            original, origin=origin, stage=stage, reason="r", at=AT, record_key=record_key
        ).key

    assert made(3, b"x") == made(9, b"x")
    others = {made(3, b"y"), made(3, b"x", b"c2"), made(3, b"x", stage="index")}
    assert len(others | {made(3, b"x")}) == 4


def test_an_original_that_was_cut_says_so() -> None:
    for size, cut in ((KEPT_BYTES, False), (KEPT_BYTES + 1, True)):
        made = dead_letter(b"x" * size, origin="o", stage="read", reason="r", at=AT)
        assert (made.cut, made.size) == (cut, size)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.integers(0, 6)), max_size=60),
    st.integers(1, 20),
    st.floats(1, 30),
)
def test_the_window_holds_the_limit_and_no_more(
    steps: list[tuple[float, int]], limit: int, window_s: float
) -> None:
    now = 0.0
    window = Window(DeadLetterSettings(limit=limit, window_s=window_s), lambda: now)
    admitted: list[tuple[float, int]] = []
    for pause, count in steps:
        now += pause
        recent = sum(n for at, n in admitted if at > now - window_s)
        if count and recent + count > limit:
            with pytest.raises(TooManyDeadLetters):
                window.admit("tag", count)
        else:
            window.admit("tag", count)
            admitted.append((now, count))


def limited(tmp_path: Path, limit: int) -> Settings:
    return load_settings(data=tmp_path, dead_letters=DeadLetterSettings(limit=limit))


def test_as_many_as_the_limit_go_on(tmp_path: Path) -> None:
    raw = [*comments(50), *(b"broken" for _ in range(20))]
    counts, letters = asyncio.run(run(limited(tmp_path, 20), raw))
    assert counts["in index"] == 50
    assert len(letters) == counts["dead"] == 20
