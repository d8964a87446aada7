"""``scripts/setup``: what is installed outlives a failure; an interrupted start does not."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from minyi.settings import ROOT

# Stands in for Python: makes an environment whose pip does what the variable PIP says.
PYTHON = f"""#!/bin/sh
case "$*" in
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip "*) echo "pip $*"; [ "$PIP" != fails ] || {{ echo "ERROR: no network"; exit 1; }} ;;
*) exec {sys.executable} "$@" ;;
esac
"""


class Checkout:
    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "setup", path / "scripts" / "setup")
        self.requires("a==1")
        (path / "python").write_text(PYTHON)
        (path / "python").chmod(stat.S_IRWXU)

    def requires(self, what: str) -> None:
        for name in ("pyproject.toml", "constraints.txt"):
            (self.path / name).write_text(what)

    def setup(self, extra: str, pip: str = "works") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path / "scripts" / "setup", extra],
            env={"PATH": os.environ["PATH"], "PYTHON": "./python", "PIP": pip},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout")


def test_what_is_installed_is_left_alone(checkout: Checkout) -> None:
    assert "ready" in checkout.setup("dev").stdout
    for extra in ("dev", "base"):
        again = checkout.setup(extra, "fails")
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_failure_leaves_what_was_installed_before(checkout: Checkout) -> None:
    checkout.setup("base")
    failed = checkout.setup("dev", "fails")
    assert failed.returncode == 1
    assert "ERROR: no network" in failed.stderr
    assert "installation of dev failed" in failed.stderr
    again = checkout.setup("base", "fails")
    assert (again.returncode, again.stdout) == (0, "")
    assert "anew" not in checkout.setup("dev").stdout


def test_a_first_setup_without_an_end_is_started_anew(checkout: Checkout) -> None:
    assert checkout.setup("base", "fails").returncode == 1
    (checkout.path / ".venv" / "rest").touch()
    second = checkout.setup("base")
    assert "starting anew" in second.stdout
    assert "ready" in second.stdout
    assert not (checkout.path / ".venv" / "rest").exists()


def test_other_requirements_are_installed_and_replace_the_earlier(checkout: Checkout) -> None:
    checkout.setup("base")
    checkout.setup("train")
    checkout.requires("a==2")
    assert checkout.setup("base", "fails").returncode == 1
    assert "ready" in checkout.setup("base").stdout
    checkout.requires("a==1")
    assert checkout.setup("train", "fails").returncode == 1  # base has replaced what it stood on


def test_a_lost_python_is_noticed(checkout: Checkout) -> None:
    checkout.setup("base")
    (checkout.path / ".venv" / "bin" / "python").unlink()
    assert "starting anew" in checkout.setup("dev").stdout


def test_an_extra_that_does_not_exist_is_told(checkout: Checkout) -> None:
    assert "say base, dev, parquet or train" in checkout.setup("tests").stderr
