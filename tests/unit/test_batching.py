"""Batches fill by size or time, and end at a closed gate with the work in hand finished."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from streams.batching import Gate, batches


class Stream:
    """A Faust stream of numbers that stays open."""

    def __init__(self, count: int) -> None:
        self.count = count

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[int]:
        for number in range(self.count):
            yield number
        await asyncio.Event().wait()


async def test_the_batch_in_hand_is_finished_and_no_other_comes() -> None:
    gate, started, go_on = Gate(), asyncio.Event(), asyncio.Event()
    done: list[list[int]] = []

    async def work() -> None:
        async for batch in batches(Stream(10), 4, 0.01, gate):
            started.set()
            await go_on.wait()
            done.append(batch)

    agent = asyncio.create_task(work())
    await started.wait()
    closing = asyncio.create_task(gate.close(30))
    await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    assert await closing
    assert done == [[0, 1, 2, 3]]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(agent, 0.1)  # parked until cancelled
    assert done == [[0, 1, 2, 3]]


async def test_a_batch_that_takes_too_long_is_not_waited_for() -> None:
    gate, started = Gate(), asyncio.Event()

    async def work() -> None:
        async for _ in batches(Stream(1), 4, 0.01, gate):
            started.set()
            await asyncio.Event().wait()

    agent = asyncio.create_task(work())
    await started.wait()
    assert not await gate.close(0.01)
    agent.cancel()
    await asyncio.gather(agent, return_exceptions=True)


async def test_an_idle_gate_closes_at_once() -> None:
    assert await Gate().close(0)
