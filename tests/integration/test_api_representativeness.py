"""Who speaks beside who lives there, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from indexers.embedded import EmbeddedIndex
from minyi.query import Facet
from minyi.speakers.margins import Margins
from minyi.vocabulary import Stance
from tests.integration.world import QUIET, asking, error, filled, get, many, opinion

PATH = "/v1/policies/elevator-retrofit/representativeness"
MARGINS = Margins(source="普查", margins={Facet.REGION: {"A市": 3, "B市": 1, "C市": 4}})


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with filled(tmp_path_factory.mktemp("index"), many(300)) as opened:
        yield opened


@pytest.fixture
async def client(index: EmbeddedIndex) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index, margins=MARGINS) as opened:
        yield opened


@pytest.fixture
async def unknowing(index: EmbeddedIndex) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index, margins=None) as opened:
        yield opened


async def test_raw_and_raked_stand_side_by_side(client: httpx.AsyncClient) -> None:
    found = await get(client, PATH)
    assert found["raw"]["n"] == 240
    assert found["source"] == "普查"
    assert "chose to speak" in found["caveat"]
    raked = found["raked"]
    # of the elevators A市 is always against and the two others favor; a third lacks a region
    assert found["raw"]["against"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert raked["against"]["value"] == pytest.approx(2 / 3 * 3 / 4, abs=1e-4)
    assert raked["n_effective"] < 240
    assert raked["met"]
    (region,) = found["speakers"]
    assert region["lacking"]["count"] == 80
    assert region["unheard"] == ["C市"]
    assert [(v["value"], v["population"]) for v in region["values"]] == [
        ("A市", 0.375), ("B市", 0.125),
    ]  # fmt: skip


async def test_it_is_narrowed_like_everything_else(client: httpx.AsyncClient) -> None:
    hotline = await get(client, PATH, channel="热线")
    assert hotline["raw"]["n"] < 240
    one = await get(client, PATH, region="A市")
    assert one["raked"] is None
    assert one["reason"] == "not_told_apart"


async def test_authors_can_have_one_vote_each(client: httpx.AsyncClient) -> None:
    found = await get(client, PATH, count="authors")
    assert found["count"] == "authors"
    assert found["raked"]["favor"]["denominator"] == (
        "opinions, one vote an author, weighted to known margins of region"
    )
    assert found["speakers"][0]["lacking"]["denominator"] == "authors"
    sure = await get(client, PATH, sure=True)
    assert sure["raked"]["favor"]["denominator"] == (
        "opinions that the tagger is sure of, weighted to known margins of region"
    )
    assert sure["speakers"][0]["lacking"]["denominator"] == "opinions that the tagger is sure of"
    error(await client.get(PATH, params={"count": "heads"}), 422, "invalid_request")
    error(await client.get(PATH, params={"count": "collapsed"}), 422, "invalid_query")


async def test_without_margins_who_speaks_is_shown_all_the_same(
    unknowing: httpx.AsyncClient,
) -> None:
    found = await get(unknowing, PATH)
    assert found["raked"] is None
    assert found["reason"] == "no_margins"
    assert [s["facet"] for s in found["speakers"]] == ["region", "age"]
    assert [v["value"] for v in found["speakers"][0]["values"]] == ["A市", "B市"]


async def test_a_policy_that_nobody_spoke_of(client: httpx.AsyncClient) -> None:
    found = await get(client, f"/v1/policies/{QUIET.id}/representativeness")
    assert found["reason"] == "too_few"
    error(await client.get("/v1/policies/none/representativeness"), 404, "not_found")


async def test_margins_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    """All of the one region use the one channel, and are wanted to be more than use it."""
    index = EmbeddedIndex(tmp_path)
    index.upsert(
        [opinion(n, Stance.FAVOR, region="AB"[n % 2], channel="XY"[n % 2]) for n in range(60)]
    )
    margins = Margins(
        source="s", margins={Facet.REGION: {"A": 1, "B": 1}, Facet.CHANNEL: {"X": 1, "Y": 9}}
    )
    async with asking(index, margins=margins) as client:
        found = await get(client, PATH)
    assert (found["raked"], found["reason"]) == (None, "cannot_be_met")
    assert found["raw"]["favor"]["value"] == 1
    assert len(found["speakers"]) == 2
    index.close()
