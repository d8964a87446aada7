"""The same agents over a real Kafka: the index is the one that the embedded broker gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from minyi.pytest_plugin import Replayed
from minyi.registry import load_registry
from minyi.settings import Settings, load_settings
from streams.access import access
from streams.replay import record
from streams.topics import COMMENTS, POLICIES
from tests.kafka import over_kafka, recorded, wipe

COUNT = 200


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return recorded(tmp_path / "comments.jsonl", COUNT, partitions=4)


def test_kafka_and_the_embedded_broker_give_the_same_index(
    kafka_servers: str,
    recording: Path,
    replay_recording: Callable[[Path], Replayed],
    tmp_path: Path,
) -> None:
    asyncio.run(wipe(kafka_servers))
    embedded = replay_recording(recording)
    config = load_settings(
        broker=f"kafka://{kafka_servers}",
        data=tmp_path / "kafka",
        author_key="a key of the test's own",
    )
    assert asyncio.run(over_kafka(config, recording, COUNT, embedded.digest[0])) == embedded.digest
    again = tmp_path / "again.jsonl.gz"
    assert asyncio.run(_record(config, again)) >= COUNT + len(load_registry(config.registry))
    asyncio.run(wipe(kafka_servers))  # the way to another number of partitions
    more = config.model_copy(update={"data": tmp_path / "more", "partitions": 6})
    assert asyncio.run(over_kafka(more, again, COUNT, embedded.digest[0])) == embedded.digest


async def _record(config: Settings, path: Path) -> int:
    async with access(config) as broker:
        return await record(broker, [POLICIES, COMMENTS], path)
