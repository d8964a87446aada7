"""What changed and how it was before and after, over a real index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.policy import Event, Policy
from minyi.shares.adjusting import Adjuster
from minyi.vocabulary import Stance
from tests.integration.world import (
    EBIKE,
    ELEVATOR,
    World,
    asking,
    error,
    filled,
    get,
    opinion,
    serving,
)
from tests.unit.held_out_rows import held_out

FIRST = datetime(2025, 6, 2, 4, tzinfo=UTC)
TURN = 60
PATH = f"/v1/policies/{ELEVATOR.id}"


def opinions() -> Iterator[Opinion]:
    """Twelve a day for ninety days; from the sixtieth on more favor it; then one on the morrow."""
    rng = np.random.default_rng(1)
    for day in range(90):
        for number in range(12):
            favors = rng.random() < (0.8 if day >= TURN else 0.3)
            yield opinion(
                day * 100 + number,
                Stance.FAVOR if favors else Stance.AGAINST,
                created_at=FIRST + timedelta(days=day, minutes=number),
                region="A市" if number % 2 else "B市",
                author=f"{number}",
            )
    yield opinion(10_000, Stance.NONE, EBIKE, created_at=FIRST + timedelta(days=90))


class Eventful(World):
    def policies(self) -> dict[str, Policy]:
        event = Event.model_validate("2025-08-01 revised 补贴标准提高")
        return super().policies() | {ELEVATOR.id: ELEVATOR.model_copy(update={"events": (event,)})}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with filled(tmp_path_factory.mktemp("index"), opinions()) as opened:
        yield opened


@pytest.fixture
async def client(index: EmbeddedIndex) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index, Eventful()) as opened:
        yield opened


async def test_a_change_comes_with_its_dates_and_figures(client: httpx.AsyncClient) -> None:
    found = await get(client, f"{PATH}/changes")
    assert (found["arl"], found["series"], found["denominator"]["count"]) == (3650, 9, "opinions")
    assert found["watched"]["opinions"] == 90 * 12
    assert found["watched"]["last"] == "2025-08-30"  # the newest day is not over
    change = next(i for i in found["items"] if i["contrast"]["series"]["measure"] == "favor")
    assert change["since_low"] <= "2025-08-01" <= change["since_high"]
    assert "2025-08-01" <= change["detected"] <= "2025-08-15"
    assert change["contrast"]["before"]["n"] == change["before"]["opinions"]
    assert change["contrast"]["gap"]["low"] > 0.3
    assert found["events"] == [
        {"date": "2025-08-01", "kind": "revised", "label": "补贴标准提高"},
    ]


async def test_the_scope_narrows_what_is_watched(client: httpx.AsyncClient) -> None:
    part = await get(client, f"{PATH}/changes", region="A市", arl=500)
    assert part["watched"]["opinions"] == 90 * 6
    early = await get(client, f"{PATH}/changes", until="2025-07-20", count="authors")
    assert early["items"] == []
    assert early["series"] == 3
    late = await get(client, f"{PATH}/changes", since="2025-08-20")
    assert late["watched"] is None
    nobody = await get(client, f"/v1/policies/{EBIKE.id}/changes")
    assert (nobody["watched"], nobody["items"]) == (None, [])


async def test_a_comparison_says_what_it_compares(client: httpx.AsyncClient) -> None:
    found = await get(client, f"{PATH}/comparison", date="2025-08-01")
    assert (found["before"]["first"], found["after"]["last"]) == ("2025-07-04", "2025-08-28")
    assert found["before"]["opinions"] == found["after"]["opinions"] == 28 * 12
    row = found["rows"][0]
    assert row["series"]["measure"] == "favor"
    assert row["gap"]["low"] < 0.5 < row["gap"]["high"]
    assert "not a cause" in found["note"]
    week = await get(client, f"{PATH}/comparison", date="2025-08-01", days=7)
    assert week["before"]["opinions"] == 7 * 12
    assert (await get(client, f"{PATH}/comparison", date="2020-01-01"))["too_few"]


async def test_what_the_tagger_is_sure_of_is_compared_and_not_adjusted(
    index: EmbeddedIndex,
) -> None:
    """Its errors are known for all that it says, opinion by opinion."""
    table = held_out(0.9, policies=12)
    async with asking(index, adjuster=Adjuster({table.model_id: table})) as client:
        for asked in ({}, {"sure": True}, {"count": "collapsed"}):
            row = (await get(client, f"{PATH}/comparison", date="2025-08-01", **asked))["rows"][0]
            assert row["gap"] is not None
            assert (row["adjusted"] is None) == bool(asked)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("changes?arl=10", "query.arl"),
        ("changes?count=heads", "query.count"),
        ("comparison", "query.date"),
        ("comparison?date=yesterday", "query.date"),
        ("comparison?date=0001-01-01", "query.date"),
        ("comparison?date=9999-12-31", "query.date"),
        ("comparison?date=2025-08-01&days=1", "query.days"),
        ("comparison?date=2025-08-01&days=1000", "query.days"),
    ],
)
async def test_a_wrong_question_names_its_place(
    client: httpx.AsyncClient, query: str, place: str
) -> None:
    assert error(await client.get(f"{PATH}/{query}"), 422, "invalid_request")["place"] == place


async def test_doubtful_stances_are_nothing_to_count(client: httpx.AsyncClient) -> None:
    error(await client.get(f"{PATH}/changes?sure=false"), 422, "invalid_query")


async def test_days_that_are_not_whole_or_not_there_yet_are_not_watched(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A comment that says it is of 2099 moves nothing; from noon on is no whole day."""
    known = (await get(client, f"{PATH}/changes"))["watched"]
    later = (await get(client, f"{PATH}/changes", since="2025-06-02T12:00:00"))["watched"]
    assert (known["first"], later["first"]) == ("2025-06-02", "2025-06-03")
    own = EmbeddedIndex(tmp_path)
    moment = datetime(2099, 6, 1, tzinfo=UTC)
    own.upsert([*opinions(), opinion(20_000, Stance.FAVOR, created_at=moment)])
    world = World()
    world.moment = FIRST + timedelta(days=90)
    async with serving(create_app(Services(index=own, registry=world, clock=world))) as opened:
        assert (await get(opened, f"{PATH}/changes"))["watched"] == known
    own.close()
