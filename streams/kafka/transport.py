"""Faust's transport for Kafka, with three weaknesses mended.

**Records must not be lost when partitions are assigned.** After a rebalance Faust recovers its
tables with the flow running, lets the agents' partitions in, seeks them to the committed offsets
and then empties the agents' queues. A record that is delivered in between is gone from the queue
while Faust takes it for read, so that it never comes again and is committed past. What is more,
aiokafka seeks only partitions that have a committed offset. Here the flow stands still from the
seek until Faust resumes it, every partition of an agent is sought, and the tables' changelogs,
whose records the standstill drops too, are sought to where their tables are.

**A broker that hangs must not end the worker.** aiokafka has one timeout for a request and for how
long a record may wait to be sent. Here a request that is not answered is given up soon, and the
record tries again for as long as ``producer_request_timeout`` says.

**A slow start must not end the worker.** Faust looks for partitions that stand still, and fails on
one that was assigned just now and of which aiokafka does not know yet where it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

REQUEST_S = 30.0
"""So long one request of the producer waits for its answer."""


class Consumer(driver.Consumer):
    """Delivers nothing between a seek and the moment when Faust resumes the flow."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetching = asyncio.Lock()

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        async with self._fetching:
            return await super()._getmany(active_partitions, timeout)

    async def perform_seek(self) -> None:
        """Stop the flow, let the fetch under way end (what it brings is dropped), then seek."""
        self.stop_flow()
        async with self._fetching:
            await super().perform_seek()
            for tp, offset in self._recovered().items():
                await self.seek(tp, offset)

    def _recovered(self) -> dict[TP, int]:
        """Return the last offset that each table has seen of each changelog partition."""
        tables: Any = self.app.tables
        recovery = tables.recovery
        seen = {tp: recovery.active_offsets.get(tp) for tp in recovery.active_tps}
        seen |= {tp: recovery.standby_offsets.get(tp) for tp in recovery.standby_tps}
        assigned = self.assignment()
        return {tp: max(offset or 0, 0) for tp, offset in seen.items() if tp in assigned}

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition to its committed offset, or else to its first record."""
        committed = await super().seek_to_committed()
        new = [tp for tp, at in committed.items() if not at and not self._is_changelog_tp(tp)]
        if new and self.app.conf.consumer_auto_offset_reset == "earliest":
            await self._thread.seek_to_beginning(*new)
        return committed

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Look whether a partition stands still; one that has not been placed yet does not."""
        try:
            super().verify_event_path(now, tp)
        except (AssertionError, AttributeError):  # aiokafka's, of a position or state not yet there
            return


class Producer(driver.Producer):
    """Gives up a request long before it gives up a record."""

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        producer.client._request_timeout_ms = int(REQUEST_S * 1000)
        return producer


class Transport(driver.Transport):
    """What stands behind ``kafka://``."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[Producer]] = Producer
