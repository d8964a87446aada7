"""Tools' way to the topics, without an app: create, read to the end, append.

One access over the embedded log, one over Kafka; what stands on it (set-up, record, replay) does
not know which.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from minyi.batched import batched
from minyi.errors import SettingError
from minyi.settings import Settings, embedded_path
from streams.embedded import EmbeddedLog, NewRecord, Record, open_log
from streams.kafka import KafkaAccess, servers
from streams.topics import Layout, TopicSpec

PAGE = 500


class Access(Protocol):
    """What tools may do with topics."""

    async def create(self, specs: Sequence[TopicSpec], partitions: int) -> list[str]:
        """Create the topics that are missing; return their names."""

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        """Return the number of partitions of those topics that exist."""

    async def wanted(self, specs: Sequence[TopicSpec], partitions: int) -> dict[str, Layout]:
        """Return how the topics would be created."""

    async def layouts(self, topics: Sequence[str]) -> dict[str, Layout]:
        """Return the layout of those topics that exist."""

    async def adjust(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change settings of a topic."""

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
            self._log.create_topic(spec.name, spec.partitions or partitions, compact=spec.compacted)
        return [spec.name for spec in missing]

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        known = self._log.topics()
        return {name: known[name].partitions for name in topics if name in known}

    async def wanted(self, specs: Sequence[TopicSpec], partitions: int) -> dict[str, Layout]:
        return {spec.name: Layout(spec.partitions or partitions) for spec in specs}

    async def layouts(self, topics: Sequence[str]) -> dict[str, Layout]:
        return {name: Layout(n) for name, n in (await self.partitions(topics)).items()}

    async def adjust(self, topic: str, settings: Mapping[str, str]) -> None:
        raise SettingError("the embedded log has nothing to adjust")

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


@asynccontextmanager
async def access(settings: Settings) -> AsyncIterator[Access]:
    """Open the access that the settings' broker wants.

    Raises:
        LogInUse: when another process owns the embedded log.
        SettingError: when the settings of Kafka do not fit together.
        BrokerUnavailable: when Kafka does not answer.
    """
    if not settings.embedded_broker:
        kafka = KafkaAccess(servers(settings.broker_url), settings.kafka)
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


def chunks(records: Iterable[NewRecord]) -> Iterator[list[NewRecord]]:
    """Split records into lists of at most ``PAGE``."""
    return batched(records, PAGE)
