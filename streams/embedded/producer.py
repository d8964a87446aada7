"""The producing side of the transport: sends are gathered and appended a batch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from faust.exceptions import ProducerSendError
from faust.transport import base
from faust.transport.producer import ProducerBuffer
from faust.types import TP, FutureMessage, HeadersArg, RecordMetadata
from mode import Service
from mode.utils.times import want_seconds

from minyi.errors import MinyiError
from streams.edits import Headers
from streams.embedded.records import NewRecord, Record, checked
from streams.embedded.shared import SharedLog, open_log

MAX_PENDING = 10_000
"""Records in memory before a sender has to wait for the disk."""
CLEAN_EVERY_S = 60.0


class Producer(base.Producer):
    """Appends in a thread of its own: while one batch is synced, the next one gathers.

    ``failure`` is why the log could not be written. What was lost may belong to records that their
    agents are done with, so nothing is sent or committed from then on and the app stops.
    """

    log_: SharedLog

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buffer = _Buffer(self, loop=self.loop, beacon=self.beacon)
        self._pending: list[tuple[NewRecord, asyncio.Future[RecordMetadata]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._last: asyncio.Future[RecordMetadata] | None = None
        self.failure: Exception | None = None

    async def on_start(self) -> None:
        folder = self.transport.folder  # type: ignore[attr-defined]
        self.log_ = self.exit_stack.enter_context(open_log(folder))
        self._thread = self.exit_stack.enter_context(ThreadPoolExecutor(1, "embedded-log-writer"))
        await super().on_start()

    async def on_stop(self) -> None:
        await self.flush()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Queue a record; the future that is returned is done when it is on the disk."""
        await self.room()
        return self._queue(topic, key, value, partition, timestamp, headers)

    async def send_many(
        self, topic: str, records: Sequence[tuple[bytes, bytes | None, Headers]]
    ) -> None:
        """Append keys, values and headers; all are on the disk when the call returns.

        Raises:
            ProducerSendError: when they cannot be written.
        """
        await self.room()
        await asyncio.gather(
            *(
                self._queue(topic, key, value, None, None, list(headers))
                for key, value, headers in records
            )
        )

    def send_soon(self, fut: FutureMessage) -> None:
        """Queue what a table or an agent sends without waiting.

        Not through Faust's buffer: its flush may return before the buffer is empty, and an offset
        must not be committed before the table's change is on the disk.
        """
        message: Any = fut.message
        topic = message.channel.get_topic_name()
        payload = message.key, message.value
        sizes = {"keysize": len(payload[0] or b""), "valsize": len(payload[1] or b"")}
        state = self.app.sensors.on_send_initiated(self, topic, message=message, **sizes)
        sent = self._queue(topic, *payload, message.partition, message.timestamp, message.headers)
        published = message.channel._on_published
        sent.add_done_callback(partial(published, message=fut, state=state, producer=self))

    async def room(self) -> None:
        """Wait while more records are in memory than should be."""
        while len(self._pending) >= MAX_PENDING and self._writing:
            await asyncio.wait([self._writing])

    def _queue(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
    ) -> asyncio.Future[RecordMetadata]:
        if self.failure:
            raise ProducerSendError(str(self.failure)) from self.failure
        pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
        try:
            number = self.log_.partition_for(topic, key, partition)
            at = int(timestamp * 1000) if timestamp else None
            record = checked(NewRecord(topic, key, value, tuple(pairs), at, number))
        except MinyiError as error:
            raise ProducerSendError(str(error)) from error
        sent: asyncio.Future[RecordMetadata] = self.loop.create_future()
        self._pending.append((record, sent))
        self._last = sent
        if self._writing is None:
            self._writing = self.loop.create_task(self._write())
        return sent

    async def send_and_wait(self, *args: Any, **kwargs: Any) -> RecordMetadata:
        """Append a record and wait until it is on the disk."""
        return await (await self.send(*args, **kwargs))

    async def _write(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending, []
                records = [record for record, _ in batch]
                kept = await self.loop.run_in_executor(self._thread, self.log_.append, records)
                for (_, sent), record in zip(batch, kept, strict=True):
                    if not sent.done():
                        sent.set_result(_metadata(record))
        except Exception as error:
            self.failure = error
            for _, sent in [*batch, *self._pending]:
                if not sent.done():
                    sent.set_exception(ProducerSendError(str(error)))
            self._pending.clear()
            await self.crash(error)
        finally:
            self._writing = None

    async def flush(self) -> None:
        """Wait until everything sent so far is on the disk, or has failed: see ``failure``."""
        if self._last:
            await asyncio.wait([self._last])

    async def create_topic(
        self, topic: str, partitions: int, replication: int, **options: Any
    ) -> None:
        """Create a topic from what Faust or a Kafka topic configuration says of it."""
        config = options.get("config") or {}
        policy = str(config.get("cleanup.policy", ""))
        compact = options.get("compacting") or "compact" in policy
        retention_ms = want_seconds(options.get("retention") or 0) * 1000
        retention_ms = int(config.get("retention.ms", retention_ms))
        retention_bytes = int(config.get("retention.bytes", 0))
        if compact and not (options.get("deleting") or "delete" in policy):
            retention_ms = retention_bytes = 0
        await self.loop.run_in_executor(
            self._thread,
            lambda: self.log_.create_topic(
                topic,
                partitions,
                compact=compact,
                retention_ms=retention_ms if retention_ms > 0 else None,
                retention_bytes=retention_bytes if retention_bytes > 0 else None,
            ),
        )

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition that a key's records go to."""
        return TP(topic, self.log_.partition_for(topic, key))

    def supports_headers(self) -> bool:
        return True

    @Service.timer(CLEAN_EVERY_S)
    async def _clean(self) -> None:
        await asyncio.to_thread(self.log_.clean)


class _Buffer(ProducerBuffer):
    """What Faust asks before it hands streams more records: is there room?"""

    def __init__(self, producer: Producer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._producer = producer

    @property
    def size(self) -> int:
        return len(self._producer._pending)

    async def wait_until_ebb(self) -> None:
        await self._producer.room()


def _metadata(record: Record) -> RecordMetadata:
    place = TP(record.topic, record.partition)
    return RecordMetadata(*place, place, record.offset, record.timestamp / 1000, 0)
