"""The service as a user starts it: a process of its own."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from minyi.settings import ROOT


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "minyi", *map(str, arguments)]


def environment(**extra: str) -> dict[str, str]:
    """The environment without settings of Minyi's own, so that a developer's do not leak in."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MINYI_")} | extra


def minyi(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(),
        check=check,
        capture_output=True,
        text=True,
        timeout=600,
    )


def worked() -> float:
    """Return the seconds of a processor that commands which ended have taken: other than the clock,
    they hardly depend on what else runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def digest(data: Path) -> str:
    line = minyi("digest", "--data", data).stdout.strip()
    assert re.fullmatch(r"\d+ opinions sha256:[0-9a-f]{64}", line)
    return line


class Demo(NamedTuple):
    """One undisturbed ``minyi demo --once``."""

    data: Path
    printed: str
    seconds: float
    """By the clock."""
    worked: float
    """Of a processor."""
    digest: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    data = tmp_path_factory.mktemp("demo") / "data"
    started, before = time.monotonic(), worked()
    done = minyi("demo", "--once", "--port", str(free_port()), "--data", data)
    took = time.monotonic() - started, worked() - before
    return Demo(data, done.stdout, *took, digest(data))
