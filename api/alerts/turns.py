"""Work that goes on for ever, and the waits between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

log = logging.getLogger(__name__)

IDLE_S = 30.0
"""Without news a look is taken this often: another process may have written."""


async def by_turns(
    work: Callable[[], Awaitable[None]], rest: Callable[[], Awaitable[None]]
) -> None:
    """Work and rest until cancelled; what fails is logged and tried again."""
    while True:
        try:
            await work()
            await rest()
        except Exception as error:
            log.warning("alerts: %r; going on in %.0f s", error, IDLE_S)
            await asyncio.sleep(IDLE_S)


async def wait(event: asyncio.Event, idle_s: float, settle_s: float = 0.0) -> None:
    """Wait for an event, and ``settle_s`` longer for more of it, or for ``idle_s``; clear it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(idle_s):
            await event.wait()
        await asyncio.sleep(settle_s)
    event.clear()
