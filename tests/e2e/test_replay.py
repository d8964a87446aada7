"""Record, replay, digest: the same topic gives the same index, however it is batched or cut."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from minyi.pytest_plugin import Replayed
from minyi.registry import load_registry
from minyi.settings import ROOT
from streams.registry import entries
from streams.replay import FORMAT
from tests.e2e.conftest import command, digest, environment, minyi

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the registry and 300 comments over three partitions."""
    path = tmp_path_factory.mktemp("recording") / "comments.jsonl"
    lines = [{"format": FORMAT, "topics": {"policies": 1, "comments": 3}}]
    for key, value in entries(load_registry(ROOT / "data" / "policies").values()):
        assert value is not None
        line = {"topic": "policies", "partition": 0, "timestamp": 0}
        lines.append(line | {"key": key.decode(), "value": value.decode()})
    with BUNDLE.open() as bundle:
        for number, text in enumerate(islice(bundle, 300)):
            line = {"topic": "comments", "partition": number % 3, "timestamp": number}
            lines.append(line | {"key": json.loads(text)["id"], "value": text.strip()})
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return path


def test_a_replay_is_drained_and_the_same_each_time(
    recording: Path, replay_recording: Callable[[Path], Replayed], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = replay_recording(recording)
    assert first.counts["comments"] == 300
    assert first.counts["indexed"] == first.digest[0] > 200
    monkeypatch.setenv("MINYI_TAGGER__BATCH", "7")
    monkeypatch.setenv("MINYI_TAGGER__WAIT_S", "0.01")
    second = replay_recording(recording)
    assert second.digest == first.digest


def test_another_number_of_partitions_changes_nothing_that_is_counted(
    recording: Path, replay_recording: Callable[[Path], Replayed], tmp_path: Path
) -> None:
    """As docs/operations.md has it: record, set up anew, replay."""
    before = replay_recording(recording)
    recorded, data = tmp_path / "recorded.jsonl.gz", tmp_path / "data"
    minyi("record", recorded, "--data", before.settings.data)
    subprocess.run(
        command("setup", "--data", data),
        cwd=ROOT,
        env=environment(MINYI_PARTITIONS="7"),
        check=True,
    )
    minyi("replay", recorded, "--data", data)
    assert digest(data) == f"{before.digest[0]} opinions sha256:{before.digest[1]}"
    minyi("record", recorded, "--data", data)
    with gzip.open(recorded, "rt") as again:
        assert json.loads(again.readline())["topics"] == {"policies": 1, "comments": 7}
