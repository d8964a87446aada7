"""/health and /ready: what hangs or is away is named, in bounded time, and asked only once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.errors import BrokerUnavailable, IndexUnavailable, MinyiError, SettingError
from minyi.policy import Policy
from minyi.query import Filters
from tests.integration.world import World, serving

PATIENCE_S = 6.0
"""Twice 2 s for the question, and time for a busy machine."""


class Moody(EmbeddedIndex):
    """An index that may be away, or hang until it is told to go on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.away = False
        self.error: MinyiError = IndexUnavailable("the index does not answer")
        self.free = Event()
        self.free.set()
        self.asked = 0

    def _mood(self) -> None:
        self.asked += 1
        self.free.wait()
        if self.away:
            raise self.error

    def count(self) -> int:
        self._mood()
        return super().count()

    def newest(self, filters: Filters) -> datetime | None:
        self._mood()
        return super().newest(filters)


class Unread(World):
    """A registry that was not read yet."""

    def policies(self) -> dict[str, Policy]:
        return {}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Moody]:
    opened = Moody(tmp_path)
    yield opened
    opened.free.set()
    opened.close()


def wired(index: Moody, world: World | None = None, **more: Any) -> Services:
    world = world or World()
    return Services(index=index, registry=world, clock=world, **more)


async def missing(client: Any) -> Mapping[str, str]:
    """Return what /ready says is missing."""
    started = time.monotonic()
    answer = await client.get("/ready")
    assert time.monotonic() - started < PATIENCE_S
    body = answer.json()
    assert answer.status_code == (503 if body["missing"] else 200)
    assert body["status"] == ("not ready" if body["missing"] else "ready")
    found: Mapping[str, str] = body["missing"]
    return found


async def test_all_is_there(index: Moody) -> None:
    async with serving(create_app(wired(index))) as client:
        assert await missing(client) == {}


async def test_everything_that_is_missing_is_named(index: Moody) -> None:
    async def broker() -> None:
        raise BrokerUnavailable("Kafka does not answer")

    index.away = True
    services = wired(
        index, Unread(), failure=lambda: "the stream has stopped", checks={"broker": broker}
    )
    async with serving(create_app(services)) as client:
        assert await missing(client) == {
            "registry": "the registry has not been read yet",
            "index": "the index does not answer",
            "stream": "the stream has stopped",
            "broker": "Kafka does not answer",
        }


async def test_what_hangs_is_not_waited_for_and_the_process_counts_as_alive(index: Moody) -> None:
    async def broker() -> None:
        await asyncio.Event().wait()

    async with serving(create_app(wired(index, checks={"broker": broker}))) as client:
        index.free.clear()
        for _ in range(2):
            found = await missing(client)
            assert found == dict.fromkeys(("index", "broker"), "no answer within 2 s")
        assert index.asked == 1  # no thread more for every question
        started = time.monotonic()
        health = await client.get("/health")
        assert time.monotonic() - started < PATIENCE_S
        assert (health.status_code, health.json()["opinions"]) == (200, None)
        index.free.set()
        async with asyncio.timeout(20):
            while "index" in await missing(client):
                pass
        assert (await client.get("/health")).json()["opinions"] == 0


@pytest.mark.parametrize("error", [IndexUnavailable("away"), SettingError("the login is wrong")])
async def test_an_index_that_does_not_answer_is_no_reason_to_start_again(
    index: Moody, error: MinyiError
) -> None:
    index.away, index.error = True, error
    async with serving(create_app(wired(index))) as client:
        health = await client.get("/health")
        assert (health.status_code, health.json()["opinions"]) == (200, None)
