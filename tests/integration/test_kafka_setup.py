"""``minyi setup`` on a real Kafka: what it creates, keeps, reports, adjusts and refuses."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from minyi.cli import main
from minyi.cli.wiring import console, output
from minyi.errors import SettingError
from minyi.settings import load_settings
from streams.access import access
from streams.kafka import KafkaAccess
from streams.provision import PROVISIONED, provision, require_partitions
from streams.topics import COMMENTS, LINKS, OPINIONS, POLICIES, Layout
from tests.kafka import wipe

NAMES = [spec.name for spec in PROVISIONED]


@pytest.fixture
def servers(kafka_servers: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An empty Kafka, named by the settings, which ask for 6 partitions."""
    asyncio.run(wipe(kafka_servers))
    monkeypatch.setenv("MINYI_BROKER", f"kafka://{kafka_servers}")
    monkeypatch.setenv("MINYI_PARTITIONS", "6")
    monkeypatch.setenv("MINYI_DATA", str(tmp_path))
    yield kafka_servers
    asyncio.run(wipe(kafka_servers))


def setup(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said, in one line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["minyi", "setup", *options])
        patch.setattr(output, "file", sys.stdout)  # as captured now
        patch.setattr(console, "file", sys.stderr)
        with pytest.raises(SystemExit) as ended:
            main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), " ".join((told.out + told.err).split())


def layouts(servers: str) -> dict[str, Layout]:
    async def run() -> dict[str, Layout]:
        access = KafkaAccess(servers)
        try:
            return await access.layouts(NAMES)
        finally:
            await access.close()

    return asyncio.run(run())


def create(servers: str, name: str, partitions: int, **settings: str) -> None:
    async def run() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            config = {key.replace("_", "."): value for key, value in settings.items()}
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
        finally:
            await admin.close()

    asyncio.run(run())


def some(settings: Mapping[str, str]) -> tuple[str, str]:
    return settings["cleanup.policy"], settings["retention.ms"]


def test_set_up_creates_the_topics_once(servers: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = setup(capsys, "--dry-run")
    assert (code, layouts(servers)) == (0, {})
    assert "comments │ create │ 6 partitions" in told
    assert "to publish" in told

    code, told = setup(capsys)
    assert code == 0
    assert f"topics created: {', '.join(NAMES)}" in told
    made = layouts(servers)
    assert {name: layout.partitions for name, layout in made.items()} == {
        spec.name: spec.partitions or 6 for spec in PROVISIONED
    }
    for name in (COMMENTS, LINKS, OPINIONS):  # what no agent has read yet must never go
        assert some(made[name].settings) == ("delete", "-1")
    assert made[POLICIES].settings["cleanup.policy"] == "compact"
    stamped = [n for n in NAMES if made[n].settings["message.timestamp.type"] == "LogAppendTime"]
    assert stamped == [COMMENTS]

    code, told = setup(capsys)
    assert code == 0
    assert "topics created: none missing registry" in told
    assert "policies unchanged" in told
    assert layouts(servers) == made
    code, told = setup(capsys, "--dry-run")
    assert (code, told.count("│ keep │")) == (0, len(NAMES))


def test_settings_that_differ_are_reported_and_changed_only_when_asked(
    servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    create(servers, COMMENTS, 6, retention_ms="60000", segment_bytes="7654321")
    code, told = setup(capsys)
    assert code == 0
    assert "topic comments differs" in told
    assert "retention.ms=60000, ours is -1" in told
    assert some(layouts(servers)[COMMENTS].settings) == ("delete", "60000")

    code, told = setup(capsys, "--adjust")
    assert code == 0
    assert "topic comments adjusted" in told
    settings = layouts(servers)[COMMENTS].settings
    assert some(settings) == ("delete", "-1")
    assert settings["segment.bytes"] == "7654321"  # somebody else's
    assert "adjusted" not in setup(capsys, "--adjust")[1]


def test_more_partitions_are_kept_and_a_worker_asks_for_the_right_number(
    servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    create(servers, COMMENTS, 8)
    code, told = setup(capsys)
    assert code == 0
    assert "comments differs: has 8 partitions" in told
    assert "a topic cannot shrink" in told
    assert layouts(servers)[COMMENTS].partitions == 8

    async def start() -> None:
        async with access(load_settings()) as broker:
            await require_partitions(broker, 6)

    with pytest.raises(SettingError, match=r"'comments' has 8.*: set MINYI_PARTITIONS=8"):
        asyncio.run(start())


@pytest.mark.parametrize(("topic", "count"), [(COMMENTS, 2), (POLICIES, 3)])
def test_partitions_that_would_break_the_order_of_keys_are_refused(
    topic: str, count: int, servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    create(servers, topic, count)
    for options in ([], ["--adjust"]):
        code, told = setup(capsys, *options)
        assert code == 1
        assert f"topic '{topic}' has {count} partitions" in told
        assert "delete" in told
    assert list(layouts(servers)) == [topic]
    assert "│ refuse │" in setup(capsys, "--dry-run")[1]


def test_several_workers_may_set_up_at_once(servers: str) -> None:
    async def run() -> list[list[str]]:
        workers = [KafkaAccess(servers) for _ in range(4)]
        try:
            return await asyncio.gather(*(provision(worker, 6) for worker in workers))
        finally:
            for worker in workers:
                await worker.close()

    assert sorted(name for made in asyncio.run(run()) for name in made) == sorted(NAMES)
