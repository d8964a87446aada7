"""Sends records in the background, and remembers which of them were acknowledged."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import httpx

from minyi.errors import BrokerUnavailable
from minyi.settings import Settings
from streams.access import access
from streams.embedded import NewRecord
from streams.topics import COMMENTS
from tests.chaos.records import Raw

CHUNK = 50
"""Records that are sent and acknowledged together."""
PAUSE_S = 0.5
"""Before what was not acknowledged is sent again."""

Send = Callable[[Sequence[Raw]], Awaitable[None]]
"""Sends records; returns when they are acknowledged, else raises ``BrokerUnavailable``."""


class Producer:
    """A thread that sends all records in order, some a second, each until it is acknowledged.

    Args:
        records: what is sent.
        sends: opens the way there; opened anew after every failure.
        seconds: over how long the sending is spread, 0 for at once.
        released: the share of the records that may be sent, until more is released.
    """

    def __init__(
        self,
        records: Sequence[Raw],
        sends: Callable[[], AsyncIterator[Send]],
        seconds: float,
        released: float = 1.0,
    ) -> None:
        self.acknowledged: list[Raw] = []
        self.failures = 0
        self._records = records
        self._sends = asynccontextmanager(sends)
        self._seconds = seconds
        self._released = released
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="producer", daemon=True)
        self._thread.start()

    def release(self, share: float) -> None:
        """Let so many of the records be sent."""
        self._released = share

    @property
    def done(self) -> bool:
        """Whether all is acknowledged.

        Raises:
            Exception: what ended the sending early.
        """
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Send no more, and wait for what is under way."""
        self._stopped.set()
        self._thread.join(60)

    def _next(self) -> Sequence[Raw]:
        """Return what is sent next; nothing while no more is released."""
        first = len(self.acknowledged)
        last = min(first + CHUNK, round(self._released * len(self._records)))
        return self._records[first:last]

    def _run(self) -> None:
        try:
            asyncio.run(self._send_all())
        except Exception as error:
            self._error = error

    async def _send_all(self) -> None:
        began = time.monotonic()
        while not self._stopped.is_set() and len(self.acknowledged) < len(self._records):
            try:
                async with self._sends() as send:
                    while len(self.acknowledged) < len(self._records):
                        chunk = self._next()
                        due = began + self._seconds * len(self.acknowledged) / len(self._records)
                        await asyncio.sleep(max(0.0, due - time.monotonic()))
                        if self._stopped.is_set():
                            return
                        if not chunk:
                            await asyncio.sleep(0.05)
                            continue
                        await send(chunk)
                        self.acknowledged += chunk
            except BrokerUnavailable:
                self.failures += 1
                await asyncio.sleep(PAUSE_S)


def through_broker(config: Settings) -> Callable[[], AsyncIterator[Send]]:
    """Return a way that appends to the topic ``comments``."""

    async def sends() -> AsyncIterator[Send]:
        async with access(config) as broker:

            async def send(chunk: Sequence[Raw]) -> None:
                await broker.append([NewRecord(COMMENTS, raw.key, raw.value) for raw in chunk])

            yield send

    return sends


def through_api(url: str) -> Callable[[], AsyncIterator[Send]]:
    """Return a way that posts to the API of a service; what it refuses, it keeps as dead letter."""

    async def sends() -> AsyncIterator[Send]:
        async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:

            async def send(chunk: Sequence[Raw]) -> None:
                try:
                    answer = await client.post(
                        "/v1/comments",
                        content=b"\n".join(raw.value for raw in chunk),
                        headers={"content-type": "application/x-ndjson"},
                    )
                except httpx.TransportError as error:
                    raise BrokerUnavailable(f"no answer: {error!r}") from error
                if answer.status_code != 202:
                    raise BrokerUnavailable(f"refused with {answer.status_code}")
                counted = json.loads(answer.content)
                if counted["accepted"] + len(counted["rejected"]) != len(chunk):
                    raise ValueError(f"of {len(chunk)} records the API accounts for {counted}")

            yield send

    return sends
