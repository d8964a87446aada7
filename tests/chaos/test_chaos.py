"""The chaos harness itself, on two short scenarios; ``make chaos`` runs them all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.chaos.engines import COMPOSE, ComposeEngines
from tests.chaos.running import Runner
from tests.chaos.trial import Options


def verdict(name: str, folder: Path, options: Options) -> None:
    runner = Runner(options, folder)
    try:
        (result,) = runner.run([name])
    finally:
        runner.close()
    assert not result.skipped
    assert result.verdict.problems == []
    assert result.verdict.opinions > 0
    assert result.verdict.letters > 0


@pytest.mark.usefixtures("kafka_servers", "elasticsearch")
def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    verdict("worker-kill", tmp_path, Options(comments=200, kills=1, quick=True))


def test_a_killed_service_loses_nothing(tmp_path: Path) -> None:
    verdict("embedded-kill", tmp_path, Options(comments=200, kills=1, quick=True))


def test_the_engines_of_compose_are_hurt_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a docker that only notes what it is told."""
    told = tmp_path / "told"
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\nshift 3\necho "$@" >> {told}\necho 127.0.0.1:1\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    engines = ComposeEngines(brokers=3)
    engines.kill(engines.brokers[1])
    engines.start(engines.brokers[1])
    engines.pause("elasticsearch")
    engines.resume("elasticsearch")
    engines.close()
    assert engines.kafka == "127.0.0.1:1,127.0.0.1:1,127.0.0.1:1"
    assert [line for line in told.read_text().splitlines() if not line.startswith("port")] == [
        "up -d --wait kafka-1 kafka-2 kafka-3 elasticsearch",
        "kill kafka-2",
        "up -d --wait kafka-2",
        "pause elasticsearch",
        "unpause elasticsearch",
        "down --volumes",
    ]
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert services.keys() >= {"kafka", *engines.brokers, "elasticsearch"}
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
