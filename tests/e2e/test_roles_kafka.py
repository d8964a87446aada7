"""``minyi worker`` and ``minyi api`` as processes of their own, over a real Kafka."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from minyi.settings import ROOT
from tests.e2e.conftest import command, environment, free_port
from tests.e2e.service import STOP_S, started

MORE = """
domain: housing
policies:
  - id: park-benches
    title: 公园长椅增设
    description: 在城市公园里增设长椅，方便老人和孩子休息，也方便路过的人。
    department: 住房和城乡建设部
"""


def setup(settings: dict[str, str]) -> None:
    subprocess.run(
        command("setup"), cwd=ROOT, env=environment(**settings), check=True, capture_output=True
    )


def policies(client: httpx.Client) -> set[str]:
    return {view["policy"]["id"] for view in client.get("/v1/policies").json()["items"]}


def lag(client: httpx.Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    found = (line.rsplit(" ", 1) for line in lines if line.startswith("minyi_lag_records{"))
    return {place: float(value) for place, value in found}


@contextmanager
def hanging() -> Iterator[None]:
    """Let the test engines' Kafka hang, with its connections open."""
    folder = os.environ.get("MINYI_TEST_ENGINES")
    if not folder:
        pytest.skip("needs engines that may be hurt: set MINYI_TEST_ENGINES to their folder")
    engines = json.loads((Path(folder) / "engines.json").read_text())
    pids = [engine["pid"] for name, engine in engines.items() if name.startswith("kafka")]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_comment_goes_from_the_api_through_kafka_and_a_worker_into_the_index(
    kafka_servers: str, tmp_path: Path
) -> None:
    registry = tmp_path / "policies"
    registry.mkdir()
    for file in (ROOT / "data" / "policies").glob("*.y*ml"):
        (registry / file.name).write_bytes(file.read_bytes())
    settings = {
        "MINYI_BROKER": f"kafka://{kafka_servers}",
        "MINYI_DATA": str(tmp_path / "data"),
        "MINYI_REGISTRY": str(registry),
        "MINYI_AUTHOR_KEY": "a key of the test's own",
        "MINYI_WORKER__PORT": str(free_port()),
    }
    setup(settings)
    api_port = free_port()
    worker = started(command("worker"), int(settings["MINYI_WORKER__PORT"]), **settings)
    api = started(command("api", "--port", str(api_port)), api_port, **settings)
    with worker as working, api as answering:
        working.ready()
        answering.ready()
        comment = {
            "id": "c1",
            "source": "test",
            "created_at": "2026-09-02T08:00:00+08:00",
            "text": "支持尾号限行，早高峰快了不少。",
        }
        assert answering.client.post("/v1/comments", json=comment).status_code == 202
        answering.until(lambda asked: bool(asked.get("/v1/search").json()["items"]))
        assert "park-benches" not in policies(answering.client)
        (registry / "benches.yaml").write_text(MORE)
        setup(settings)
        answering.until(lambda asked: "park-benches" in policies(asked))
        working.until(lambda asked: len(lag(asked)) > 3 and not any(lag(asked).values()))
        answering.stop()
        working.stop()


def test_a_kafka_that_hangs_is_named_and_does_not_hold_the_end(
    kafka_servers: str, tmp_path: Path
) -> None:
    settings = {
        "MINYI_BROKER": f"kafka://{kafka_servers}",
        "MINYI_DATA": str(tmp_path),
        "MINYI_AUTHOR_KEY": "a key of the test's own",
        "MINYI_WORKER__PORT": str(free_port()),
    }
    setup(settings)
    api_port = free_port()
    worker = started(command("worker"), int(settings["MINYI_WORKER__PORT"]), **settings)
    api = started(command("api", "--port", str(api_port)), api_port, **settings)
    with worker as working, api as answering:
        for service in (working, answering):
            service.ready()
        with hanging():
            for service in (working, answering):
                service.until(lambda asked: asked.get("/ready").status_code == 503)
                begun = time.monotonic()
                assert "broker" in service.client.get("/ready").json()["missing"]
                assert service.client.get("/health").status_code == 200
                assert time.monotonic() - begun < 2 * STOP_S
                service.stop()
