"""Tools' way to the topics, without an app: create, read to the end, append.

One access over the embedded log, one over Kafka; what stands on it (set-up, record, replay) does
not know which.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from minyi.errors import BrokerUnavailable, SettingError
from minyi.settings import Settings, embedded_path
from streams.embedded import EmbeddedLog, NewRecord, Record, open_log
from streams.topics import TopicSpec

PAGE = 500
REPLICAS = 3
"""Copies of a partition, where the cluster has so many brokers."""
ANY_TIME = str(2**63 - 1)


class Access(Protocol):
    """What tools may do with topics."""

    async def create(self, specs: Sequence[TopicSpec], partitions: int) -> list[str]:
        """Create the topics that are missing; return their names."""

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        """Return the number of partitions of those topics that exist."""

    def read(self, topic: str) -> AsyncIterator[Record]:
        """Yield the records of a topic, partition by partition, up to the end as it is now."""

    async def append(self, records: Sequence[NewRecord]) -> None:
        """Append records; durable when the call returns."""


class EmbeddedAccess:
    """Access to an embedded log that this process owns."""

    def __init__(self, log: EmbeddedLog) -> None:
        self._log = log

    async def create(self, specs: Sequence[TopicSpec], partitions: int) -> list[str]:
        missing = [spec for spec in specs if spec.name not in self._log.topics()]
        for spec in missing:
            self._log.create_topic(
                spec.name,
                spec.partitions or partitions,
                compact=spec.compacted,
                retention_ms=spec.retention_ms,
            )
        return [spec.name for spec in missing]

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        known = self._log.topics()
        return {name: known[name].partitions for name in topics if name in known}

    async def read(self, topic: str) -> AsyncIterator[Record]:
        for partition in range((await self.partitions([topic])).get(topic, 0)):
            offset, end = 0, self._log.highwater(topic, partition)
            while offset < end:
                page = await asyncio.to_thread(self._log.read, topic, partition, offset, PAGE)
                for record in page:
                    if record.offset < end:
                        yield record
                offset = page[-1].offset + 1 if page else end

    async def append(self, records: Sequence[NewRecord]) -> None:
        await asyncio.to_thread(self._log.append, records)


class KafkaAccess:
    """Access to a Kafka cluster."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._producer: Any = None
        self._starting = asyncio.Lock()

    async def create(self, specs: Sequence[TopicSpec], partitions: int) -> list[str]:
        """See :class:`Access`. One that another process creates meanwhile is not returned.

        Raises:
            BrokerUnavailable: when Kafka does not answer or refuses a topic: names it and says why.
        """
        async with _started(AIOKafkaAdminClient(bootstrap_servers=self._servers)) as admin:
            known = set(await admin.list_topics())
            missing = [spec for spec in specs if spec.name not in known]
            if not missing:
                return []
            brokers = len((await admin.describe_cluster())["brokers"])
            copies = min(REPLICAS, brokers)
            answer = await admin.create_topics(
                [_new_topic(spec, partitions, copies) for spec in missing]
            )
            codes = {name: (code, *why) for name, code, *why in answer.topic_errors}
            for name, (code, *why) in codes.items():
                if code not in (0, TopicAlreadyExistsError.errno):
                    reason = next(filter(None, why), for_code(code).__name__)
                    raise BrokerUnavailable(f"Kafka refuses the topic {name!r}: {reason}")
            return [name for name, (code, *_) in codes.items() if code == 0]

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        async with _started(AIOKafkaAdminClient(bootstrap_servers=self._servers)) as admin:
            known = set(await admin.list_topics())
            wanted = [name for name in topics if name in known]
            described = await admin.describe_topics(wanted) if wanted else []
            return {entry["topic"]: len(entry["partitions"]) for entry in described}

    async def read(self, topic: str) -> AsyncIterator[Record]:
        count = (await self.partitions([topic])).get(topic, 0)
        async with _started(
            AIOKafkaConsumer(
                bootstrap_servers=self._servers,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
        ) as consumer:
            for number in range(count):
                place = KafkaPartition(topic, number)
                consumer.assign([place])
                end = (await consumer.end_offsets([place]))[place]
                while await consumer.position(place) < end:
                    pages = await consumer.getmany(place, timeout_ms=1000, max_records=PAGE)
                    for m in pages.get(place, ()):
                        if m.offset < end:
                            yield Record(
                                m.topic, m.partition, m.offset, m.timestamp, m.key, m.value,
                                tuple(m.headers),
                            )  # fmt: skip

    async def append(self, records: Sequence[NewRecord]) -> None:
        try:
            producer = await self._started_producer()
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
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka: {error!r}") from error

    async def close(self) -> None:
        """Stop the producer."""
        async with self._starting:
            if self._producer is not None:
                await self._producer.stop()

    async def _started_producer(self) -> Any:
        """Return the producer, started by whoever needs it first."""
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._servers, acks="all", enable_idempotence=True
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


@asynccontextmanager
async def access(settings: Settings) -> AsyncIterator[Access]:
    """Open the access that the settings' broker wants.

    Raises:
        LogInUse: when another process owns the embedded log.
        BrokerUnavailable: when Kafka does not answer.
    """
    if not settings.embedded_broker:
        kafka = KafkaAccess(servers(settings.broker_url))
        try:
            yield kafka
        finally:
            await kafka.close()
        return
    log = await asyncio.to_thread(open_log, embedded_path(settings.broker_url))
    try:
        yield EmbeddedAccess(log)
    finally:
        log.close()


def servers(url: str) -> str:
    """Return the bootstrap servers of ``kafka://host:port[;kafka://host:port]``.

    Raises:
        SettingError: when a part names no host.
    """
    hosts = [urlsplit(part).netloc for part in url.replace(",", ";").split(";") if part]
    if not hosts or not all(hosts):
        raise SettingError(f"{url!r} names no Kafka servers; write kafka://host:port")
    return ",".join(hosts)


def _new_topic(spec: TopicSpec, partitions: int, copies: int) -> NewTopic:
    retention = -1 if spec.retention_ms is None else spec.retention_ms
    # A replay keeps the records' times; Kafka refuses those more than an hour ahead by default.
    settings = {"retention.ms": str(retention), "message.timestamp.after.max.ms": ANY_TIME}
    if spec.compacted:
        settings["cleanup.policy"] = "compact"
    return NewTopic(spec.name, spec.partitions or partitions, copies, topic_configs=settings)


@asynccontextmanager
async def _started(client: Any) -> AsyncIterator[Any]:
    """Start an aiokafka client and stop it, whatever happens."""
    try:
        await client.start()
        yield client
    except KafkaError as error:
        raise BrokerUnavailable(f"Kafka: {error!r}") from error
    finally:
        await (client.close() if hasattr(client, "close") else client.stop())


def chunks(records: Iterable[NewRecord], size: int = PAGE) -> Iterable[list[NewRecord]]:
    """Split records into lists of at most ``size``."""
    chunk: list[NewRecord] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
