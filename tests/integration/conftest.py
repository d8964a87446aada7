"""What several tests share: an API that takes subscriptions, and a real Elasticsearch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from api.alerts.store import AlertStore
from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from indexers.lifecycle import Names, set_up
from tests.elastic import NOW, Worlds
from tests.integration.world import World, serving


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API over an empty index, with subscriptions."""
    index, store, world = EmbeddedIndex(tmp_path / "index"), AlertStore(tmp_path / "s.db"), World()
    app = create_app(Services(index=index, registry=world, clock=world), store)
    async with serving(app) as opened:
        yield opened
    store.close()
    index.close()


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
