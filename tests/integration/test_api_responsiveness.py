"""Who is answered and how soon, over a real index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import pytest

from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.vocabulary import Stance
from tests.integration.world import (
    EBIKE,
    ELEVATOR,
    QUIET,
    START,
    asking,
    error,
    filled,
    get,
    opinion,
)

PATH = f"/v1/policies/{ELEVATOR.id}/responsiveness"


def opinions() -> Iterator[Opinion]:
    """Two a day for a hundred days; of every four, one waits two days, one fifty, one for an
    answer of unknown time, one in vain; on the bikes nobody is answered, and on weibo neither."""
    for number in range(200):
        created = START + timedelta(hours=12 * number)
        waits = (2, 50, None, None)[number % 4]
        reply = {"text": "已办理。"}
        if waits:
            reply["at"] = (created + timedelta(days=waits)).isoformat()
        yield opinion(
            number,
            Stance.FAVOR if waits == 2 else Stance.AGAINST,
            created_at=created,
            reply=None if number % 4 == 3 else reply,
            region="A市" if number % 8 < 4 else "B市",
        )
        if number < 40:
            yield opinion(1_000 + number, Stance.AGAINST, EBIKE, created_at=created, region="A市")
            yield opinion(2_000 + number, Stance.NONE, EBIKE, created_at=created, source="weibo")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with filled(tmp_path_factory.mktemp("index"), opinions()) as opened:
        yield opened


@pytest.fixture
async def client(index: EmbeddedIndex) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(index) as opened:
        yield opened


async def test_a_policys_answers_by_region(client: httpx.AsyncClient) -> None:
    found = await get(client, PATH)
    assert (found["by"], found["late_after"], found["silent"]) == ("region", 30, [])
    # the newest event is the answer to the last of those who wait for fifty days
    assert found["as_of"] == "2026-06-02"
    everybody = found["all"]
    assert everybody["answered"]["count"] == 150
    assert everybody["answered"]["denominator"] == "opinions from sources that answer"
    assert everybody["untimed"] == 50
    assert [row["value"] for row in found["rows"]] == ["A市", "B市"]
    within = {point["days"]: point["value"] for point in everybody["within"]}
    assert within[7] == within[30] == pytest.approx(0.375, abs=0.01)
    values = [point["value"] for point in found["curve"]]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(0.75, abs=0.01)
    late, unanswered = found["contrasts"]
    assert late["rows"][0]["first"]["denominator"] == (
        "opinions from sources that answer, followed for 30 days and answered in time"
    )
    assert late["rows"][0]["gap"]["value"] == -1
    assert (unanswered["first"], unanswered["second"]) == ("answered", "unanswered")
    assert "written before its answer" in found["note"]


async def test_all_policies_by_department_and_policy(client: httpx.AsyncClient) -> None:
    found = await get(client, "/v1/responsiveness")
    assert found["by"] == "department"
    assert [row["opinions"] for row in found["rows"]] == [240]
    assert found["silent"] == [{"source": "weibo", "opinions": 40}]
    by_policy = await get(client, "/v1/responsiveness", by="policy", region="A市")
    assert {row["value"]: row["opinions"] for row in by_policy["rows"]} == {
        ELEVATOR.id: 100,
        EBIKE.id: 40,
    }
    assert {row["title"] for row in by_policy["rows"]} == {ELEVATOR.title, EBIKE.title}


async def test_doubtful_opinions_can_be_left_out_and_not_be_all(client: httpx.AsyncClient) -> None:
    sure = await get(client, PATH, sure=True)
    assert sure["all"]["answered"]["denominator"] == (
        "opinions that the tagger is sure of from sources that answer"
    )
    error(await client.get(PATH, params={"sure": False}), 422, "invalid_query")


async def test_nobody_is_too_few(client: httpx.AsyncClient) -> None:
    found = await get(client, f"/v1/policies/{QUIET.id}/responsiveness")
    assert found["all"]["too_few"]
    assert (found["rows"], found["curve"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("by=age", "query.by"),
        ("late_after=0", "query.late_after"),
        ("late_after=1000", "query.late_after"),
    ],
)
async def test_a_wrong_question_names_its_place(
    client: httpx.AsyncClient, query: str, place: str
) -> None:
    assert error(await client.get(f"{PATH}?{query}"), 422, "invalid_request")["place"] == place
