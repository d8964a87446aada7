"""Services that start before their servers, as processes of their own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from minyi.settings import ROOT
from tests.e2e.conftest import command, environment, free_port
from tests.e2e.service import START_S, started


@pytest.mark.parametrize(
    ("role", "missing"), [("worker", "Kafka"), ("api", "Elasticsearch"), ("serve", "Kafka")]
)
def test_a_service_waits_for_its_servers_and_ends_when_told(
    role: str, missing: str, tmp_path: Path
) -> None:
    settings = away(tmp_path)
    with started(command(role, "--port", str(free_port())), 1, **settings) as service:
        deadline = time.monotonic() + START_S
        while service.said().count("waiting to start") < 2 and time.monotonic() < deadline:
            assert service.process.poll() is None, service.said()
            time.sleep(0.05)
        waiting = [line for line in service.said().splitlines() if "waiting to start" in line]
        assert len(waiting) >= 2
        assert all(missing in line for line in waiting)
        service.stop()


def test_a_command_tells_at_once_that_a_server_is_away(tmp_path: Path) -> None:
    done = subprocess.run(
        command("trend", "driving-restriction"),
        cwd=ROOT,
        env=environment(**away(tmp_path)),
        capture_output=True,
        text=True,
        timeout=START_S,
    )
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "waiting" not in done.stderr


def away(data: Path) -> dict[str, str]:
    return {
        "MINYI_BROKER": f"kafka://127.0.0.1:{free_port()}",
        "MINYI_INDEX": f"http://127.0.0.1:{free_port()}",
        "MINYI_DATA": str(data),
        "MINYI_AUTHOR_KEY": "a key of the test's own",
    }
