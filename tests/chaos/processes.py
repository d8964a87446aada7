"""Minyi's own processes, to be killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from minyi.settings import ROOT
from tests.chaos import worker

PROGRAM = [sys.executable, "-m", worker.__name__]
ENDS_WITHIN_S = 15.0


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with these settings of Minyi and no other."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MINYI_")} | dict(variables)


def command(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=300,
    )


class Process:
    """A running ``minyi worker`` or ``minyi serve``.

    Args:
        role: ``worker`` or ``serve``.
        variables: its settings.
        log: file that its output is appended to.
        port: where it answers; None takes one that is free.
    """

    def __init__(
        self, role: str, variables: Mapping[str, str], log: Path, port: int | None = None
    ) -> None:
        self.role = role
        self.port = port or free_port()
        self.variables = variables
        self.told = False
        """Whether its end was our doing."""
        self._log = log
        self._before = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*PROGRAM, role, "--port", str(self.port)],
                cwd=ROOT,
                env=environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def ask(self, path: str) -> httpx.Response | None:
        """Return the answer to a GET, None while there is none."""
        try:
            with httpx.Client(trust_env=False, timeout=3) as client:
                return client.get(f"http://127.0.0.1:{self.port}{path}")
        except httpx.TransportError:
            return None

    def ready(self) -> bool:
        """Whether it says that it can do its work."""
        answer = self.ask("/ready")
        return answer is not None and answer.status_code == 200

    def measured(self, name: str) -> float | None:
        """Return the sum of a metric over its labels; None while it does not answer."""
        answer = self.ask("/metrics")
        if answer is None or answer.status_code != 200:
            return None
        found = re.findall(rf"^{re.escape(name)}(?:\{{.*\}})? (\S+)$", answer.text, re.MULTILINE)
        return sum(map(float, found))

    def memory(self) -> int | None:
        """Return its resident memory in bytes; None where the system does not tell."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except OSError:
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """End it at once."""
        self.told = True
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Tell it to end, and end it when it does not."""
        self.told = True
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def said(self) -> str:
        """Return what it has written."""
        with self._log.open("rb") as file:
            file.seek(self._before)
            return file.read().decode(errors="replace")

    def last_words(self) -> str:
        """Return the last line that it has written."""
        lines = [line for line in self.said().splitlines() if line.strip()]
        return lines[-1].strip()[:300] if lines else ""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
