"""Where a policy does not fit, over a real embedded index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.shares.adjusting import Adjuster
from minyi.vocabulary import Stance
from tests.integration.world import QUIET, START, World, asking, filled, get, many, opinion, serving
from tests.unit.held_out_rows import held_out

PATH = "/v1/policies/elevator-retrofit/differences"


def opinions() -> Iterator[Opinion]:
    """In B市 three of four oppose, elsewhere one of four; four people speak in D市."""
    rng = np.random.default_rng(7)
    number = 0
    for region, count in (("A市", 200), ("B市", 120), (None, 160), ("D市", 4)):
        for _ in range(count):
            number += 1
            against = (rng.random() < 0.25) != (region == "B市")
            yield opinion(
                number,
                Stance.AGAINST if against else Stance.FAVOR,
                author=f"a{number}",
                region=region,
                channel="网站" if number % 3 else "热线",
                created_at=START + timedelta(days=number % 90),
                age=("18-29", "60+")[int(rng.integers(2))],
            )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with filled(tmp_path_factory.mktemp("index"), opinions()) as opened:
        yield opened


@pytest.fixture
async def client(index: EmbeddedIndex) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index) as opened:
        yield opened


async def test_a_real_difference_is_told_in_figures_and_in_words(client: httpx.AsyncClient) -> None:
    found = await get(client, PATH)
    assert found["opinions"] == 484
    assert found["comparisons"] > 10
    first = found["findings"][0]
    assert (first["by"], first["value"], first["stance"]) == ("region", "B市", "against")
    assert first["adverse"] is True
    compared = first["compared"]
    assert compared["share"]["n"] == first["opinions"] == 120
    assert compared["others"] == pytest.approx(0.25, abs=0.05)
    assert 0.3 < compared["difference"]["low"] < compared["difference"]["high"] < 0.7
    assert first["sentence"].startswith("在B市，反对占 ")


async def test_every_finding_opens_as_many_comments_as_it_counts(client: httpx.AsyncClient) -> None:
    for finding in (await get(client, PATH))["findings"]:
        page = await get(
            client,
            "/v1/policies/elevator-retrofit/evidence",
            **{finding["by"]: finding["value"], "stance": finding["stance"]},
        )
        assert page["total"] == finding["compared"]["share"]["count"]


async def test_four_people_are_hidden_and_another_group_with_them(
    client: httpx.AsyncClient,
) -> None:
    (regions,) = [f for f in (await get(client, PATH))["facets"] if f["by"] == "region"]
    hidden = {group["value"] for group in regions["groups"] if group["hidden"]}
    assert hidden == {"D市", None}
    for group in regions["groups"]:
        if group["hidden"]:
            assert group["opinions"] is group["favor"] is group["against"] is None


async def test_the_answer_is_narrowed_like_all_others(client: httpx.AsyncClient) -> None:
    part = await get(client, PATH, channel="热线")
    assert part["opinions"] == 161
    assert {facet["by"] for facet in part["facets"]} == {"region", "age", "month"}


async def test_what_the_tagger_is_sure_of_is_named_and_not_adjusted(index: EmbeddedIndex) -> None:
    """Its errors are known for all that it says."""
    table, world = held_out(0.9, policies=12), World()
    knowing = Services(
        index=index, registry=world, clock=world, adjuster=Adjuster({table.model_id: table})
    )
    async with serving(create_app(knowing)) as client:
        everything, sure = await get(client, PATH), await get(client, PATH, sure=True)
        refused = await client.get(PATH, params={"sure": False})
    for found, adjusted, words in (
        (everything, True, "opinions"),
        (sure, False, "opinions that the tagger is sure of"),
    ):
        compared = [f["compared"] for f in found["findings"]]
        assert compared
        assert {each["adjusted"] is not None for each in compared} == {adjusted}
        assert {each["share"]["denominator"] for each in compared} == {words}
    assert refused.status_code == 422
    assert "doubtful" in refused.json()["error"]["message"]


async def test_no_difference_is_larger_than_all(tmp_path: Path) -> None:
    """Everybody in one city is against and nobody elsewhere: intervals end at a hundred points."""
    own = EmbeddedIndex(tmp_path)
    own.upsert(list(many(300)))
    world = World()
    async with serving(create_app(Services(index=own, registry=world, clock=world))) as client:
        found = await get(client, PATH)
    own.close()
    first = next(f for f in found["findings"] if f["by"] == "region")
    assert first["compared"]["difference"]["high"] == 1
    assert first["compared"]["excess"]["high"] == first["opinions"] == 80


async def test_where_nobody_spoke_nothing_is_told(client: httpx.AsyncClient) -> None:
    found = await get(client, f"/v1/policies/{QUIET.id}/differences")
    assert found["opinions"] is None
    assert found["findings"] == found["facets"] == found["reversals"] == []
    assert (await client.get("/v1/policies/nobody/differences")).status_code == 404
