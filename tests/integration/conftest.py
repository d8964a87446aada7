"""What several tests on a real Elasticsearch share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexers.lifecycle import Names, set_up
from tests.elastic import NOW, Worlds


@pytest.fixture(scope="module")
def worlds(elasticsearch: str) -> Iterator[Worlds]:
    """The server, with names for any number of indices."""
    worlds = Worlds(elasticsearch)
    yield worlds
    worlds.close()


@pytest.fixture
def names(worlds: Worlds) -> Names:
    """Names that nobody uses, set up."""
    names = worlds.names()
    set_up(worlds.client, names, NOW)
    worlds.hasten(names)
    return names
