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

**Most of a worker's time beside the tagger went into tasks.** Faust makes four for each record that
it takes, and a request for each few that it sends. Here a record that is taken at once needs none,
and what an agent sends together goes together.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.services import WaitResults

from streams.edits import Headers
from streams.partitioning import partition_of

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

    async def wait_first(self, *coros: Any, timeout: Any = None) -> WaitResults:  # noqa: ASYNC109
        """Wait for the first of several, as Faust does; a record that can be taken without waiting
        is taken here and now."""
        first, *others = coros
        if not asyncio.iscoroutine(first) or timeout is not None or self.should_stop:
            return await super().wait_first(*coros, timeout=timeout)
        try:
            waiting = first.send(None)
        except StopIteration as done:
            for other in others:
                if asyncio.iscoroutine(other):
                    other.close()
            return WaitResults([first], [done.value], False)
        rest = _going_on(first, waiting)
        results: WaitResults = await super().wait_first(rest, *others)
        return results

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Look whether a partition stands still; one that has not been placed yet does not."""
        try:
            super().verify_event_path(now, tp)
        except (AssertionError, AttributeError):  # aiokafka's, of a position or state not yet there
            return


async def _going_on(begun: Coroutine[Any, Any, Any], waiting: Any) -> Any:
    """Go on with a coroutine that has been begun and waits for something."""
    return await _resumed(begun, waiting)


@types.coroutine
def _resumed(begun: Coroutine[Any, Any, Any], waiting: Any) -> Generator[Any, Any, Any]:
    while True:
        try:
            sent = yield waiting
        except BaseException as error:
            step: Any = partial(begun.throw, error)
        else:
            step = partial(begun.send, sent)
        try:
            waiting = step()
        except StopIteration as done:
            return done.value


class Producer(driver.Producer):
    """Gives up a request long before it gives up a record."""

    async def send_many(
        self, topic: str, records: Sequence[tuple[bytes, bytes | None, Headers]]
    ) -> None:
        """Append keys, values and headers; the broker has acknowledged every one when the call
        returns.

        Raises:
            ProducerSendError: when the broker refuses, or is away for too long.
        """
        producer = self._ensure_producer()
        try:
            await producer.client._wait_on_metadata(topic)
            partitions = sorted(producer.client.cluster.partitions_for_topic(topic))
            parts: dict[int, list[tuple[bytes, bytes | None, Headers]]] = {}
            for record in records:
                partition = partitions[partition_of(record[0], len(partitions))]
                parts.setdefault(partition, []).append(record)
            await asyncio.gather(
                *(self._send_part(topic, partition, part) for partition, part in parts.items())
            )
        except KafkaError as error:
            raise ProducerSendError(f"cannot send to {topic}: {error!r}") from error

    async def _send_part(
        self, topic: str, partition: int, records: Sequence[tuple[bytes, bytes | None, Headers]]
    ) -> None:
        """Append to one partition, in order, as many to a request as fit."""
        producer = self._ensure_producer()
        deliveries = []
        batch = producer.create_batch()
        for key, value, headers in records:
            record = {"timestamp": None, "key": key, "value": value, "headers": [*headers]}
            if batch.append(**record) is None:  # it is full
                deliveries.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(**record)
        deliveries.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*deliveries)

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        producer.client._request_timeout_ms = int(REQUEST_S * 1000)
        return producer


class Transport(driver.Transport):
    """What stands behind ``kafka://``."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[Producer]] = Producer
