"""A service that is told to stop ends within ten seconds, whatever it does, and loses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from minyi.settings import ROOT
from tests.e2e.conftest import command, digest, environment, free_port, minyi

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"
COMMENTS = 150
STOP_S = 10.0
START_S = 120.0
HUNG = [sys.executable, "-m", "tests.integration.hung_service"]


@contextmanager
def started(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=environment(MINYI_TAGGER__BATCH="8"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(client: httpx.Client, done: Callable[[httpx.Client], bool]) -> None:
    """Ask until the answer is yes; a service that is not up yet says no."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            if done(client):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError("the service has not come so far")


def stopped(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Tell the process to stop, and check how it does."""
    process.send_signal(number)
    assert process.wait(STOP_S) == 0


def indexed(client: httpx.Client) -> int:
    return int(client.get("/health").json()["progress"]["indexed"])


@contextmanager
def serving(data: Path, program: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """Run ``minyi serve``; yield the process and a client of it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [*program, "serve", "--port", str(port), "--data", str(data)]
    with (
        started(arguments) as process,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        yield process, client


def test_stopped_in_mid_stream_it_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    with BUNDLE.open() as bundle:
        file.write_text("".join(islice(bundle, COMMENTS)))
    minyi("ingest", file, "--data", tmp_path / "undisturbed")
    whole = digest(tmp_path / "undisturbed")
    count = int(whole.split()[0])
    data = tmp_path / "stopped"
    with serving(data, command()) as (process, client):
        until(client, lambda asked: asked.get("/ready").status_code == 200)
        headers = {"content-type": "application/x-ndjson"}
        posted = client.post("/v1/comments", content=file.read_bytes(), headers=headers)
        assert posted.json()["accepted"] == COMMENTS
        until(client, lambda asked: indexed(asked) > 0)
        stopped(process, signal.SIGTERM)
    assert 0 < int(digest(data).split()[0]) < count
    with serving(data, command()) as (process, client):
        until(client, lambda asked: asked.get("/health").json()["opinions"] >= count)
        stopped(process, signal.SIGTERM)
    assert digest(data) == whole


def test_stopped_while_it_starts_it_ends_too(tmp_path: Path) -> None:
    with serving(tmp_path, command()) as (process, _):
        deadline = time.monotonic() + START_S
        while not (tmp_path / "log").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        stopped(process, signal.SIGINT)


def test_a_write_that_hangs_does_not_hold_it(tmp_path: Path) -> None:
    comment = {
        "id": "c1",
        "source": "test",
        "created_at": "2026-09-02T08:00:00+08:00",
        "text": "支持尾号限行，早高峰快了不少。",
    }
    with serving(tmp_path, HUNG) as (process, client):
        until(client, lambda asked: asked.get("/ready").status_code == 200)
        assert client.post("/v1/comments", json=comment).status_code == 202
        writing = 'minyi_batch_records_count{agent="index"} 1.0'
        until(client, lambda asked: writing in asked.get("/metrics").text)
        stopped(process, signal.SIGTERM)
    assert digest(tmp_path).startswith("0 opinions")
    with serving(tmp_path, command()) as (_, client):
        until(client, lambda asked: asked.get("/health").json()["opinions"] > 0)
