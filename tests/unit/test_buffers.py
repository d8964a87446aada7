"""What an agent has not taken yet is bounded by its size and by its number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import faust
import pytest

from streams.buffers import App, Buffer

LONG = 15
"""Places that the longest comment takes."""


def event(length: int) -> faust.Event:
    app: Any = None
    message: Any = SimpleNamespace(value=b"a" * length)
    return faust.Event(app, None, message.value, None, message)


@pytest.fixture
def buffer() -> Buffer:
    app = App("buffers", broker="embedded:///nowhere", web_enabled=False)
    app.flow_control.resume()
    return app.FlowControlQueue(4 * LONG, clear_on_resume=True)


@pytest.mark.parametrize(("length", "fit"), [(0, 60), (4_000, 60), (60_000, 4), (1_000_000, 1)])
async def test_long_records_fill_a_buffer_sooner(buffer: Buffer, length: int, fit: int) -> None:
    for _ in range(fit):
        assert not buffer.full()
        buffer.put_nowait(event(length))
    assert buffer.full()
    for _ in range(fit):
        await buffer.get()
    assert (buffer.empty(), buffer.full(), buffer.qsize()) == (True, False, 0)


async def test_a_buffer_that_is_emptied_has_all_its_room_again(buffer: Buffer) -> None:
    buffer.put_nowait(event(1_000_000))
    buffer.clear()
    assert (buffer.empty(), buffer.full(), buffer.qsize()) == (True, False, 0)
