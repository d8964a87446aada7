"""Tools' way to the topics of a Kafka cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from minyi.errors import BrokerUnavailable, SettingError
from minyi.setting_groups import KafkaSettings
from streams.embedded import NewRecord, Record
from streams.kafka.asking import Asking, told
from streams.kafka.security import client_options
from streams.kafka.sending import Sending
from streams.topics import Layout, TopicSpec

PAGE = 500
REPLICAS = 3
"""Copies of a partition, where the cluster has so many brokers."""
IN_SYNC = "min.insync.replicas"
ANY_TIME = str(2**63 - 1)
SET_ON_TOPIC = 1
"""Kafka's number for a setting that somebody gave the topic, as against a default."""
SILENT_S = 60.0
"""So long Kafka may send nothing of a topic that has more."""
SETTLE_S = 30.0
"""So long new topics may take until every broker knows them."""


class KafkaAccess:
    """Access to a Kafka cluster.

    Args:
        servers: ``host:port``, several with commas.
        security: who we are and whom we trust.

    Raises:
        SettingError: when the security settings do not fit together.
    """

    def __init__(self, servers: str, security: KafkaSettings | None = None) -> None:
        self._options = {
            "bootstrap_servers": servers,
            **client_options(security or KafkaSettings()),
        }
        self._sending = Sending(self._options)
        self._asking = Asking(self._options)

    async def create(self, specs: Sequence[TopicSpec], partitions: int) -> list[str]:
        """See :class:`streams.access.Access`. One that another process creates meanwhile is not
        returned.

        Raises:
            BrokerUnavailable: when Kafka does not answer or refuses a topic: names it and says why.
        """

        async def make(admin: Any) -> list[str]:
            known = set(await admin.list_topics())
            missing = [spec for spec in specs if spec.name not in known]
            if not missing:
                return []
            wanted = await self._wanted(admin, missing, partitions)
            answer = await admin.create_topics([_new(name, to) for name, to in wanted.items()])
            codes = {name: (code, *why) for name, code, *why in answer.topic_errors}
            for name, (code, *why) in codes.items():
                if code not in (0, TopicAlreadyExistsError.errno):
                    reason = next(filter(None, why), for_code(code).__name__)
                    raise BrokerUnavailable(f"Kafka refuses the topic {name!r}: {reason}")
            await _settled(admin, set(codes))
            return [name for name, (code, *_) in codes.items() if code == 0]

        return await self._asking.ask(make)

    async def wanted(self, specs: Sequence[TopicSpec], partitions: int) -> dict[str, Layout]:
        """Return how the topics would be created on this cluster."""
        return await self._asking.ask(lambda admin: self._wanted(admin, specs, partitions))

    async def layouts(self, topics: Sequence[str]) -> dict[str, Layout]:
        """Return the layout of those topics that exist, with every setting in force."""

        async def describe(admin: Any) -> dict[str, Layout]:
            described = await _described(admin, topics)
            settings = await _settings(admin, list(described))
            return {
                name: Layout(
                    len(parts),
                    min(len(part["replicas"]) for part in parts),
                    {key: value for key, (value, _) in settings[name].items()},
                )
                for name, parts in described.items()
            }

        return await self._asking.ask(describe)

    async def partitions(self, topics: Sequence[str]) -> dict[str, int]:
        described = await self._asking.ask(lambda admin: _described(admin, topics))
        return {name: len(parts) for name, parts in described.items()}

    async def adjust(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change settings of a topic; those that somebody else gave it stay.

        Raises:
            BrokerUnavailable: when Kafka refuses: says why.
        """

        async def change(admin: Any) -> None:
            # The request replaces all that was set on the topic, so the rest is sent again.
            present = (await _settings(admin, [topic]))[topic]
            kept = {key: value for key, (value, source) in present.items() if source}
            resource = ConfigResource(ConfigResourceType.TOPIC, topic, {**kept, **settings})
            for answer in await admin.alter_configs([resource]):
                for code, why, *_ in answer.resources:
                    if code:
                        reason = why or for_code(code).__name__
                        raise BrokerUnavailable(f"Kafka refuses to adjust {topic!r}: {reason}")

        await self._asking.ask(change)

    async def read(self, topic: str) -> AsyncIterator[Record]:
        """See :class:`streams.access.Access`.

        Raises:
            BrokerUnavailable: when Kafka does not answer, or sends nothing more for long.
        """
        count = (await self.partitions([topic])).get(topic, 0)
        if not count:  # a consumer that was assigned nothing fails when it stops
            return
        async with _started(
            AIOKafkaConsumer(
                **self._options, enable_auto_commit=False, auto_offset_reset="earliest"
            )
        ) as consumer:
            for number in range(count):
                place = KafkaPartition(topic, number)
                consumer.assign([place])
                end = (await consumer.end_offsets([place]))[place]
                at, heard = -1, time.monotonic()
                while (position := await consumer.position(place)) < end:
                    if position > at:
                        at, heard = position, time.monotonic()
                    elif time.monotonic() - heard > SILENT_S:  # aiokafka would ask for ever
                        raise BrokerUnavailable(
                            f"Kafka has sent nothing of {topic!r} for {SILENT_S:g} s: partition "
                            f"{number} has {end:,} records, read up to {position:,}"
                        )
                    pages = await consumer.getmany(place, timeout_ms=1000, max_records=PAGE)
                    for m in pages.get(place, ()):
                        if m.offset < end:
                            yield Record(
                                m.topic, m.partition, m.offset, m.timestamp, m.key, m.value,
                                tuple(m.headers),
                            )  # fmt: skip

    async def append(self, records: Sequence[NewRecord]) -> None:
        """See :class:`streams.access.Access`; raises as :meth:`Sending.append` does."""
        await self._sending.append(records)

    async def close(self) -> None:
        """Stop sending and asking; what Kafka does not acknowledge soon is given up."""
        await self._sending.close()
        await self._asking.close()

    async def _wanted(
        self, admin: Any, specs: Sequence[TopicSpec], partitions: int
    ) -> dict[str, Layout]:
        brokers = len((await admin.describe_cluster())["brokers"])
        copies = min(REPLICAS, brokers)
        return {
            spec.name: Layout(spec.partitions or partitions, copies, _wanted_settings(spec, copies))
            for spec in specs
        }


def servers(url: str) -> str:
    """Return the bootstrap servers of ``kafka://host:port[;kafka://host:port]``.

    Raises:
        SettingError: when a part names no host, or holds a password.
    """
    parts = [urlsplit(part) for part in url.replace(",", ";").split(";") if part]
    if any("@" in part.netloc for part in parts):
        raise SettingError(
            "the broker's URL names a user; write kafka://host:port, and the user into "
            "MINYI_KAFKA__USERNAME and MINYI_KAFKA__PASSWORD"
        )
    if not parts or not all(part.netloc for part in parts):
        raise SettingError(f"{url!r} names no Kafka servers; write kafka://host:port")
    return ",".join(part.netloc for part in parts)


def _wanted_settings(spec: TopicSpec, copies: int) -> dict[str, str]:
    settings = {
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": "-1",
        # A replay keeps the records' times; Kafka refuses those more than an hour ahead by default.
        "message.timestamp.after.max.ms": ANY_TIME,
    }
    if spec.stamped:
        settings["message.timestamp.type"] = "LogAppendTime"
    if copies == REPLICAS:  # one broker may be away, and what is acknowledged is on two others
        settings[IN_SYNC] = "2"
    return settings


def _new(name: str, layout: Layout) -> NewTopic:
    return NewTopic(name, layout.partitions, layout.replicas, topic_configs=dict(layout.settings))


async def _described(admin: Any, topics: Sequence[str]) -> dict[str, list[Any]]:
    """Return the partitions of those topics that exist."""
    known = set(await admin.list_topics())
    wanted = [name for name in topics if name in known]
    described = await admin.describe_topics(wanted) if wanted else []
    return {entry["topic"]: entry["partitions"] for entry in described}


async def _settings(admin: Any, topics: Sequence[str]) -> dict[str, dict[str, tuple[str, bool]]]:
    """Return topic → setting → value, and whether it was set on the topic itself."""
    if not topics:
        return {}
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    )
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for answer in answers:
        for code, why, _, name, entries in answer.resources:
            if code:
                reason = why or for_code(code).__name__
                raise BrokerUnavailable(f"Kafka does not say how {name!r} is set: {reason}")
            found[name] = {key: (value, src == SET_ON_TOPIC) for key, value, _, src, *_ in entries}
    return found


async def _settled(admin: Any, topics: set[str]) -> None:
    """Wait until the new topics are known: a worker that starts before gets no partitions."""
    async with asyncio.timeout(SETTLE_S):
        while set(await _described(admin, list(topics))) < topics:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """Start a consumer and stop it, whatever happens."""
    with told():
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()
