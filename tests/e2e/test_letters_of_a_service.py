"""Commands beside a running ``minyi serve`` that owns the log: dead letters, forgetting."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx

from minyi.settings import ROOT
from tests.e2e.conftest import command, environment, free_port, minyi

GOOD = '{"id": "c1", "source": "web", "text": "支持加装电梯", "created_at": "2026-03-01"}'


def test_the_commands_ask_the_service_that_owns_the_log(tmp_path: Path) -> None:
    data, port, mended = tmp_path / "data", free_port(), tmp_path / "mended.json"
    mended.write_text(GOOD)
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command("serve", "--port", str(port), "--data", data),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=url, trust_env=False) as client:
            deadline = time.monotonic() + 120
            while process.poll() is None and not _answers(client):
                assert time.monotonic() < deadline
                time.sleep(0.2)
            broken = [{"id": "c1"}, {"id": "c2"}]
            assert len(client.post("/v1/comments", json=broken).json()["rejected"]) == 2
            assert client.get("/v1/dead-letters").status_code == 401
            listed = minyi("dead-letters", "list", "--json", "--data", data).stdout.splitlines()
            keys = [line.split('"')[3] for line in listed]
            assert len(keys) == 2
            minyi("dead-letters", "retry", keys[0][:12], "--edit", mended, "--data", data)
            minyi("dead-letters", "drop", keys[1], "--yes", "--data", data)
            assert minyi("dead-letters", "list", "--json", "--data", data).stdout == ""
            while not client.get("/v1/search").json()["items"]:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            told = minyi("index", "forget", "c1", "--data", data).stdout
            assert "c1: 1 opinions, 0 dead letters deleted" in told
            assert client.get("/v1/search").json()["items"] == []
    finally:
        process.terminate()
        process.wait(30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False
