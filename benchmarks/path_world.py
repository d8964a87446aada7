"""Kafka, Elasticsearch and the workers that the benchmark of the whole path runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from elasticsearch import Elasticsearch

from benchmarks import constant_worker
from benchmarks.path_load import AUTHOR_KEY, Load
from indexers.lifecycle import ALIAS, Names, held, set_up
from minyi.clock import SystemClock
from minyi.domain import Comment
from minyi.errors import MinyiError, SettingError
from minyi.registry import load_registry
from minyi.settings import ROOT, Settings
from streams.access import access, chunks
from streams.embedded import NewRecord
from streams.provision import PROVISIONED, provision, publish_registry
from streams.topics import COMMENTS

REAL, CONSTANT = "minyi", constant_worker.__name__
"""The modules that workers run."""
NAMES = {spec.name for spec in PROVISIONED}


@dataclass(frozen=True)
class World:
    """The engines, and what the workers are told of them."""

    kafka: str
    elasticsearch: str
    client: Elasticsearch
    folder: Path
    workers: int

    @property
    def variables(self) -> dict[str, str]:
        return {
            "MINYI_BROKER": f"kafka://{self.kafka}",
            "MINYI_INDEX": self.elasticsearch,
            "MINYI_AUTHOR_KEY": AUTHOR_KEY,
            "MINYI_LOG__LEVEL": "WARNING",
        }

    @property
    def settings(self) -> Settings:
        return Settings(broker=f"kafka://{self.kafka}", index=self.elasticsearch, data=self.folder)


async def must_be_empty(world: World) -> None:
    """Refuse engines that hold something of Minyi's.

    Raises:
        SettingError: when they do.
    """
    async with access(world.settings) as broker:
        topics = await broker.partitions(sorted(NAMES))
    if topics or held(world.client, Names()):
        raise SettingError(
            "these engines hold topics or opinions of Minyi, which the benchmark would delete: "
            "name others, or say --wipe if they are of no use"
        )


async def wipe(world: World) -> None:
    """Delete Minyi's topics and opinions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
    await admin.start()
    try:
        async with asyncio.timeout(60):
            while there := NAMES & set(await admin.list_topics()):
                await admin.delete_topics(list(there))
                await asyncio.sleep(0.2)  # Kafka tells nobody when they are gone
    finally:
        await admin.close()
    if months := world.client.indices.get(index=f"{ALIAS}-v*", expand_wildcards="all"):
        world.client.indices.delete(index=",".join(months))


async def fresh(world: World, comments: Sequence[Comment]) -> None:
    """Begin anew: topics, registry, an empty index, and these comments in Kafka."""
    await wipe(world)
    set_up(world.client, Names(), SystemClock().now())
    async with access(world.settings) as broker:
        await provision(broker, world.settings.partitions)
        await publish_registry(broker, load_registry(world.settings.registry).values())
    await send(world, comments)


async def send(world: World, comments: Sequence[Comment]) -> None:
    """Append comments; they are durable when the call returns."""
    async with access(world.settings) as broker:
        for chunk in chunks(NewRecord(COMMENTS, c.id.encode(), c.to_json()) for c in comments):
            await broker.append(chunk)


@contextmanager
def working(world: World, module: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run workers; they are told to end at the end."""
    running = []
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MINYI_")}
    for number in range(world.workers):
        data = world.folder / f"{module}-{number}"
        own = {"MINYI_DATA": str(data), "MINYI_SEMANTIC": str(module == REAL).lower()}
        if profile := os.environ.get(constant_worker.PROFILE):
            own[constant_worker.PROFILE] = f"{profile}.{number}"
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", module, "worker", "--port", "0"],
                cwd=ROOT,
                env=clean | world.variables | own,
                stdout=subprocess.DEVNULL,
                stderr=(world.folder / f"{module}-{number}.log").open("wb"),
            )
        )
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


def processor_s(process: subprocess.Popen[bytes]) -> float:
    """Return the processor's time that a process has used; NaN where the system does not tell."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def indexed(world: World) -> int:
    """Return how many opinions were written, found or not."""
    stats = world.client.indices.stats(
        index=ALIAS, metric="indexing", filter_path="_all.primaries.indexing.index_total"
    )
    return int(stats["_all"]["primaries"]["indexing"]["index_total"])


def count(world: World) -> int:
    """Return how many opinions the index holds."""
    world.client.indices.refresh(index=ALIAS)
    return int(world.client.count(index=ALIAS)["count"])


def complete(world: World, work: Load) -> None:
    """Raise unless the index holds just the opinions of the load."""
    if (there := count(world)) != work.links:
        raise MinyiError(f"{work.links} opinions were to be indexed, {there} are")
