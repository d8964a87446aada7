"""What a broker must do for the Faust agents, and the two brokers that are held to it.

A test writes and reads topics through :class:`BrokerUnderTest` and runs Faust apps against its
``url``, so the same tests run on the embedded log and on a real Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import streams.embedded
import streams.kafka
from streams.buffers import App
from streams.embedded import NewRecord, Record, TopicPartition

FILLER = b"filler"
"""A key that may turn up in a topic after :meth:`BrokerUnderTest.compact`."""


class BrokerUnderTest(Protocol):
    """A broker as a test sees it, beside what Faust does with its ``url``.

    ``folder`` is where the test may write.
    """

    url: str
    folder: Path

    async def create_topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> None:
        """Create a topic."""

    async def append(self, records: Sequence[NewRecord]) -> list[TopicPartition]:
        """Append records in order; return where each went, once it is safe."""

    async def read(self, topic: str) -> list[Record]:
        """Everything in a topic, partition by partition, in order."""

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """The group's committed offsets."""

    async def compact(self, topic: str, until: int) -> None:
        """Wait until a compacted topic of one partition holds ``until`` records at most."""


class EmbeddedBroker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.url = f"embedded://{self.log}"
        streams.embedded.register()

    async def create_topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> None:
        with streams.embedded.open_log(self.log) as log:
            log.create_topic(name, partitions, compact=compact)

    async def append(self, records: Sequence[NewRecord]) -> list[TopicPartition]:
        with streams.embedded.open_log(self.log) as log:
            return [TopicPartition(kept.topic, kept.partition) for kept in log.append(records)]

    async def read(self, topic: str) -> list[Record]:
        with streams.embedded.open_log(self.log) as log:
            found: list[Record] = []
            for number in range(log.topics()[topic].partitions):
                at = 0
                while page := log.read(topic, number, at):
                    found += page
                    at = page[-1].offset + 1
            return found

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        with streams.embedded.open_log(self.log) as log:
            return log.committed(group)

    async def compact(self, topic: str, until: int) -> None:
        with streams.embedded.open_log(self.log) as log:
            log.clean(force=True)


class KafkaBroker:
    def __init__(self, servers: str, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        self.url = ";".join(f"kafka://{server}" for server in servers.split(","))
        streams.kafka.register()

    async def create_topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> None:
        eager = {  # compacted as soon as Kafka's cleaner comes round, every 15 s
            "cleanup.policy": "compact",
            "min.cleanable.dirty.ratio": "0.001",
            "segment.ms": "100",
        }
        config = eager if compact else {}
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
        finally:
            await admin.close()

    async def append(self, records: Sequence[NewRecord]) -> list[TopicPartition]:
        async with AIOKafkaProducer(bootstrap_servers=self.servers, acks="all") as producer:
            sent = [
                await producer.send(
                    record.topic,
                    record.value,
                    record.key,
                    record.partition,
                    record.timestamp,
                    list(record.headers),
                )
                for record in records
            ]
            return [TopicPartition(done.topic, done.partition) for done in [await s for s in sent]]

    async def read(self, topic: str) -> list[Record]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            (described,) = await admin.describe_topics([topic])
        finally:
            await admin.close()
        return [
            record
            for number in sorted(partition["partition"] for partition in described["partitions"])
            for record in await _read_partition(self.servers, KafkaPartition(topic, number))
        ]

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        return {
            TopicPartition(place.topic, place.partition): at.offset
            for place, at in offsets.items()
            if at.offset >= 0
        }

    async def compact(self, topic: str, until: int) -> None:
        while len([r for r in await self.read(topic) if r.key != FILLER]) > until:
            # A segment is cleaned only once a newer one has begun, which takes a further record.
            await self.append([NewRecord(topic, FILLER, b"")])
            await asyncio.sleep(1)  # Kafka tells nobody when it has cleaned


async def _read_partition(servers: str, place: KafkaPartition) -> list[Record]:
    settings = {"bootstrap_servers": servers, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(**settings) as consumer:
        consumer.assign([place])
        (end,) = (await consumer.end_offsets([place])).values()
        found: list[Record] = []
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(place, timeout_ms=1000)).get(place, []):
                found.append(
                    Record(
                        record.topic,
                        record.partition,
                        record.offset,
                        record.timestamp,
                        record.key,
                        record.value,
                        tuple(record.headers),
                    )
                )
        return found


def fresh(name: str) -> str:
    """A name that no other test uses, on a broker that tests share."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def make_app(broker: BrokerUnderTest, group: str, **settings: Any) -> Any:
    """A Faust app as Minyi makes it."""
    return App(
        group,
        broker=broker.url,
        store="memory://",
        datadir=str(broker.folder / "faust"),
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=3,
        broker_commit_interval=0.2,
        broker_session_timeout=6,
        broker_heartbeat_interval=1,
        stream_recovery_delay=0,
        **settings,
    )


def raw_topic(app: Any, name: str, partitions: int = 3) -> Any:
    """A topic of bytes."""
    return app.topic(
        name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=partitions,
    )


@contextlib.asynccontextmanager
async def running(app: Any) -> AsyncIterator[Any]:
    """The app at work; stopped in good order at the end."""
    await app.start()
    try:
        yield app
    finally:
        await app.stop()
