"""How many records a second a broker moves: ``python -m benchmarks.bench_broker``.

First the log itself, then two agents and a table, over an embedded log in a temporary folder or
over the broker whose URL is given (``--broker kafka://127.0.0.1:9092``). Each record is read, sent
on, read again and counted in a table, which writes its change to a changelog: three records written
and two read for each. On a busy machine, look at the figure per second of CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import faust

import streams.embedded
from streams.embedded import EmbeddedLog, NewRecord

PARTITIONS = 4
VALUE = "我支持这项政策，但是希望办事流程再简单一点。".encode() * 4
"""About as long as a comment with its fields."""


def bench_log(folder: Path, count: int) -> None:
    """Print how fast the log itself appends and reads."""
    with EmbeddedLog(folder) as log:
        log.create_topic("t")
        for batch in (1, 10, 100, 1000):
            record = NewRecord("t", b"key", VALUE)
            rounds = max(10, min(count // batch, 2000))
            began = time.perf_counter()
            for _ in range(rounds):
                log.append([record] * batch)
            rate = rounds * batch / (time.perf_counter() - began)
            print(f"append, {batch:>4} a call   {rate:>10,.0f} records/s")
        began, at = time.perf_counter(), 0
        while page := log.read("t", 0, at):
            at = page[-1].offset + 1
        print(f"read, pages of 500    {at / (time.perf_counter() - began):>10,.0f} records/s")


async def bench_agents(broker: str, folder: str, total: int) -> None:
    """Print how fast waiting records go through the agents, by the clock and by CPU time."""
    group = f"bench-{uuid.uuid4().hex[:8]}"
    app: Any = faust.App(
        group,
        broker=broker,
        store="memory://",
        datadir=f"{folder}/faust",
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=PARTITIONS,
        broker_commit_interval=0.5,
        stream_recovery_delay=0,
    )
    raw: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "partitions": PARTITIONS}
    raw |= {"key_serializer": "raw", "value_serializer": "raw", "internal": True}
    first, second = app.topic(f"{group}-a", **raw), app.topic(f"{group}-b", **raw)
    counts = app.Table("counts", default=int, partitions=PARTITIONS)
    done = asyncio.Event()
    seen = 0

    async def forward(stream: Any) -> None:
        async for event in stream.events():
            await second.send(key=event.key, value=event.value)

    async def count(stream: Any) -> None:
        nonlocal seen
        async for event in stream.events():
            counts[event.key.decode()] += 1
            seen += 1
            if seen == total:
                done.set()

    app.agent(first, name="forward")(forward)
    app.agent(second, name="count")(count)
    await first.declare()
    began = time.perf_counter()
    for number in range(total):
        await first.send(key=b"key-%d" % (number % 997), value=VALUE)
    await app.producer.flush()
    print(f"sent by Faust         {total / (time.perf_counter() - began):>10,.0f} records/s")
    await app.start()
    began, cpu = time.perf_counter(), time.process_time()
    await done.wait()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    await app.stop()
    print(
        f"two hops and a table  {total / took:>10,.0f} records/s, {total / cpu:,.0f} per CPU second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", help="a broker's URL; without it, an embedded log")
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    streams.embedded.register()
    with tempfile.TemporaryDirectory() as folder:
        if not options.broker:
            bench_log(Path(folder) / "log", options.count)
        broker = options.broker or f"embedded://{folder}/agents"
        asyncio.run(bench_agents(broker, folder, options.count))


if __name__ == "__main__":
    main()
