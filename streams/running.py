"""Run a wired app inside the current event loop, and wait until it has nothing left to do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from minyi.errors import BrokerUnavailable
from minyi.logs import said
from minyi.settings import embedded_path
from streams.app import Service
from streams.embedded import EmbeddedLog, open_log
from streams.lag import watch_lag
from streams.topics import APP_ID, COMMENTS, LINKS, OPINIONS, POLICIES

log = logging.getLogger(__name__)

GRACE_S = 4.0
"""So long the batches in hand may take at the end."""
WORK = (POLICIES, COMMENTS, LINKS, OPINIONS)
"""The topics that agents work off, each before those that it feeds."""


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Start the app, and stop it at the end.

    The batches in hand are finished and committed; one that takes too long is not, and comes again
    at the next start.
    """
    app = service.app
    watching: asyncio.Task[None] | None = None
    try:
        await app.start()
        watching = asyncio.create_task(watch_lag(app, WORK, service.metrics))
        yield
    finally:
        if watching is not None:
            watching.cancel()
        if not app.crashed and not await service.steps.gate.close(GRACE_S):
            log.warning("a batch in hand takes too long; it comes again at the next start")
        # Faust would wait without end for what is fetched and not let through the gate; what was
        # acknowledged is committed all the same.
        app.conf.stream_wait_empty = False
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
