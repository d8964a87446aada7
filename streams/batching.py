"""Batches that fill by size or time, acknowledged only when their work is done.

Faust's own ``take`` acknowledges a batch even when its body fails or is cancelled, which loses
records; here nothing is acknowledged until the caller says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

Event = Any
"""A ``faust.EventT``; Faust ships no usable annotations."""


class Gate:
    """Lets batches through until it is closed, and knows how many are being worked on."""

    def __init__(self) -> None:
        self._closed = False
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    async def enter(self) -> None:
        """Let a batch through; at a closed gate wait until cancelled."""
        if self._closed:
            await asyncio.Event().wait()
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        """Say that the work on a batch is over."""
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    async def close(self, within: float) -> bool:
        """Let no more through, and wait up to ``within`` seconds for those inside; return whether
        all have left."""
        self._closed = True
        try:
            async with asyncio.timeout(within):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True


async def batches(
    stream: Any, size: int, within: float, gate: Gate | None = None
) -> AsyncIterator[list[Event]]:
    """Yield lists of 1 to ``size`` events, the first of them at most ``within`` seconds old.

    The next events are not fetched while the caller works, so a slow caller fills Faust's bounded
    buffer, and Faust pauses the partition: that is the backpressure. Once the gate is closed no
    more batches come; what was fetched for the next is not acknowledged and comes again.
    """
    gate = gate or Gate()
    batch: list[Event] = []
    room, news = asyncio.Event(), asyncio.Event()

    async def fill() -> None:
        # One task for all events: a task for each costs five times as much.
        async for event in stream.noack().events():
            batch.append(event)
            if len(batch) >= size:
                room.clear()
            if len(batch) in (1, size):
                news.set()
            await room.wait()

    filling = asyncio.ensure_future(fill())
    filling.add_done_callback(lambda _: news.set())
    try:
        while True:
            if len(batch) < size:
                room.set()
            while not batch and not filling.done():
                news.clear()
                await news.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while len(batch) < size and not filling.done():
                        news.clear()
                        await news.wait()
            room.clear()  # what is being fetched now is the first of the next batch
            if filling.done():
                filling.result()
            ready, batch = batch, []
            if ready:
                await gate.enter()
                try:
                    yield ready
                finally:
                    gate.leave()
            elif filling.done():
                return
    finally:
        filling.cancel()


async def acknowledge(stream: Any, batch: list[Event]) -> None:
    """Mark every event of the batch as done, so that its offset may be committed."""
    for event in batch:
        await stream.ack(event)
