"""``kill -9`` at random points of the demo: afterwards the index is that of an undisturbed run.

``MINYI_TEST_KILLS`` sets how many points (default 2; the figure in docs/figures.md is of 20).
"""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

from minyi.settings import ROOT
from tests.e2e.conftest import Demo, command, digest, environment, free_port, minyi

KILLS = int(os.environ.get("MINYI_TEST_KILLS", "2"))
WHOLE_RUNS = 2
"""The kills are spread so that all attempts together are about as long as so many runs: then
they fall into every phase, from the start to the last opinion."""


def test_killed_at_random_points_it_loses_and_doubles_nothing(demo: Demo, tmp_path: Path) -> None:
    data = tmp_path / "data"
    chance = random.Random(20260301)
    longest = min(0.6, 2 * WHOLE_RUNS / KILLS) * demo.seconds
    for _ in range(KILLS):
        process = subprocess.Popen(
            command("demo", "--once", "--port", str(free_port()), "--data", data),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(chance.uniform(0.0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    minyi("demo", "--once", "--port", str(free_port()), "--data", data)
    assert digest(data) == demo.digest
