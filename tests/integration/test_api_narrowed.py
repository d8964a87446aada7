"""A part of a policy over HTTP: filter, window and group say the same of the same opinions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from indexers.embedded import EmbeddedIndex
from minyi.outputs import output
from minyi.query import Counts, Filters
from minyi.shares.adjusting import Adjuster
from minyi.shares.held_out import HeldOut, HeldOutPolicy
from minyi.shares.labels import Label, Labels
from minyi.vocabulary import Stance
from tests.integration.world import EBIKE, ELEVATOR, START, asking, filled, get, opinion

ELEVATORS = f"/v1/policies/{ELEVATOR.id}"
TREND = f"{ELEVATORS}/trend"
WEEKS = 10
FIRST = START + timedelta(weeks=17)
"""Noon of a Monday in May, with no holiday of many days ahead."""
FAVOR = {"A市": 14, "B市": 5}
"""Of twenty opinions a week; the others are against."""
SECOND_HALF = (FIRST + timedelta(weeks=WEEKS // 2)).isoformat()


def talk() -> Iterator[Any]:
    number = 0
    for week in range(WEEKS):
        for region, favor in FAVOR.items():
            for place in range(20):
                yield opinion(
                    number,
                    Stance.FAVOR if place < favor + week // 2 else Stance.AGAINST,
                    region=region,
                    author=f"a{number}",
                    created_at=FIRST + timedelta(weeks=week, days=place % 7),
                    evaluations=[{"aspect": "cost", "polarity": "criticism", "probability": 0.9}]
                    if place > 14
                    else [],
                )
                number += 1
    yield opinion(number, Stance.AGAINST, EBIKE, region="B市")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with filled(tmp_path_factory.mktemp("index"), talk()) as opened:
        yield opened


def adjuster(labelled: bool) -> Adjuster:
    """Knows that one in ten, in every other policy one in five, of each side is taken for the
    other; labels of the whole policy say that three in ten are."""
    found = next(talk())
    bins = {s: output(s, found.probabilities) for s in Stance}
    favor, against, none = (bins[s] for s in Stance)
    policies = {
        name: HeldOutPolicy(
            stances={
                Stance.FAVOR: {favor: 100 - off, against: off},
                Stance.AGAINST: {against: 100 - off, favor: off},
                Stance.NONE: {none: 100},
            },
            judged=100,
            evaluations={"cost": {"criticism": {"hits": 20, "misses": 10, "alarms": 5}}},  # type: ignore[dict-item]
        )
        for name, off in zip("abcdef", (10, 20) * 3, strict=True)
    }
    said = [
        Label(found.model_id, place, stance, 4.0)
        for place, stance, n in (
            (favor, Stance.FAVOR, 35),
            (favor, Stance.AGAINST, 15),
            (against, Stance.AGAINST, 35),
            (against, Stance.FAVOR, 15),
        )
        for _ in range(n)
    ]
    labels = {ELEVATOR.id: Labels(tuple(said))} if labelled else {}
    return Adjuster({found.model_id: HeldOut(model_id=found.model_id, policies=policies)}, labels)


@pytest.fixture(params=[False, True], ids=["bare", "labelled"])
async def client(
    request: pytest.FixtureRequest, index: EmbeddedIndex
) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index, adjuster=adjuster(request.param)) as opened:
        yield opened


async def test_a_region_asked_for_alone_is_read_as_one_of_the_groups(
    client: httpx.AsyncClient,
) -> None:
    split = await get(client, TREND, group="region")
    assert split["uncorrected"] is None
    compared = {facet["by"]: facet["groups"] for facet in (await _differences(client))["facets"]}
    for group in split["groups"]:
        region = group["group"]
        expected = group["adjusted"]
        assert expected["evaluations"]
        alone = await get(client, TREND, region=region)
        assert alone["total"]["adjusted"] == expected
        assert [row["adjusted"] for row in alone["rows"]] == [
            row["adjusted"] for row in split["rows"] if row["group"] == region
        ]
        assert (await get(client, ELEVATORS, region=region))["adjusted"] == expected
        listed = await get(client, "/v1/policies", region=region)
        assert listed["items"][0]["adjusted"] == expected
        speakers = await get(client, f"{ELEVATORS}/representativeness", region=region)
        assert speakers["adjusted"] == expected
        (row,) = (row for row in compared["region"] if row["value"] == region)
        for side in ("favor", "against"):
            assert row[side]["adjusted"] == expected[side]


async def test_a_week_says_the_same_in_every_window_and_a_group_in_every_filter(
    client: httpx.AsyncClient,
) -> None:
    all_weeks = (await get(client, TREND))["rows"]
    late = await get(client, TREND, since=SECOND_HALF)
    assert [row["adjusted"] for row in late["rows"]] == [
        row["adjusted"] for row in all_weeks[WEEKS // 2 :]
    ]
    months = (await get(client, TREND, interval="month", region="B市"))["rows"]
    compared = await _differences(client, region="B市")
    (by_month,) = (facet["groups"] for facet in compared["facets"] if facet["by"] == "month")
    for row in by_month:
        (month,) = (month for month in months if month["bucket"] == row["value"])
        assert row["favor"]["adjusted"] == month["adjusted"]["favor"]


async def test_before_and_after_are_the_same_in_a_window_of_just_these_days(
    client: httpx.AsyncClient,
) -> None:
    path = f"{ELEVATORS}/comparison"
    middle = (FIRST + timedelta(weeks=WEEKS // 2)).date()
    gaps = [
        (await get(client, path, date=middle, days=21, **more))["rows"][0]["adjusted"]
        for more in ({}, {"since": (FIRST + timedelta(weeks=2, hours=-12)).isoformat()})
    ]
    assert gaps[0] is not None
    for figure in ("value", "low", "high"):
        assert gaps[0][figure] == pytest.approx(gaps[1][figure], abs=0.002)


@pytest.mark.parametrize("path", ["", "/trend", "/representativeness"])
async def test_the_whole_is_one_question_more_and_only_for_a_part(
    client: httpx.AsyncClient,
    index: EmbeddedIndex,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Filters] = []
    totals = index.totals

    def counted(filters: Filters) -> dict[str, Counts]:
        asked.append(filters)
        return totals(filters)

    monkeypatch.setattr(index, "totals", counted)
    every = Filters(policy_id=ELEVATOR.id)
    await get(client, f"{ELEVATORS}{path}")
    before = len(asked)
    asked.clear()
    await get(client, f"{ELEVATORS}{path}", region="B市")
    assert len(asked) == before + 1
    assert asked.count(every) == 1


async def _differences(client: httpx.AsyncClient, **query: Any) -> Any:
    return await get(client, f"{ELEVATORS}/differences", **query)
