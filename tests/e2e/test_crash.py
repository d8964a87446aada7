"""``kill -9`` at random points of the demo: afterwards the index is that of an undisturbed run.

``MINYI_TEST_KILLS`` sets how many points (default 2; the figure in docs/figures.md is of 20).
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

from minyi.settings import ROOT
from tests.e2e.conftest import command, digest, environment, free_port, minyi

KILLS = int(os.environ.get("MINYI_TEST_KILLS", "2"))
LONGEST_S = 25.0


def test_killed_at_random_points_it_loses_and_doubles_nothing(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    undisturbed, _ = demo
    data = tmp_path / "data"
    chance = random.Random(20260301)
    for _ in range(KILLS):
        process = subprocess.Popen(
            command("demo", "--once", "--port", str(free_port()), "--data", data),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(chance.uniform(1.0, LONGEST_S))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    started = time.monotonic()
    minyi("demo", "--once", "--port", str(free_port()), "--data", data)
    assert digest(data) == digest(undisturbed), f"after {time.monotonic() - started:.0f} s"
