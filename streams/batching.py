"""Batches that fill by size or time, acknowledged only when their work is done.

Faust's own ``take`` acknowledges a batch even when its body fails or is cancelled, which loses
records; here nothing is acknowledged until the caller says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

Event = Any
"""A ``faust.EventT``; Faust ships no usable annotations."""


async def batches(stream: Any, size: int, within: float) -> AsyncIterator[list[Event]]:
    """Yield lists of 1 to ``size`` events, the first of them at most ``within`` seconds old.

    The next events are not fetched while the caller works, so a slow caller fills Faust's bounded
    buffer, and Faust pauses the partition: that is the backpressure.
    """
    events = stream.noack().events()
    loop = asyncio.get_running_loop()
    upcoming: asyncio.Future[Event] | None = None
    try:
        while True:
            batch: list[Event] = []
            deadline = 0.0
            while len(batch) < size:
                if upcoming is None:
                    upcoming = asyncio.ensure_future(anext(events))
                timeout = max(0.0, deadline - loop.time()) if batch else None
                done, _ = await asyncio.wait({upcoming}, timeout=timeout)
                if not done:
                    break
                event, upcoming = upcoming, None
                try:
                    batch.append(event.result())
                except StopAsyncIteration:
                    if batch:
                        yield batch
                    return
                if len(batch) == 1:
                    deadline = loop.time() + within
            yield batch
    finally:
        if upcoming is not None:
            upcoming.cancel()


async def acknowledge(stream: Any, batch: list[Event]) -> None:
    """Mark every event of the batch as done, so that its offset may be committed."""
    for event in batch:
        await stream.ack(event)
