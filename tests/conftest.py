"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from minyi.errors import SettingError
from models.config import shared_folder

pytest_plugins = ["minyi.pytest_plugin"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the corpora and the base model, which are not part of the project."""
    try:
        return shared_folder()
    except SettingError as error:
        pytest.skip(str(error))
