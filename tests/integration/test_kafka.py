"""The same agents over a real Kafka: the index is the one that the embedded broker gives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from minyi.cli import wiring
from minyi.pytest_plugin import Replayed
from minyi.registry import load_registry
from minyi.settings import ROOT, Settings, load_settings
from streams.access import access
from streams.replay import FORMAT, record, replay
from streams.topics import COMMENTS, POLICIES
from tests.kafka import wipe

COUNT = 200


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "comments.jsonl"
    head = {"format": FORMAT, "topics": {"comments": 4}}
    lines = [json.dumps(head)]
    with (ROOT / "data" / "stream" / "comments.jsonl").open() as bundle:
        for number, text in enumerate(islice(bundle, COUNT)):
            line = {"topic": "comments", "partition": number % 4, "timestamp": 1_770_000_000_000}
            lines.append(json.dumps(line | {"key": json.loads(text)["id"], "value": text.strip()}))
    path.write_text("\n".join(lines) + "\n")
    return path


async def over_kafka(config: Settings, recording: Path, indexed: int) -> tuple[int, str]:
    """Replay a recording over Kafka until so many opinions are indexed."""
    async with access(config) as broker, wiring.service(config) as (running, _):
        await replay(broker, recording)
        done = asyncio.Event()

        def look() -> None:
            counts = running.progress.counts()
            if counts["comments"] >= COUNT and counts["indexed"] >= indexed:
                done.set()

        running.progress.listeners.append(look)
        async with asyncio.timeout(150):
            await done.wait()
        return running.steps.index.digest()


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
    assert asyncio.run(over_kafka(config, recording, embedded.digest[0])) == embedded.digest
    again = tmp_path / "again.jsonl.gz"
    assert asyncio.run(_record(config, again)) >= COUNT + len(load_registry(config.registry))


async def _record(config: Settings, path: Path) -> int:
    async with access(config) as broker:
        return await record(broker, [POLICIES, COMMENTS], path)
