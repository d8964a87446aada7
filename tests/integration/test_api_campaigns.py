"""Campaigns over the API: what a reader sees beside the raw figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexers.embedded import EmbeddedIndex
from minyi.vocabulary import Stance
from tests.integration.world import ELEVATOR, asking, get, opinion
from tests.unit.test_collapsing import CALL, OWN

PATH = f"/v1/policies/{ELEVATOR.id}/campaigns"
PRAISE = "感谢社区工作人员跑前跑后，三个月就把电梯装好了，八楼的老人终于能天天下楼晒太阳"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Twelve people of their own, nine copies against, four for."""
    index = EmbeddedIndex(tmp_path)
    index.upsert(
        [opinion(n, Stance.FAVOR, text=text, region="A市") for n, text in enumerate(OWN)]
        + [opinion(100 + n, Stance.AGAINST, text=f"第{n}户：{CALL}") for n in range(9)]
        + [opinion(200 + n, Stance.FAVOR, text=PRAISE, region="B市") for n in range(4)]
    )
    async with asking(index) as opened:
        yield opened
    index.close()


async def test_campaigns_come_with_the_largest_first_beside_both_figures(
    client: httpx.AsyncClient,
) -> None:
    found = await get(client, PATH)
    assert [one["opinions"] for one in found["items"]] == [9, 4]
    assert (found["read"], found["total"], found["cursor"]) == (25, 25, None)
    raw, once = found["figures"]["raw"], found["figures"]["collapsed"]
    assert (raw["favor"]["count"], raw["against"]["count"]) == (16, 9)
    assert (once["favor"]["count"], once["against"]["count"]) == (13, 1)
    assert "once" in once["favor"]["denominator"]
    largest = found["items"][0]
    assert largest["stance"] == "against"
    assert largest["texts"] == 9
    assert 0.8 < largest["likeness"][0] <= largest["likeness"][1] < 1
    assert CALL in largest["text"]


async def test_pages_follow_one_another(client: httpx.AsyncClient) -> None:
    first = await get(client, PATH, limit=1)
    second = await get(client, PATH, limit=1, cursor=first["cursor"])
    assert [page["items"][0]["opinions"] for page in (first, second)] == [9, 4]
    assert second["cursor"] is None


async def test_members_are_listed_the_earliest_first(client: httpx.AsyncClient) -> None:
    largest = (await get(client, PATH))["items"][0]
    seen: list[Any] = []
    cursor = None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = await get(client, f"{PATH}/{largest['id']}", limit=4, **query)
        assert page["campaign"] == largest
        seen += page["items"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert [one["comment_id"] for one in seen] == [f"c{100 + n}" for n in range(9)]
    assert all(one["likeness"] > 0.8 for one in seen)


async def test_filters_narrow_campaigns_and_figures_alike(client: httpx.AsyncClient) -> None:
    found = await get(client, PATH, region="B市")
    assert [one["opinions"] for one in found["items"]] == [4]
    assert found["figures"]["raw"]["n"] == 4
    assert found["figures"]["raw"]["too_few"]
    other = (await get(client, PATH))["items"][0]["id"]
    assert (await client.get(f"{PATH}/{other}", params={"region": "B市"})).status_code == 404


@pytest.mark.parametrize(
    ("path", "query", "status", "says"),
    [
        (f"{PATH}/nothing", {}, 404, "lists them"),
        (PATH, {"cursor": "nothing"}, 422, "start again without one"),
        (PATH, {"limit": 1000}, 422, "200"),
        (PATH, {"sure": False}, 422, "sure=false"),
        ("/v1/policies/nothing/campaigns", {}, 404, "no policy"),
    ],
)
async def test_mistakes_are_told(
    client: httpx.AsyncClient, path: str, query: dict[str, Any], status: int, says: str
) -> None:
    answer = await client.get(path, params=query)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


async def test_a_policy_that_nobody_speaks_of_has_none(client: httpx.AsyncClient) -> None:
    found = await get(client, "/v1/policies/quiet-policy/campaigns")
    assert (found["items"], found["total"], found["figures"]["flips"]) == ([], 0, [])
