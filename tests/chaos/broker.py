"""Kafka, looked at from outside: how far the workers are, and what lies on the topics."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from minyi.settings import Settings
from streams.access import access
from streams.embedded import Record
from streams.running import WORK
from streams.topics import APP_ID, COMMENTS, DEAD_LETTERS, LINKS, OPINIONS, SPECS

LOOKED_AT = (COMMENTS, LINKS, OPINIONS, DEAD_LETTERS)
ANSWERS_WITHIN_S = 20.0

Content = Mapping[str, Sequence[Record]]
"""The records of each topic."""


async def wipe(servers: str) -> None:
    """Delete the topics of the app and wait until they are gone."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        async with asyncio.timeout(60):
            while there := [name for name in await admin.list_topics() if _ours(name)]:
                await admin.delete_topics(there)
                await asyncio.sleep(0.2)  # Kafka tells nobody when they are gone
    finally:
        await admin.close()


def _ours(topic: str) -> bool:
    return topic in {spec.name for spec in SPECS} or topic.startswith(f"{APP_ID}-")


async def lag(servers: str) -> dict[str, int] | None:
    """Return how many records of each topic wait to be acknowledged, from the first topic to the
    last; None while Kafka does not answer."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            return await _lag(servers)
    except (KafkaError, OSError, TimeoutError):
        return None


async def _lag(servers: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    try:
        await asyncio.gather(admin.start(), consumer.start())
        topics = await admin.describe_topics(list(WORK))
        places = {
            entry["topic"]: [
                TopicPartition(entry["topic"], part["partition"]) for part in entry["partitions"]
            ]
            for entry in topics
        }
        waiting = {}
        for topic in WORK:
            # The offsets first: what is acknowledged has its successors on the next topic already.
            done = await admin.list_consumer_group_offsets(APP_ID)
            ends = await consumer.end_offsets(places[topic])
            waiting[topic] = sum(
                end - (done[place].offset if place in done else 0) for place, end in ends.items()
            )
        return waiting
    finally:
        with suppress(KafkaError):
            await consumer.stop()
        await admin.close()


async def content(config: Settings) -> Content:
    """Return what lies on the topics now."""
    async with access(config) as broker:
        return {topic: [record async for record in broker.read(topic)] for topic in LOOKED_AT}
