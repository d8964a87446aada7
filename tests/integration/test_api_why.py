"""Why, over the API: every figure opens the comments that made it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.integration.world import ELEVATOR, asking, filled, get
from tests.unit.test_why import opinions

PATH = f"/v1/policies/{ELEVATOR.id}"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    with filled(tmp_path, opinions()) as index:
        async with asking(index) as opened:
            yield opened


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
