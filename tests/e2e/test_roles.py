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
def hanging(engine: str) -> Iterator[None]:
    """Let one of the test engines hang, with its connections open."""
    folder = os.environ.get("MINYI_TEST_ENGINES")
    if not folder:
        pytest.skip("needs engines that may be hurt: set MINYI_TEST_ENGINES to their folder")
    engines = json.loads((Path(folder) / "engines.json").read_text())
    pids = [held["pid"] for name, held in engines.items() if name.startswith(engine)]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def indexed(client: httpx.Client) -> int:
    health = client.get("/health")
    assert health.status_code == 200, health.text
    return int(health.json()["progress"]["indexed"])


def post(client: httpx.Client, comment_id: str) -> None:
    comment = {
        "id": comment_id,
        "source": "test",
        "created_at": "2026-09-02T08:00:00+08:00",
        "text": "支持尾号限行，早高峰快了不少。",
    }
    assert client.post("/v1/comments", json=comment).status_code == 202


@pytest.mark.parametrize("store", ["embedded", "elasticsearch"])
def test_a_comment_goes_from_the_api_through_kafka_and_a_worker_into_the_index(
    kafka_servers: str, tmp_path: Path, store: str, request: pytest.FixtureRequest
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
    if store == "elasticsearch":
        settings["MINYI_INDEX"] = request.getfixturevalue("elasticsearch")
    setup(settings)
    api_port = free_port()
    worker = started(command("worker"), int(settings["MINYI_WORKER__PORT"]), **settings)
    api = started(command("api", "--port", str(api_port)), api_port, **settings)
    with worker as working, api as answering:
        working.ready()
        answering.ready()
        post(answering.client, f"role-{store}")
        working.until(lambda asked: indexed(asked) > 0)
        answering.until(lambda asked: f"role-{store}" in asked.get("/v1/search").text)
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
        with hanging("kafka"):
            for service in (working, answering):
                service.until(lambda asked: asked.get("/ready").status_code == 503)
                begun = time.monotonic()
                assert "broker" in service.client.get("/ready").json()["missing"]
                assert service.client.get("/health").status_code == 200
                assert time.monotonic() - begun < 2 * STOP_S
                service.stop()


def test_an_elasticsearch_that_hangs_is_named_and_does_not_hold_the_end(
    kafka_servers: str, elasticsearch: str, tmp_path: Path
) -> None:
    settings = {
        "MINYI_BROKER": f"kafka://{kafka_servers}",
        "MINYI_INDEX": elasticsearch,
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
        with hanging("elasticsearch"):
            post(answering.client, "role-hang")
            writing = 'minyi_batch_records_count{agent="index"} 1.0'
            working.until(lambda asked: writing in asked.get("/metrics").text)
            for service in (working, answering):
                service.until(lambda asked: asked.get("/ready").status_code == 503)
                health = service.client.get("/health")
                assert (health.status_code, health.json()["opinions"]) == (200, None)
                service.stop()
    with started(command("worker"), int(settings["MINYI_WORKER__PORT"]), **settings) as working:
        working.until(lambda asked: indexed(asked) > 0)
        working.stop()
