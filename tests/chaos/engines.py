"""Kafka and Elasticsearch, to be hurt: through ``engines.py`` or through docker compose."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from minyi.settings import ROOT

KAFKA, ELASTICSEARCH = "kafka", "elasticsearch"
COMPOSE = Path(__file__).with_name("compose.yml")
STARTS_WITHIN_S = 600.0
"""The first time, images are fetched."""


class Unavailable(Exception):
    """There are no such engines here; says why."""


class Engines(Protocol):
    """Running engines. An engine is ``kafka`` (of three: ``kafka-1`` to ``kafka-3``) or
    ``elasticsearch``."""

    @property
    def kafka(self) -> str:
        """Bootstrap servers."""

    @property
    def elasticsearch(self) -> str:
        """Address of the node."""

    @property
    def brokers(self) -> Sequence[str]:
        """Engines that are Kafka brokers."""

    def kill(self, engine: str) -> None:
        """End an engine at once, as ``kill -9`` does; its data stays."""

    def start(self, engine: str) -> None:
        """Start a killed engine on its data and port; it answers when the call returns."""

    def pause(self, engine: str) -> None:
        """Let an engine hang."""

    def resume(self, engine: str) -> None:
        """Let a hanging engine go on."""

    def close(self) -> None:
        """Stop what was started here."""


class ProgramEngines:
    """Engines of the program ``engines.py`` in ``MINYI_SHARED/engines``.

    Args:
        found: what the program printed: the addresses and the folder.
        own: whether they were started here, and end here.
    """

    def __init__(self, found: Mapping[str, str], own: bool) -> None:
        self.kafka = found["MINYI_TEST_KAFKA"]
        self.elasticsearch = found["MINYI_TEST_ELASTICSEARCH"]
        self._folder = found.get("MINYI_TEST_ENGINES", "")
        self._own = own

    @classmethod
    def started(cls, brokers: int = 1) -> ProgramEngines:
        """Start new ones."""
        printed = _output(sys.executable, str(_program()), "up", "--brokers", str(brokers))
        lines = [line.removeprefix("export ") for line in printed.splitlines()]
        return cls(dict(line.split("=", 1) for line in lines if "=" in line), own=True)

    @property
    def brokers(self) -> Sequence[str]:
        return _names(len(self.kafka.split(",")))

    def kill(self, engine: str) -> None:
        self._do("kill", engine)

    def start(self, engine: str) -> None:
        self._do("start", engine)

    def pause(self, engine: str) -> None:
        self._do("pause", engine)

    def resume(self, engine: str) -> None:
        self._do("resume", engine)

    def close(self) -> None:
        if self._own:
            _output(sys.executable, str(_program()), "down", self._folder)

    def _do(self, verb: str, engine: str) -> None:
        if not self._folder:
            raise Unavailable("set MINYI_TEST_ENGINES, or these engines cannot be hurt")
        _output(sys.executable, str(_program()), verb, self._folder, engine)


class ComposeEngines:
    """Engines of docker compose, apart from those of the service and thrown away at the end.

    Args:
        brokers: one or three.
    """

    def __init__(self, brokers: int = 1) -> None:
        if shutil.which("docker") is None:
            raise Unavailable("there is no docker on the PATH")
        self.brokers: Sequence[str] = _names(brokers)
        try:
            self._do("up", "-d", "--wait", *self.brokers, ELASTICSEARCH)
            self.kafka = ",".join(self._address(name, 9092) for name in self.brokers)
            self.elasticsearch = f"http://{self._address(ELASTICSEARCH, 9200)}"
        except BaseException:
            self.close()
            raise

    def kill(self, engine: str) -> None:
        self._do("kill", engine)

    def start(self, engine: str) -> None:
        self._do("up", "-d", "--wait", engine)

    def pause(self, engine: str) -> None:
        self._do("pause", engine)

    def resume(self, engine: str) -> None:
        self._do("unpause", engine)

    def close(self) -> None:
        self._do("down", "--volumes")

    def _address(self, service: str, port: int) -> str:
        return self._do("port", service, str(port)).strip()

    def _do(self, *arguments: str) -> str:
        return _output("docker", "compose", "-f", str(COMPOSE), *arguments)


def given() -> ProgramEngines | None:
    """Return the engines that the environment names, None when it names none."""
    names = ("MINYI_TEST_KAFKA", "MINYI_TEST_ELASTICSEARCH")
    if not all(os.environ.get(name) for name in names):
        return None
    return ProgramEngines(os.environ, own=False)


def _names(brokers: int) -> list[str]:
    """Return the engines that are brokers of a cluster of so many."""
    return [KAFKA] if brokers == 1 else [f"{KAFKA}-{number + 1}" for number in range(brokers)]


def _program() -> Path:
    program = Path(os.environ.get("MINYI_SHARED", ROOT.parent / "shared")) / "engines/engines.py"
    if not program.is_file() or shutil.which("java") is None:
        raise Unavailable(
            "there are no engines: name running ones in MINYI_TEST_KAFKA, MINYI_TEST_ELASTICSEARCH "
            "and MINYI_TEST_ENGINES, or take --compose"
        )
    return program


def _output(*command: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=STARTS_WITHIN_S
    )
    if done.returncode:
        raise Unavailable(f"{' '.join(command[-3:])}: {done.stderr.strip()[-300:]}")
    return done.stdout
