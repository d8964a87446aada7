"""Trends over HTTP: what counts as one, adjusted and counted shares, too few."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.outputs import output
from minyi.prevalence import wilson
from minyi.shares.adjusting import Adjuster
from minyi.shares.held_out import HeldOut, HeldOutPolicy
from minyi.vocabulary import Stance
from tests.integration.world import (
    EBIKE,
    ELEVATOR,
    QUIET,
    START,
    World,
    asking,
    filled,
    get,
    opinion,
    serving,
)

ELEVATORS = f"/v1/policies/{ELEVATOR.id}"
TREND = f"{ELEVATORS}/trend"
CAMPAIGN = "坚决反对加装电梯，一楼采光没有了"


def talk() -> Iterator[Any]:
    """Forty people in favor over ten weeks, then one man who posts a text thirty times in a week
    between two weeks of silence; and three people on bikes."""
    for number in range(40):
        yield opinion(
            number,
            Stance.FAVOR if number % 4 else Stance.NONE,
            author=f"a{number}",
            created_at=START + timedelta(days=7 * (number // 4)),
            sure=number % 5 != 0,
        )
    for number in range(40, 70):
        yield opinion(
            number,
            Stance.AGAINST,
            text=CAMPAIGN,
            author="one man",
            created_at=START + timedelta(days=7 * 12, minutes=number),
        )
    for number in range(70, 73):
        yield opinion(number, Stance.AGAINST, EBIKE)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with filled(tmp_path_factory.mktemp("index"), talk()) as opened:
        yield opened


def adjuster(index: EmbeddedIndex) -> Adjuster:
    """Knows for the model of the index that one in ten of each side is taken for the other."""
    found = next(talk())
    bins = {s: output(s, found.probabilities) for s in Stance}
    rows = {
        Stance.FAVOR: {bins[Stance.FAVOR]: 90, bins[Stance.AGAINST]: 10},
        Stance.AGAINST: {bins[Stance.AGAINST]: 90, bins[Stance.FAVOR]: 10},
        Stance.NONE: {bins[Stance.NONE]: 100},
    }
    policies = {name: HeldOutPolicy(stances=rows) for name in "abcdef"}
    return Adjuster({found.model_id: HeldOut(model_id=found.model_id, policies=policies)})


@pytest.fixture
async def client(index: EmbeddedIndex) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index, adjuster=adjuster(index)) as opened:
        yield opened


async def test_what_counts_as_one_is_chosen_and_told(client: httpx.AsyncClient) -> None:
    """By opinions half are against, by texts and authors one voice."""
    expected = {
        "opinions": (70, 30, "opinions"),
        "collapsed": (41, 1, "opinions, near-identical texts counted once a week"),
        "authors": (41, 1, "authors, one vote each a week"),
    }
    for count, (n, against, words) in expected.items():
        found = await get(client, TREND, count=count)
        assert found["count"] == count
        assert found["denominator"] == words == found["total"]["raw"]["against"]["denominator"]
        assert (found["total"]["raw"]["n"], found["total"]["raw"]["against"]["count"]) == (
            n,
            against,
        )
        assert sum(row["raw"]["n"] for row in found["rows"]) == n
    opinions = await get(client, TREND)
    assert [row["repeats"] for row in opinions["rows"]][-1] == 29
    assert (await get(client, TREND, count="authors"))["total"]["raw"]["evaluations"] == []


async def test_abstentions_can_be_left_out_and_sides_compared(client: httpx.AsyncClient) -> None:
    sure = await get(client, TREND, sure=True)
    assert sure["total"]["raw"]["n"] == 62
    assert sure["denominator"] == "opinions that the tagger is sure of"
    sided = await get(client, TREND, sided=True)
    favor, none = sided["total"]["raw"]["favor"], sided["total"]["raw"]["none"]
    assert (favor["value"], favor["n"], favor["denominator"]) == (
        0.5,
        60,
        "opinions for or against",
    )
    assert (none["n"], none["denominator"]) == (70, "opinions")


async def test_adjusted_shares_stand_beside_what_was_counted(client: httpx.AsyncClient) -> None:
    found = await get(client, TREND)
    assert found["uncorrected"] is None
    total = found["total"]
    assert total["adjusted"]["against"]["count"] == total["raw"]["against"]["count"] == 30
    one = await get(client, ELEVATORS)
    assert (one["adjusted"], one["uncorrected"]) == (total["adjusted"], None)
    listed = await get(client, "/v1/policies")
    assert listed["items"][0] == one


async def test_it_says_why_shares_are_not_adjusted(
    client: httpx.AsyncClient, index: EmbeddedIndex
) -> None:
    for query, why in (
        ({"count": "collapsed"}, "count"),
        ({"count": "authors"}, "count"),
        ({"sure": True}, "sure"),
    ):
        found = await get(client, TREND, **query)
        assert (found["uncorrected"], found["total"]["adjusted"]) == (why, None)
    world = World()
    async with serving(create_app(Services(index=index, registry=world, clock=world))) as plain:
        assert (await get(plain, TREND))["uncorrected"] == "held_out"
        assert (await get(plain, ELEVATORS))["uncorrected"] == "held_out"


async def test_a_small_window_is_too_few_and_leans_on_its_neighbours(
    client: httpx.AsyncClient,
) -> None:
    found = await get(client, TREND)
    small, last = found["rows"][0], found["rows"][-1]
    assert small["raw"]["too_few"]
    assert small["raw"]["favor"] == {
        "value": None, "low": None, "high": None, "count": 3, "n": 4, "denominator": "opinions",
    }  # fmt: skip
    assert small["adjusted"] is None
    assert not last["raw"]["too_few"]
    buckets = [point["bucket"] for point in found["smooth"]]
    assert len(buckets) == 13  # ten small weeks, two silent ones, the campaign
    assert set(buckets) > {row["bucket"] for row in found["rows"]}
    first = found["smooth"][0]["favor"]
    low, high = wilson(3, 4)
    assert 0.3 < first["low"] < first["value"] < first["high"] <= 1
    assert first["high"] - first["low"] < high - low  # what the window alone would say
    bikes = await get(client, f"/v1/policies/{EBIKE.id}")
    quiet = await get(client, f"/v1/policies/{QUIET.id}")
    for view in (bikes, quiet):
        assert view["raw"]["too_few"]
        assert view["raw"]["against"]["value"] is None
        assert (view["adjusted"], view["uncorrected"]) == (None, None)


async def test_rows_hold_evaluations_when_asked(client: httpx.AsyncClient) -> None:
    short, long = [await get(client, TREND, evaluations=asked) for asked in (False, True)]
    assert all(row["raw"]["evaluations"] == [] for row in short["rows"])
    assert all(len(row["raw"]["evaluations"]) == 6 for row in long["rows"])
    assert short["total"] == long["total"]
    assert len(short["total"]["raw"]["evaluations"]) == 6


async def test_salience_is_a_share_of_the_opinions_on_all_policies(
    client: httpx.AsyncClient,
) -> None:
    found = await get(client, TREND)
    assert found["salience"]["denominator"] == "opinions on all policies"
    assert (found["salience"]["count"], found["salience"]["n"]) == (70, 73)
    sure = (await get(client, TREND, sure=True))["salience"]
    assert sure["denominator"] == "opinions on all policies that the tagger is sure of"
    assert (sure["count"], sure["n"]) == (62, 65)
    assert (await get(client, TREND, count="authors"))["salience"] is None


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/v1/policies", {"count": "authors"}, "ask for a policy's trend"),
        (ELEVATORS, {"count": "collapsed"}, "ask for a policy's trend"),
        ("/v1/policies", {"sure": False}, "doubtful"),
        (TREND, {"sure": False}, "list them as evidence"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: httpx.AsyncClient, path: str, query: dict[str, Any], says: str
) -> None:
    answer = await client.get(path, params=query)
    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]
    for query in ({"count": "people"}, {"age": "young"}, {"sided": "perhaps"}):
        assert (await client.get(TREND, params=query)).status_code == 422
    nobody = await get(client, TREND, age="18-29")
    assert (nobody["rows"], nobody["smooth"], nobody["total"]["raw"]["n"]) == ([], [], 0)
