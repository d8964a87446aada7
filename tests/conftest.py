"""What all tests share."""

from __future__ import annotations

import os
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


@pytest.fixture
def kafka_servers() -> str:
    """The bootstrap servers of a real Kafka."""
    servers = os.environ.get("MINYI_TEST_KAFKA")
    if not servers:
        reason = "needs a real Kafka: set MINYI_TEST_KAFKA to host:port"
        if os.environ.get("MINYI_REQUIRE_ENGINES"):
            pytest.fail(reason)
        pytest.skip(reason)
    return servers
