"""Why, over the API: every figure opens the comments that made it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from tests.integration.world import ELEVATOR, World, serving
from tests.unit.test_why import opinions

PATH = f"/v1/policies/{ELEVATOR.id}"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    index = EmbeddedIndex(tmp_path)
    index.upsert(opinions())
    world = World()
    async with serving(create_app(Services(index=index, registry=world, clock=world))) as opened:
        yield opened
    index.close()


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_phrase_opens_as_many_comments_as_it_says(client: httpx.AsyncClient) -> None:
    found = await get(client, f"{PATH}/why")
    assert (found["read"], found["total"]) == (71, 71)
    seen = 0
    for side in found["sides"]:
        labels = {k: side[k] for k in ("stance", "aspect", "polarity") if side[k]}
        assert (await get(client, f"{PATH}/evidence", **labels))["total"] == side["opinions"]
        for phrase in side["phrases"]:
            page = await get(client, f"{PATH}/evidence", q=phrase["phrase"], **labels)
            assert page["total"] == phrase["opinions"] >= phrase["texts"]
            seen += 1
    assert seen


async def test_the_scope_narrows_it(client: httpx.AsyncClient) -> None:
    sure = await get(client, f"{PATH}/why", sure=True)
    assert sure["total"] == 70
    nobody = await get(client, f"{PATH}/why", region="没有这里")
    assert [side["opinions"] for side in nobody["sides"]] == [0, 0]
    assert all(side["too_few"] for side in nobody["sides"])
    assert (await client.get("/v1/policies/nothing/why")).status_code == 404
