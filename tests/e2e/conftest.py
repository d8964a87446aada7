"""The service as a user starts it: a process of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
        timeout=280,
    )


def digest(data: Path) -> str:
    line = minyi("digest", "--data", data).stdout.strip()
    assert re.fullmatch(r"\d+ opinions sha256:[0-9a-f]{64}", line)
    return line


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data and the output of one undisturbed ``minyi demo --once``."""
    data = tmp_path_factory.mktemp("demo") / "data"
    done = minyi("demo", "--once", "--port", str(free_port()), "--data", data)
    return data, done.stdout


def lines(arguments: Sequence[str], data: Path) -> list[str]:
    return minyi(*arguments, "--data", data).stdout.splitlines()
