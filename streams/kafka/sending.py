"""What tools and the API send to Kafka: acknowledged, each record once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from minyi.errors import BrokerUnavailable
from streams.embedded import NewRecord

ANSWER_S = 60.0
"""So long Kafka has to acknowledge what is appended; an idempotent producer would wait for ever."""
CLOSE_S = 5.0
"""So long what Kafka has not acknowledged is waited for at the end."""


class Sending:
    """Sends by an idempotent producer, started by whoever needs it first.

    Args:
        options: of an aiokafka client.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._producer: Any = None
        self._starting = asyncio.Lock()
        self._retired: set[asyncio.Task[None]] = set()

    async def append(self, records: Sequence[NewRecord]) -> None:
        """Append records; durable when the call returns.

        Raises:
            BrokerUnavailable: when Kafka refuses, or does not answer in time: then it may still
                take some of the records.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._send(await self._started_producer(), records)
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka: {error!r}") from error
        except TimeoutError as error:
            raise BrokerUnavailable(f"Kafka has not answered within {ANSWER_S:g} s") from error

    async def close(self) -> None:
        """Stop the producer; what Kafka does not acknowledge soon is given up."""
        async with self._starting:
            if self._producer is not None:
                self._retire(self._producer)
        if self._retired:
            _, hanging = await asyncio.wait(self._retired, timeout=CLOSE_S)
            for task in hanging:
                task.cancel()

    async def _send(self, producer: Any, records: Sequence[NewRecord]) -> None:
        try:
            deliveries = [
                await producer.send(
                    record.topic,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    timestamp_ms=record.timestamp,
                    headers=list(record.headers),
                )
                for record in records
            ]
            await asyncio.gather(*deliveries)
        except KafkaTimeoutError:  # it had no room for more, and goes on
            raise
        except KafkaError:
            self._retire(producer)
            raise

    async def _started_producer(self) -> Any:
        """Return the producer, started by whoever needs it first."""
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._options, acks="all", enable_idempotence=True)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    def _retire(self, producer: Any) -> None:
        """Send by another from now on. An idempotent one numbers what it sends to a partition, and
        Kafka takes nothing from it any more where a number is missing."""
        if self._producer is producer:
            self._producer = None
            stopping = asyncio.create_task(producer.stop())
            self._retired.add(stopping)
            stopping.add_done_callback(self._retired.discard)
