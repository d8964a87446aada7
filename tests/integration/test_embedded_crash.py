"""What a killed process and a full disk leave of the embedded log."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import faust
import pytest

import streams.embedded
from minyi.errors import BrokerUnavailable
from streams.embedded import EmbeddedLog, NewRecord, TopicPartition

ROOT = Path(__file__).parents[2]

APPENDER = """
import itertools, sys
from streams.embedded import EmbeddedLog, NewRecord, TopicPartition

log = EmbeddedLog(sys.argv[1])
log.create_topic("t", 2)
first = sum(log.highwaters().values())
for number in itertools.count(first, 3):
    batch = [NewRecord("t", b"%d" % n, b"x" * (n % 3000)) for n in range(number, number + 3)]
    kept = log.append(batch)
    log.commit("g", {TopicPartition("t", record.partition): record.offset for record in kept})
    for record in kept:
        print(record.partition, record.offset, record.key.decode(), flush=True)
"""


def test_sigkill_at_any_point_loses_no_acknowledged_record(tmp_path: Path) -> None:
    dice = random.Random(2024)
    acknowledged: list[tuple[int, int, int]] = []
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(dice.randrange(1, 150))]
        process.kill()
        lines += process.stdout.readlines()
        process.stdout.close()
        process.wait()
        acknowledged += [tuple(map(int, line.split())) for line in lines if line.endswith(b"\n")]
        with EmbeddedLog(tmp_path) as log:
            there = {number: log.read("t", number, 0, 10**6, 10**9) for number in (0, 1)}
            for number, records in there.items():
                assert [record.offset for record in records] == list(range(len(records)))
                assert log.highwater("t", number) == len(records)
                assert log.committed("g").get(TopicPartition("t", number), 0) <= len(records)
            keys = [int(record.key or b"") for record in [*there[0], *there[1]]]
            assert sorted(keys) == list(range(len(keys)))  # each once, whole batches only
            assert len(keys) % 3 == 0
            for partition, offset, key in acknowledged:
                record = there[partition][offset]
                assert (record.key, len(record.value or b"")) == (b"%d" % key, key % 3000)
    assert acknowledged


def fill_disk(log: EmbeddedLog, pages: int) -> None:
    """Let the log's file grow by so many pages and no further."""
    writer = log._store._writer
    (used,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {used + pages}")


def test_a_full_disk_is_said_and_nothing_of_the_batch_is_written(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t")
        log.append([NewRecord("t", b"k", b"before")])
        fill_disk(log, 20)
        with pytest.raises(BrokerUnavailable, match="is full: free some space"):
            log.append([NewRecord("t", b"k", b"x" * 10_000) for _ in range(50)])
        assert log.highwater("t", 0) == 1
        assert [record.value for record in log.read("t", 0, 0)] == [b"before"]
        log.append([NewRecord("t", b"k", b"small")])  # still fits
    with EmbeddedLog(tmp_path) as log:
        assert [record.value for record in log.read("t", 0, 0)] == [b"before", b"small"]


def forwarder(folder: Path) -> tuple[Any, asyncio.Event]:
    streams.embedded.register()
    app = faust.App(
        "forwarder",
        broker=f"embedded://{folder}",
        store="memory://",
        datadir=str(folder / "faust"),
        web_enabled=False,
        topic_disable_leader=True,
        broker_commit_interval=0.05,
    )
    raw = {"key_type": bytes, "value_type": bytes, "value_serializer": "raw", "partitions": 1}
    source, target = app.topic("source", **raw), app.topic("target", **raw)
    drained = asyncio.Event()

    async def forward(stream: Any) -> None:
        async for event in stream.events():
            await target.send(key=event.key, value=event.value)
            if event.key == b"299":
                drained.set()

    app.agent(source, name="forward")(forward)
    return app, drained


async def test_a_worker_on_a_full_disk_stops_and_goes_on_without_loss(tmp_path: Path) -> None:
    app, _ = forwarder(tmp_path)
    with streams.embedded.open_log(tmp_path) as log:
        log.create_topic("source")
        log.create_topic("target")
        log.append([NewRecord("source", b"%d" % n, b"x" * 4000) for n in range(300)])
        fill_disk(log, 100)
        async with asyncio.timeout(30):
            await app.start()
            await app.wait_until_stopped()
        assert isinstance(app.crash_reason, BrokerUnavailable)
        assert "is full" in str(app.crash_reason)
        await app.stop()
        written = log.highwater("target", 0)
        assert 0 < written < 300
        assert log.committed("forwarder").get(TopicPartition("source", 0), 0) <= written
    with streams.embedded.open_log(tmp_path):  # the limit went with its connection
        app, drained = forwarder(tmp_path)
        await app.start()
        async with asyncio.timeout(30):
            await drained.wait()
        await app.stop()
    with EmbeddedLog(tmp_path) as log:
        keys = {int(record.key or b"") for record in log.read("target", 0, 0, 10**4, 10**9)}
        assert keys == set(range(300))
