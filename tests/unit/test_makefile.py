"""``make``: a target fails where a part of it does."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from minyi.settings import ROOT


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
@pytest.mark.parametrize("failing", ["linking", "broker"])
def test_a_benchmark_that_fails_stops_the_rest(tmp_path: Path, failing: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = {
        "scripts/setup": "",
        ".venv/bin/python": f'echo "$2"; [ "$2" != benchmarks.bench_{failing} ]',
    }
    for name, does in programs.items():
        program = tmp_path / name
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(stat.S_IRWXU)
    made = subprocess.run(
        ["make", "--no-print-directory", "bench"], cwd=tmp_path, capture_output=True, text=True
    )
    assert made.returncode != 0
    assert made.stdout.split()[-1] == f"benchmarks.bench_{failing}"
