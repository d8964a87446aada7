"""Several workers on a real Kafka, one index: what a kill, a newcomer and an absent broker do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol

from indexers.embedded import EmbeddedIndex
from minyi.domain import Comment
from minyi.linking import Linker
from minyi.query import Filters
from minyi.registry import load_registry
from minyi.settings import ROOT, Settings, embedded_path, load_settings
from streams.access import access
from streams.app import SESSION_S
from streams.embedded import NewRecord
from streams.provision import provision, publish_registry
from streams.topics import APP_ID, COMMENTS, DEAD_LETTERS, LINKS, OPINIONS
from tests.kafka import Engine, wipe
from tests.stream import comments

pytestmark = pytest.mark.timeout(240)
WORKER = Path(__file__).with_name("kafka_worker.py")
WORK = (COMMENTS, LINKS, OPINIONS)


class Fleet:
    """Worker processes on one Kafka and one index."""

    def __init__(self, config: Settings, servers: str, folder: Path) -> None:
        self.config = config
        self._servers = servers
        self._folder = folder
        self.index = EmbeddedIndex(embedded_path(config.index_url))
        self._linker = Linker(load_registry(ROOT / "data" / "policies").values(), None)
        self._sent = 0
        self.expected = 0
        self.workers: dict[str, asyncio.subprocess.Process] = {}

    async def start(self, name: str, seconds: float = 0.0) -> None:
        """Start a worker whose tagger takes so long for a batch; return when it is ready."""
        config = self.config.model_copy(update={"data": self._folder / name})
        with (self._folder / f"{name}.log").open("wb") as log:
            worker = await asyncio.create_subprocess_exec(
                sys.executable, WORKER, config.model_dump_json(), str(seconds),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        self.workers[name] = worker
        assert worker.stdout
        async with asyncio.timeout(90):
            assert await worker.stdout.readline() == b"ready\n", self.log(name)

    def texts(self) -> set[str]:
        """Return the texts that the index holds."""
        return {o.text for o in self.index.search("", Filters()).items}

    async def kill(self, name: str) -> None:
        worker = self.workers.pop(name)
        worker.kill()
        await worker.wait()

    async def stop(self) -> None:
        for worker in self.workers.values():
            assert worker.stdin
            worker.terminate()
            worker.stdin.close()
        async with asyncio.timeout(30):
            for name, worker in self.workers.items():
                assert await worker.wait() == 0, self.log(name)

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()

    async def tags(self, name: str) -> None:
        """Wait until a worker has a batch in hand."""
        stdout = self.workers[name].stdout
        assert stdout
        async with asyncio.timeout(60):
            assert await stdout.readline() == b"tagging\n", self.log(name)

    async def append(self, raw: bytes) -> None:
        """Send one comment as it is."""
        async with access(self.config) as broker:
            key = Comment.from_json(raw).id.encode()
            await broker.append([NewRecord(COMMENTS, key, raw)])

    async def send(self, count: int) -> None:
        """Send so many further comments; ``expected`` grows by the opinions that they make."""
        first, self._sent = self._sent, self._sent + count
        raw = comments(self._sent)[first:]
        texts = [("", Comment.from_json(r).text) for r in raw]
        self.expected += sum(map(len, self._linker.link_many(texts)))
        async with access(self.config) as broker:
            await broker.append(
                [NewRecord(COMMENTS, b"c%d" % n, r) for n, r in enumerate(raw, start=first)]
            )

    async def holds(self, count: int | None = None, within: float = 90) -> float:
        """Wait for so many opinions in the index, else for all; return the seconds it took."""
        wanted = self.expected if count is None else count
        return await until(lambda: self.index.count() >= wanted, within)

    async def shared_by(self, members: int) -> bool:
        """Whether so many workers own all partitions, as Kafka has assigned them, none of them
        more than half."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([APP_ID])
        finally:
            await admin.close()
        owned = [
            {
                topic: len(parts)
                for topic, parts in ConsumerProtocol.ASSIGNMENT.decode(raw).assignment
            }
            for group in answer.groups
            for *_, raw in group[5]
            if raw
        ]
        shares = [[of.get(topic, 0) for of in owned] for topic in WORK]
        half = self.config.partitions // 2
        return len(owned) == members and all(
            sum(share) == self.config.partitions and max(share) <= half for share in shares
        )


async def until(done: Callable[[], bool], within: float) -> float:
    began = time.monotonic()
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(done):  # noqa: ASYNC110  # other processes tell nobody
            await asyncio.sleep(0.1)
    return time.monotonic() - began


@pytest.fixture
async def fleet(kafka_servers: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    """No workers yet; topics of 12 partitions and the registry."""
    await wipe(kafka_servers)
    config = load_settings(
        broker=f"kafka://{kafka_servers}",
        index=f"embedded://{tmp_path / 'index'}",
        data=tmp_path,
        partitions=12,
        author_key="a key of the test's own",
    )
    async with access(config) as broker:
        await provision(broker, config.partitions)
        await publish_registry(broker, load_registry(ROOT / "data" / "policies").values())
    fleet = Fleet(config, kafka_servers, tmp_path)
    try:
        yield fleet
    finally:
        for worker in fleet.workers.values():
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
        fleet.index.close()
        await wipe(kafka_servers)


async def letters(config: Settings) -> int:
    async with access(config) as broker:
        return len([record async for record in broker.read(DEAD_LETTERS)])


async def test_a_killed_worker_is_replaced_and_a_new_one_takes_its_share(fleet: Fleet) -> None:
    await fleet.send(1200)
    await asyncio.gather(*(fleet.start(name, seconds=0.2) for name in ("a", "b", "c")))
    await fleet.holds(100)
    assert fleet.index.count() < fleet.expected
    await fleet.kill("a")  # in mid-batch
    async with asyncio.timeout(SESSION_S + 15):  # the rest is for a busy machine
        while not await fleet.shared_by(2):  # noqa: ASYNC110  # Kafka tells nobody
            await asyncio.sleep(0.2)
    await fleet.send(800)
    await fleet.start("d", seconds=0.2)
    await fleet.holds(within=120)
    assert await fleet.shared_by(3)
    await fleet.stop()
    assert fleet.index.count() == fleet.expected >= 2000
    assert await letters(fleet.config) == 0


async def test_a_worker_that_wakes_too_late_puts_no_older_edit_back(fleet: Fleet) -> None:
    """What it has in hand was worked off by another, and so was a newer edit."""
    (older,) = comments(1)
    newer = older.replace("第0条".encode(), "改过了".encode())

    await fleet.start("slow", seconds=2)
    await fleet.append(older)
    await fleet.tags("slow")
    fleet.workers["slow"].send_signal(signal.SIGSTOP)
    await fleet.start("quick")
    await fleet.append(newer)
    await until(lambda: fleet.texts() == {Comment.from_json(newer).text}, 60)
    fleet.workers["slow"].send_signal(signal.SIGCONT)
    await until(lambda: any("older edits" in fleet.log(name) for name in fleet.workers), 60)
    assert fleet.texts() == {Comment.from_json(newer).text}
    await fleet.stop()
    assert await letters(fleet.config) == 0


async def test_a_worker_that_wakes_too_late_puts_no_opinion_of_an_earlier_text_back(
    fleet: Fleet,
) -> None:
    """The newer edit is about another policy."""
    (older,) = comments(1)
    (newer,) = comments(1, "垃圾分类很好")

    def dropped() -> int:
        return sum(fleet.log(name).count("earlier texts were dropped") for name in fleet.workers)

    await fleet.start("slow", seconds=2)
    await fleet.append(older)
    await fleet.tags("slow")
    fleet.workers["slow"].send_signal(signal.SIGSTOP)
    await fleet.start("quick")
    await fleet.append(newer)
    await until(lambda: dropped() == 1, 60)
    assert fleet.texts() == {Comment.from_json(newer).text}
    fleet.workers["slow"].send_signal(signal.SIGCONT)
    await until(lambda: dropped() >= 2, 60)
    await fleet.stop()
    assert fleet.texts() == {Comment.from_json(newer).text}
    assert await letters(fleet.config) == 0


async def test_an_edit_about_no_policy_and_a_withdrawn_comment_leave_nothing(fleet: Fleet) -> None:
    (first,) = comments(1)
    await fleet.start("a")
    await fleet.start("b")
    for last in (first.replace("支持加装电梯".encode(), "（已删除）".encode()), None):
        await fleet.append(first)
        await until(lambda: fleet.index.count() == 1, 60)
        async with access(fleet.config) as broker:
            await broker.append([NewRecord(COMMENTS, b"c0", last)])
        await until(lambda: fleet.index.count() == 0, 60)
    await fleet.stop()
    assert await letters(fleet.config) == 0


async def test_a_broker_that_hangs_and_one_that_dies_are_waited_for(fleet: Fleet) -> None:
    engine = Engine()
    await fleet.start("a", seconds=0.02)
    await fleet.send(1000)
    await fleet.holds(100)
    engine.pause()
    try:
        await asyncio.sleep(SESSION_S + 2)
    finally:
        engine.resume()
    await fleet.holds()
    await fleet.send(1000)
    engine.kill()
    try:
        await asyncio.sleep(1)
    finally:
        await asyncio.to_thread(engine.start)
    await fleet.send(100)
    await fleet.holds()
    assert fleet.workers["a"].returncode is None
    await fleet.stop()
    assert await letters(fleet.config) == 0
    assert "加装电梯" not in fleet.log("a")
