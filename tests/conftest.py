"""What all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings
from rich.logging import RichHandler

from minyi.errors import SettingError
from models.rows.shared import shared_folder
from tests.together import ENGINES, LONG, Together, group

pytest_plugins = ["minyi.pytest_plugin"]
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
"""How long an example takes tells of the machine and of what is loaded first, not of an error."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Give what shares something to one worker where there are several (``make test``)."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the two long groups, so that no worker has one of them left at the end."""
    last = len(LONG)
    items.sort(key=lambda item: LONG.get(group(item.nodeid), last))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the corpora and the base model, which are not part of the project."""
    try:
        return shared_folder()
    except SettingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def same_logging() -> Iterator[None]:
    """What trains and scores sets up logging; the other tests keep theirs."""
    root = logging.getLogger()
    level = root.level
    yield
    root.handlers[:] = [one for one in root.handlers if not isinstance(one, RichHandler)]
    root.setLevel(level)


@pytest.fixture
def kafka_servers() -> str:
    """The bootstrap servers of a real Kafka."""
    return engine("MINYI_TEST_KAFKA", "a real Kafka", "host:port")


@pytest.fixture(scope="session")
def elasticsearch() -> str:
    """The URL of a real Elasticsearch without security."""
    return engine("MINYI_TEST_ELASTICSEARCH", "a real Elasticsearch", "http://host:9200")


def engine(variable: str, what: str, form: str) -> str:
    """Return where an engine answers; without it the test is skipped, or fails if it must run."""
    test = os.environ["PYTEST_CURRENT_TEST"]
    if group(test) != ENGINES:
        pytest.fail(f"{test} shares {what}: give its file a name that tests/together.py knows")
    address = os.environ.get(variable)
    if not address:
        missing(f"needs {what}: set {variable} to {form}")
    return str(address)


def missing(reason: str) -> NoReturn:
    """Skip a test that lacks an engine, or fail it where it must run."""
    if os.environ.get("MINYI_REQUIRE_ENGINES"):
        pytest.fail(reason)
    pytest.skip(reason)
