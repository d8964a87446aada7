"""Services as processes of their own: start, ask, stop."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import httpx

from minyi.settings import ROOT
from tests.e2e.conftest import environment

STOP_S = 10.0
START_S = 120.0


class Running(NamedTuple):
    """A service, and a client of where it answers."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    errors: IO[bytes]

    def said(self) -> str:
        """Return what it wrote to standard error."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-3000:]

    def until(self, done: Callable[[httpx.Client], bool]) -> None:
        """Ask until the answer is yes; a service that is not up yet says no."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.said()
            try:
                if done(self.client):
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the service has not come so far: {self.said()}")

    def ready(self) -> None:
        """Wait until it can do its work."""
        self.until(lambda asked: asked.get("/ready").status_code == 200)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to stop, and check that it does, in order and in time."""
        self.process.send_signal(number)
        assert self.process.wait(STOP_S) == 0, self.said()


@contextmanager
def started(arguments: list[str], port: int, **settings: str) -> Iterator[Running]:
    """Run a service; what is left of it at the end is killed."""
    with (
        TemporaryFile() as errors,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=environment(**settings),
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            yield Running(process, client, errors)
        finally:
            process.kill()
            process.wait()
