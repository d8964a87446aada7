"""Run a wired app inside the current event loop, and wait until it has nothing left to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from minyi.errors import BrokerUnavailable
from minyi.logs import said
from minyi.settings import embedded_path
from streams.app import APP_ID, Service
from streams.embedded import EmbeddedLog, open_log
from streams.topics import COMMENTS, LINKS, OPINIONS, POLICIES

WORK = (POLICIES, COMMENTS, LINKS, OPINIONS)
"""The topics that agents work off, each before those that it feeds."""


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Start the app, and stop it at the end: what is in hand is finished or read again later."""
    app = service.app
    await app.start()
    try:
        yield
    finally:
        await app.stop()


def failure(service: Service) -> str | None:
    """Say why the stream no longer works, None while it does."""
    app = service.app
    if app.crashed:
        return f"the stream has stopped: {said(app.crash_reason)}"
    return "the stream has stopped" if app.should_stop else None


def _behind(log: EmbeddedLog) -> bool:
    """Whether the agents have records to acknowledge, asked from the first topic to the last."""
    return any(any(log.lag(APP_ID, [topic]).values()) for topic in WORK)


async def drained(service: Service, url: str) -> None:
    """Wait until the agents have acknowledged every record of an embedded broker.

    An agent acknowledges a record only after what it made of it is written, so an empty backlog
    read from the first topic to the last means that nothing is on its way.

    Raises:
        BrokerUnavailable: when the app stops or crashes before.
    """
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    log = open_log(embedded_path(url))

    def wake() -> None:
        loop.call_soon_threadsafe(news.set)

    log.add_listener(wake)
    try:
        while await asyncio.to_thread(_behind, log):
            result = await service.app.wait(news)
            if result.stopped:
                raise BrokerUnavailable(failure(service) or "the stream has stopped")
            news.clear()
    finally:
        log.remove_listener(wake)
        log.close()
