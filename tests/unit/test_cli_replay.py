"""``minyi record``, ``replay``: what is refused, and what is said of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from minyi.settings import load_settings
from streams.access import access
from streams.embedded import open_log
from streams.provision import provision
from streams.replay import FORMAT, replay
from tests.unit.cli_runner import Cli

TOPICS = {"comments": 2, "policies": 1}


def recording(path: Path, records: list[dict[str, Any]], topics: dict[str, int] = TOPICS) -> Path:
    lines = [{"format": FORMAT, "topics": topics}, *records]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def entry(number: int, **more: Any) -> dict[str, Any]:
    value = "".join(chr(0x4E00 + (number * 7919 + n * n) % 20_000) for n in range(200))
    line = {"topic": "comments", "partition": 0, "timestamp": number, "key": "k", "value": value}
    return line | more


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path / "data", monkeypatch)


@pytest.mark.parametrize("damage", ["cut", "flipped", "trailing", "plain"])
def test_a_damaged_recording_is_told_with_the_place(cli: Cli, tmp_path: Path, damage: str) -> None:
    path = recording(tmp_path / "r.jsonl.gz", [entry(n) for n in range(500)])
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[len(content) // 2 :] = bytes(len(content) // 2)
    elif damage == "trailing":
        content += b"not gzip"
    else:
        content = bytearray(gzip.decompress(content))
    path.write_bytes(content)
    told = cli.told("replay", path, "--dry-run")
    assert "r.jsonl.gz" in told
    assert "no Minyi recording" in told if damage == "plain" else "after line" in told


def test_of_a_damaged_recording_nothing_is_appended(cli: Cli, tmp_path: Path) -> None:
    path = recording(tmp_path / "r.jsonl.gz", [entry(n) for n in range(2_000)])
    path.write_bytes(path.read_bytes()[:-2_000])
    assert "after line 1" in cli.told("replay", path)
    cli("setup")
    cli("record", tmp_path / "now.jsonl", "--topic", "comments")
    assert len((tmp_path / "now.jsonl").read_text().splitlines()) == 1  # no record


@pytest.mark.parametrize(
    "line", [{"partition": 2}, {"partition": "0"}, {"topic": "x"}, {"timestamp": "now"}, {"key": 1}]
)
def test_a_line_that_is_no_record_is_told_with_its_number(
    cli: Cli, tmp_path: Path, line: dict[str, Any]
) -> None:
    path = recording(tmp_path / "r.jsonl", [entry(0), entry(1, **line)])
    assert "r.jsonl, line 3" in cli.told("replay", path, "--dry-run")


@pytest.mark.parametrize(
    "line",
    [
        {"timestamp": 2**70},
        {"timestamp": -(2**70)},
        {"timestamp": True},
        {"partition": False},
        {"headers": [[1, "eA=="]]},
        {"headers": [["name", 1]]},
        {"headers": [["name"]]},
        {"headers": [["name", "no base64"]]},
        {"headers": 1},
        {"topic": "policies", "key": None},
    ],
)
def test_of_a_recording_that_the_broker_would_refuse_nothing_is_appended(
    cli: Cli, tmp_path: Path, line: dict[str, Any]
) -> None:
    bad = {name: value for name, value in entry(600, **line).items() if value is not None}
    path = recording(tmp_path / "r.jsonl", [*map(entry, range(600)), bad])
    told = cli.told("replay", path)
    assert "r.jsonl, line 602: " in told
    assert "\n" not in told.strip()
    cli("setup")
    cli("record", tmp_path / "now.jsonl", "--topic", "comments")
    assert len((tmp_path / "now.jsonl").read_text().splitlines()) == 1  # no record


@pytest.mark.parametrize("topics", [{"comments": 2, "gossip": 1}, {"comments": 2, "policies": 2}])
def test_topics_that_cannot_be_made_as_they_were_are_refused_at_once(
    cli: Cli, tmp_path: Path, topics: dict[str, int]
) -> None:
    strange = entry(600, topic=[*topics][-1], partition=topics[[*topics][-1]] - 1)
    path = recording(tmp_path / "r.jsonl", [*map(entry, range(600)), strange], topics)
    assert [*topics][-1] in cli.told("replay", path)
    cli("setup")
    cli("record", tmp_path / "now.jsonl", "--topic", "comments")
    assert len((tmp_path / "now.jsonl").read_text().splitlines()) == 1  # no record


async def test_where_a_topic_has_other_partitions_records_go_where_their_keys_belong(
    tmp_path: Path,
) -> None:
    keyed = [
        entry(n, key=f"k{n % 40}", partition=n % 40 % 2, headers=[["n", "eA=="]])
        for n in range(600)
    ]
    keyless = [{k: v for k, v in entry(n).items() if k != "key"} for n in range(600, 640)]
    path = recording(tmp_path / "r.jsonl", [*keyed, *keyless], {"comments": 2})
    async with access(load_settings(data=tmp_path / "data")) as broker:
        await provision(broker, 5)
        assert await replay(broker, path) == 640
        found = [record async for record in broker.read("comments")]
        with open_log(tmp_path / "data" / "log") as log:
            assert all(
                record.partition == log.partition_for("comments", record.key)
                for record in found
                if record.key
            )
    assert {record.partition for record in found if not record.key} == set(range(5))
    for n in range(40):  # in the order that they had
        same = [record for record in found if record.key == f"k{n}".encode()]
        assert [record.timestamp for record in same] == list(range(n, 600, 40))
        assert {record.headers for record in same} == {(("n", b"x"),)}


def test_a_recording_of_nothing_known_is_refused(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    for content in ("", "{}", "[]", "[" * 100_000, '{"format": "minyi-recording/1", "topics": 1}'):
        path.write_text(content)
        assert "no Minyi recording" in cli.told("replay", path)
    assert not cli.data.exists()


def test_a_recording_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    cli("setup")
    assert "cannot be written" in cli.told("record", tmp_path / "missing" / "r.jsonl")


def test_a_recording_is_its_owners_alone_since_it_is_not_redacted(cli: Cli, tmp_path: Path) -> None:
    cli("setup")
    for path in (tmp_path / "r.jsonl", tmp_path / "r.jsonl.gz"):
        path.touch(mode=0o644)  # an older one
        cli("record", path)
        assert path.stat().st_mode & 0o777 == 0o600


def test_of_a_recording_that_fails_nothing_is_left(cli: Cli, tmp_path: Path) -> None:
    cli("setup")
    there = tmp_path / "there"
    there.mkdir()
    assert "cannot be written" in cli.told("record", there)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "there"}
    (tmp_path / "file").touch()
    assert "cannot be written" in cli.told("record", tmp_path / "file" / "r.jsonl")
