"""A service that is told to stop ends within ten seconds, whatever it does, and loses nothing."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

import httpx

from minyi.settings import ROOT
from tests.e2e.conftest import command, digest, free_port, minyi
from tests.e2e.service import START_S, Running, started

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"
COMMENTS = 150
HUNG = [sys.executable, "-m", "tests.integration.hung_service"]


def indexed(client: httpx.Client) -> int:
    return int(client.get("/health").json()["progress"]["indexed"])


def serving(data: Path, program: list[str]) -> AbstractContextManager[Running]:
    """Run ``minyi serve``, in small batches."""
    port = free_port()
    arguments = [*program, "serve", "--port", str(port), "--data", str(data)]
    return started(arguments, port, MINYI_TAGGER__BATCH="8")


def test_stopped_in_mid_stream_it_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    with BUNDLE.open() as bundle:
        file.write_text("".join(islice(bundle, COMMENTS)))
    minyi("ingest", file, "--data", tmp_path / "undisturbed")
    whole = digest(tmp_path / "undisturbed")
    count = int(whole.split()[0])
    data = tmp_path / "stopped"
    with serving(data, command()) as service:
        service.ready()
        headers = {"content-type": "application/x-ndjson"}
        posted = service.client.post("/v1/comments", content=file.read_bytes(), headers=headers)
        assert posted.json()["accepted"] == COMMENTS
        service.until(lambda asked: indexed(asked) > 0)
        service.stop()
    assert 0 < int(digest(data).split()[0]) < count
    with serving(data, command()) as service:
        service.until(lambda asked: asked.get("/health").json()["opinions"] >= count)
        service.stop()
    assert digest(data) == whole


def test_stopped_while_it_starts_it_ends_too(tmp_path: Path) -> None:
    with serving(tmp_path, command()) as service:
        deadline = time.monotonic() + START_S
        while not (tmp_path / "log").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        service.stop(signal.SIGINT)


def test_a_write_that_hangs_does_not_hold_it(tmp_path: Path) -> None:
    comment = {
        "id": "c1",
        "source": "test",
        "created_at": "2026-09-02T08:00:00+08:00",
        "text": "支持尾号限行，早高峰快了不少。",
    }
    with serving(tmp_path, HUNG) as service:
        service.ready()
        assert service.client.post("/v1/comments", json=comment).status_code == 202
        writing = 'minyi_batch_records_count{agent="index"} 1.0'
        service.until(lambda asked: writing in asked.get("/metrics").text)
        service.stop()
    assert digest(tmp_path).startswith("0 opinions")
    with serving(tmp_path, command()) as service:
        service.until(lambda asked: asked.get("/health").json()["opinions"] > 0)
