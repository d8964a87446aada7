"""Record, replay, digest: the same topic gives the same index, however it is batched or cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from minyi.pytest_plugin import Replayed
from minyi.registry import load_registry
from minyi.settings import ROOT
from streams.registry import entries
from streams.replay import FORMAT

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
