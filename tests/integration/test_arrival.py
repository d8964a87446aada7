"""A comment that was yet to come when its record arrived dies, whenever the record is read."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from minyi.domain import Comment
from minyi.settings import Settings, load_settings
from streams.access import access
from streams.embedded import NewRecord
from streams.provision import provision
from streams.replay import record, replay
from streams.sinks import BrokerSink
from streams.topics import COMMENTS
from tests.stream import comments, run

SAID = datetime(2026, 3, 1, tzinfo=UTC)
"""When the comments were made, all of them long ago by now."""
ARRIVED = {
    "two days before": SAID - timedelta(days=2),
    "hours before, by a clock that is late": SAID - timedelta(hours=20),
    "after": SAID + timedelta(minutes=1),
    "unknown": datetime(1970, 1, 1, tzinfo=UTC),
}


def arrived() -> list[NewRecord]:
    return [
        NewRecord(
            COMMENTS,
            name.encode(),
            comment.model_copy(update={"id": name, "created_at": SAID}).to_json(),
            timestamp=round(at.timestamp() * 1000),
        )
        for (name, at), comment in zip(
            ARRIVED.items(), map(Comment.from_json, comments(len(ARRIVED))), strict=True
        )
    ]


async def put(config: Settings) -> None:
    async with access(config) as broker:
        await provision(broker, config.partitions)
        await broker.append(arrived())


async def copied(source: Settings, to: Settings, through: Path) -> None:
    async with access(source) as broker:
        await record(broker, [COMMENTS], through)
    async with access(to) as broker:
        await replay(broker, through)


def test_the_time_of_arrival_decides_and_a_replay_decides_the_same(tmp_path: Path) -> None:
    first, second = (load_settings(data=tmp_path / name) for name in ("first", "second"))
    asyncio.run(put(first))
    counts, (letter,) = asyncio.run(run(first, []))
    assert counts["in index"] == 3
    assert json.loads(letter.content)["id"] == "two days before"
    assert letter.reason == ("2026-03-01 08:00 is yet to come; the record arrived on 2026-02-27")
    assert (letter.stage, letter.place) == ("link", "field created_at")

    asyncio.run(copied(first, second, tmp_path / "recording.jsonl"))
    counts, (again,) = asyncio.run(run(second, []))
    assert counts["in index"] == 3
    assert (again.reason, again.content) == (letter.reason, letter.content)


async def test_a_stream_that_is_played_back_arrives_as_it_was_made(tmp_path: Path) -> None:
    """The demo's comments live on a machine whose clock is years behind."""
    ahead = Comment.from_json(comments(1)[0].replace(b"2026-", b"2062-"))
    async with access(load_settings(data=tmp_path)) as broker:
        await provision(broker, 1)
        await BrokerSink(broker, played=True).publish([ahead])
        (arrived,) = [entry async for entry in broker.read(COMMENTS)]
    assert arrived.timestamp == ahead.created_at.timestamp() * 1000
