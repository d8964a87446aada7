"""Ends a process at random points."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.chaos.processes import Process
from tests.chaos.trial import READY_WITHIN_S, Tended


def kill_at_random(trial: Tended, start: Callable[[], Process], name: str) -> None:
    """End a process at random points, each time with new records to work on.

    Half of the points are anywhere from its start on, half within a second after it has begun to
    work.
    """
    sender = trial.send(0, released=0)
    began = time.monotonic()
    process = start()
    trial.ready(process)
    longest = 2 * (time.monotonic() - began)
    kills = trial.options.kills
    for number in range(kills):
        if number % 2:
            trial.ready(process)
            sender.release((number + 1) / kills)
            trial.wait(lambda p=process: works(p), READY_WITHIN_S, "work")  # type: ignore[misc]
            trial.last(trial.chance.uniform(0, 1))
        else:
            sender.release((number + 1) / kills)
            trial.last(trial.chance.uniform(0, longest))
        process.kill()
        trial.hurt(f"kill {number + 1} of {kills}")
        process = start()
    sender.release(1)
    trial.result.disturbances = [f"{kills} × kill -9 of {name}"]


def works(process: Process) -> bool:
    """Whether a process has read comments since its start."""
    return bool(process.measured("minyi_comments_total"))
