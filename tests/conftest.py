"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minyi.settings import ROOT

pytest_plugins = ["minyi.pytest_plugin"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with corpora, base model and engines, which only Minyi's own machines have."""
    folder = Path(os.environ.get("MINYI_SHARED") or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip("needs the corpora: set MINYI_SHARED to the folder that holds data/")
    return folder
