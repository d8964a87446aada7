"""The number that tells a newer edit of a comment from an older one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streams.edits import HEADER, arrived, carried, headers

NOW_MS = 1_780_000_000_123


def event(at_ms: int = NOW_MS, offset: int = 0, stamped: bool = True, **carrying: Any) -> Any:
    message = SimpleNamespace(timestamp=at_ms / 1000, timestamp_type=int(stamped), offset=offset)
    return SimpleNamespace(message=message, headers=carrying)


def test_it_rises_with_time_and_within_a_millisecond_with_the_offset() -> None:
    later = [
        event(),
        event(offset=1),
        event(offset=77_777),
        event(NOW_MS + 1, offset=2),  # of a topic that was made anew
        event(NOW_MS + 50 * 365 * 86_400_000),
    ]
    numbers = [arrived(each) for each in later]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 2**63


def test_the_time_of_a_sender_gives_none() -> None:
    assert arrived(event(stamped=False)) is None
    assert headers(None) == ()


def test_it_is_carried_on() -> None:
    number = arrived(event())
    assert carried(event(**dict(headers(number)))) == number


@pytest.mark.parametrize("value", [None, b"", b"-1", b"1.5", "7", b"\xff"])
def test_what_is_no_number_is_none(value: Any) -> None:
    assert carried(event(**{HEADER: value})) is None
