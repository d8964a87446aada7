"""The HTTP API over a real embedded index: what people read, and what they get when they err."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.routes import policies
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.errors import IndexUnavailable
from minyi.query import Filters, Group
from minyi.shares.denominators import Count
from tests.integration.world import EBIKE, ELEVATOR, QUIET, World, error, get, many, serving

OPINIONS = 300
ELEVATORS = "/v1/policies/elevator-retrofit"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(tmp_path_factory.mktemp("index"))
    opened.upsert(list(many(OPINIONS)))
    yield opened
    opened.close()


@pytest.fixture
def app(index: EmbeddedIndex) -> FastAPI:
    world = World()
    return create_app(Services(index=index, registry=world, clock=world, sink=world))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as opened:
        yield opened


async def test_health_says_what_is_there(client: httpx.AsyncClient) -> None:
    health = await get(client, "/health")
    assert health["status"] == "ok"
    assert (health["opinions"], health["policies"]) == (OPINIONS, 3)


async def test_health_says_what_has_failed(index: EmbeddedIndex) -> None:
    world = World()
    failure = ["the stream has stopped: the disk is full"]
    services = Services(
        index=index, registry=world, clock=world, failure=lambda: failure[0] if failure else None
    )
    async with serving(create_app(services)) as client:
        answer = await client.get("/health")
        assert error(answer, 503, "failed")["message"] == failure[0]
        failure.clear()
        assert (await get(client, "/health"))["status"] == "ok"


OWN_NAMES = ["127.0.0.1", "localhost:8600", "[::1]:8600", "[::1]", "LocalHost"]


@pytest.mark.parametrize("host", OWN_NAMES)
async def test_the_own_machine_has_these_names(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/health", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example:8600", "127.0.0.1.nip.io", "evil.example@localhost",
        "127.0.0.1:8600@evil.example", "localhost:x", "[::2]", "", "::1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/health", "/page/main.js", "/v1/nothing"])
async def test_under_a_foreign_name_nothing_is_served(
    client: httpx.AsyncClient, host: str, path: str
) -> None:
    """A page of that name could else read and change what is here: DNS rebinding."""
    answer = await client.get(path, headers={"host": host})
    assert "MINYI_API__ALLOWED_HOSTS" in error(answer, 400, "unknown_host")["message"]


async def test_other_names_can_be_allowed(index: EmbeddedIndex) -> None:
    world = World()
    services = Services(index=index, registry=world, clock=world)
    for allowed, status in ((["minyi.example", "::1"], 200), (["*"], 200), (["other"], 400)):
        async with serving(create_app(services, allowed_hosts=allowed)) as client:
            answer = await client.get("/health", headers={"host": "minyi.example:8600"})
            assert answer.status_code == status
            for own in OWN_NAMES:  # the commands and the probes of a container ask by these
                assert (await client.get("/health", headers={"host": own})).status_code == 200


async def test_policies_come_with_the_most_discussed_first(client: httpx.AsyncClient) -> None:
    listed = await get(client, "/v1/policies")
    assert [view["policy"]["id"] for view in listed["items"]] == [ELEVATOR.id, EBIKE.id, QUIET.id]
    assert listed["opinions"] == OPINIONS
    elevator, _, quiet = (view["raw"] for view in listed["items"])
    assert (
        elevator["favor"]["count"] + elevator["against"]["count"] == elevator["favor"]["n"] == 240
    )
    assert 0 < elevator["favor"]["low"] < elevator["favor"]["value"] < elevator["favor"]["high"] < 1
    assert elevator["favor"]["denominator"] == "opinions"
    assert quiet["favor"] == {
        "value": None, "low": None, "high": None, "count": 0, "n": 0, "denominator": "opinions",
    }  # fmt: skip


async def test_policies_can_be_filtered(client: httpx.AsyncClient) -> None:
    transport = await get(client, "/v1/policies", domain="transport")
    assert {view["policy"]["id"] for view in transport["items"]} == {EBIKE.id, QUIET.id}
    nobody = await get(client, "/v1/policies", region="没有这个地方")
    assert nobody["opinions"] == 0
    assert len(nobody["items"]) == 3


async def test_one_policy_is_what_the_list_says(client: httpx.AsyncClient) -> None:
    listed = await get(client, "/v1/policies")
    assert await get(client, ELEVATORS) == listed["items"][0]


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_a_trend_counts_every_opinion_once(client: httpx.AsyncClient, interval: str) -> None:
    trend = await get(client, f"{ELEVATORS}/trend", interval=interval)
    rows = trend["rows"]
    assert sum(row["raw"]["n"] for row in rows) == 240 == trend["total"]["raw"]["n"]
    assert [row["bucket"] for row in rows] == sorted({row["bucket"] for row in rows})
    assert (
        rows[0]["bucket"]
        == {"day": "2026-01-05", "week": "2026-01-05", "month": "2026-01-01"}[interval]
    )
    assert all(0.5 < row["salience"]["value"] <= 1 for row in rows)
    assert trend["timezone"] == "Asia/Shanghai"


async def test_a_trend_can_be_split_and_the_parts_sum_up(client: httpx.AsyncClient) -> None:
    whole = await get(client, f"{ELEVATORS}/trend", interval="month")
    split = await get(client, f"{ELEVATORS}/trend", interval="month", group="region")
    assert {row["group"] for row in split["rows"]} == {None, "A市", "B市"}
    assert sum(row["raw"]["n"] for row in split["rows"]) == whole["total"]["raw"]["n"]
    assert [(group["group"], group["raw"]["n"]) for group in split["groups"]] == [
        (None, 80), ("A市", 80), ("B市", 80),
    ]  # fmt: skip
    assert all(row["salience"] is None for row in split["rows"])


async def test_a_trend_of_too_many_rows_is_to_be_narrowed(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = {"interval": "day"}
    rows = len((await get(client, f"{ELEVATORS}/trend", **daily))["rows"])
    monkeypatch.setattr(policies, "MAX_ROWS", rows)
    await get(client, f"{ELEVATORS}/trend", **daily)
    monkeypatch.setattr(policies, "MAX_ROWS", rows - 1)
    for query in (daily, daily | {"group": "region"}):
        answer = await client.get(f"{ELEVATORS}/trend", params=query)
        message = error(answer, 422, "too_many_rows")["message"]
        assert f"more than {rows - 1}" in message
        assert "since" in message
    await get(client, f"{ELEVATORS}/trend", interval="week")


@pytest.mark.parametrize("count", Count)
@pytest.mark.parametrize("group", [None, *Group])
async def test_a_trend_without_rows_has_the_same_sums_however_many_rows_there_were(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, count: Count, group: Group | None
) -> None:
    query: dict[str, Any] = {"interval": "day", "count": count.value, "region": "A市"}
    if group is not None:
        query["group"] = group.value
    whole = await get(client, f"{ELEVATORS}/trend", **query)
    assert len(whole["rows"]) > 3
    monkeypatch.setattr(policies, "MAX_ROWS", max(len(whole["groups"]), 1))
    sums = await get(client, f"{ELEVATORS}/trend", **query, rows=False)
    assert sums == whole | {"rows": [], "smooth": []}
    if group is Group.SOURCE:
        monkeypatch.setattr(policies, "MAX_ROWS", 0)
        answer = await client.get(f"{ELEVATORS}/trend", params=query | {"rows": False})
        assert "1 groups, more than 0" in error(answer, 422, "too_many_rows")["message"]


@pytest.mark.parametrize("path", [f"{ELEVATORS}/evidence", "/v1/search"])
@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_pages_follow_on_without_gap_or_repeat(
    client: httpx.AsyncClient, path: str, limit: int
) -> None:
    seen: list[str] = []
    times: list[str] = []
    query: dict[str, Any] = {"limit": limit, "region": "A市"}
    if path == "/v1/search":
        query["policy"] = ELEVATOR.id
    while True:
        page = await get(client, path, **query)
        assert len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        times += [item["created_at"] for item in page["items"]]
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    assert len(seen) == len(set(seen)) == page["total"] == 80
    assert times == sorted(times, reverse=True)


async def test_filters_combine(client: httpx.AsyncClient, index: EmbeddedIndex) -> None:
    query = {
        "stance": "favor", "aspect": "cost", "polarity": "criticism", "channel": "热线",
        "since": "2026-01-06", "until": "2026-01-10T00:00:00Z", "source": "petition",
    }  # fmt: skip
    page = await get(client, f"{ELEVATORS}/evidence", **query)
    assert 0 < page["total"] < 60
    assert (
        page["total"]
        == index.search("", Filters.model_validate({"policy_id": ELEVATOR.id, **query})).total
    )
    for item in page["items"]:
        assert item["stance"] == "favor"
        assert "2026-01-05T16:00:00Z" <= item["created_at"] < "2026-01-10T00:00:00Z"


async def test_search_finds_two_characters(client: httpx.AsyncClient) -> None:
    assert (await get(client, "/v1/search", q="电梯"))["total"] == 240
    assert (await get(client, "/v1/search", q="電梯 第7條"))["total"] == 1
    assert (await get(client, "/v1/search", q="电梯", policy=EBIKE.id))["total"] == 0
    assert (await get(client, "/v1/search", q="没有这几个字"))["total"] == 0


@pytest.mark.parametrize(
    "term",
    [
        "' OR 1=1 --", '"', '""', '电梯"', "*", "电*", "NEAR(电 梯)", "text:电梯", "-电梯", "^电梯",
        "(", ")", "电梯 AND", "NOT 电梯", "%", "_", "\\", "\x00", "\x00电梯", "{}", "; DROP x",
        "<script>", "%s", "\U0001f600", "\u202e", "a" * 200, " ", "\t\n",
    ],
)  # fmt: skip
async def test_no_search_term_is_a_command(client: httpx.AsyncClient, term: str) -> None:
    page = await get(client, "/v1/search", q=term)
    assert page["total"] == (OPINIONS if not term.strip() else 0)
    filtered = await get(client, "/v1/search", region=term[:100], channel=term[:100])
    assert filtered["total"] == 0


@pytest.mark.parametrize("raw", ["q=%ff%fe", "q=%ed%a0%80", "region=%c0%80", "q=%00%00", "q"])
async def test_bytes_that_are_no_text_find_nothing(client: httpx.AsyncClient, raw: str) -> None:
    assert (await client.get(f"/v1/search?{raw}")).status_code == 200


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/search?limit=0", "query.limit"),
        (f"{ELEVATORS}/trend?region=", "query.region"),
        ("/v1/search?policy=", "query.policy"),
        ("/v1/search?limit=201", "query.limit"),
        ("/v1/search?limit=many", "query.limit"),
        (f"/v1/search?q={'x' * 201}", "query.q"),
        (f"/v1/search?cursor={'x' * 501}", "query.cursor"),
        ("/v1/search?stance=angry", "query.stance"),
        ("/v1/search?since=yesterday", "query.since"),
        ("/v1/search?since=1700000000", "query.since"),
        ("/v1/search?until=9999-12-31", "query.until"),
        (f"{ELEVATORS}/trend?interval=year", "query.interval"),
        (f"{ELEVATORS}/trend?group=author", "query.group"),
        (f"{ELEVATORS}/evidence?limit=-1", "query.limit"),
    ],
)
async def test_a_wrong_query_names_its_place(
    client: httpx.AsyncClient, path: str, place: str
) -> None:
    assert error(await client.get(path), 422, "invalid_request")["place"] == place


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        (f"{ELEVATORS}/trend", "regoin", "did you mean region? there are age, channel, count, "),
        ("/v1/policies", "stance", "there are age, channel, count, "),
        (f"{ELEVATORS}/differences", "group", "there are age, channel, domain, region"),
        ("/v1/search", "page", "there are "),
    ],
)
async def test_a_misspelt_parameter_is_no_answer_about_everything(
    client: httpx.AsyncClient, path: str, name: str, words: str
) -> None:
    found = error(await client.get(path, params={name: "A市"}), 422, "invalid_request")
    assert found["place"] == f"query.{name}"
    assert found["message"].startswith("no such parameter; ")
    assert words in found["message"]


@pytest.mark.parametrize("path", [f"{ELEVATORS}/trend", "/v1/policies", "/v1/search"])
async def test_a_filter_given_twice_is_no_answer_about_the_last(
    client: httpx.AsyncClient, path: str
) -> None:
    asked = await client.get(path, params={"region": ["A市", "B市"]})
    found = error(asked, 422, "invalid_request")
    assert found["place"] == "query.region"
    assert "twice" in found["message"]


@pytest.mark.parametrize("path", ["/health", "/v1/export", "/v1/export/policies.csv"])
async def test_marks_of_portals_and_probes_change_nothing(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path, params={"utm_source": "portal"})).status_code == 200


@pytest.mark.parametrize("path", [f"{ELEVATORS}/trend", f"{ELEVATORS}/why", "/v1/search"])
@pytest.mark.parametrize("until", ["2026-03-01", "2026-02-01T00:00:00Z"])
async def test_a_time_in_which_nothing_can_lie_is_refused(
    client: httpx.AsyncClient, path: str, until: str
) -> None:
    answer = await client.get(path, params={"since": "2026-03-01", "until": until})
    found = error(answer, 422, "empty_window")
    assert found["place"] == "query.until"
    assert "must lie after since" in found["message"]


FORGED = ["x", "WzEsMl0=", "bnVsbA==", "e30=", "%00", "[]", "WzFlMzA4LCJhIl0="]


@pytest.mark.parametrize("cursor", FORGED)
async def test_a_forged_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/v1/search", params={"cursor": cursor})
    assert "cursor" in error(answer, 422, "invalid_query")["message"]


@pytest.mark.parametrize("path", ["", "/trend", "/evidence"])
@pytest.mark.parametrize("name", ["nothing", "%ff", "..%2f..%2fetc", "'%20OR%201=1", "x" * 3_000])
async def test_an_unknown_policy_is_not_found(
    client: httpx.AsyncClient, path: str, name: str
) -> None:
    answer = await client.get(f"/v1/policies/{name}{path}")
    error(answer, 404, "not_found")


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/page/nothing.js", "/page/..%2f..%2fapp.py"])
async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    error(await client.get(path), 404, "not_found")


async def test_a_wrong_method_is_told_the_right_one(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/v1/search")
    error(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


async def test_without_subscriptions_the_api_says_so(client: httpx.AsyncClient) -> None:
    error(await client.get("/v1/subscriptions"), 404, "not_found")


async def test_an_unreachable_index_is_worth_a_retry(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, index: EmbeddedIndex
) -> None:
    def down(*_: Any) -> None:
        raise IndexUnavailable("the index does not answer")

    monkeypatch.setattr(index, "search", down)
    answer = await client.get("/v1/search")
    error(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_what_nobody_foresaw_gives_nothing_away(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, index: EmbeddedIndex
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError('secret of /work/var, File "x.py"')

    monkeypatch.setattr(index, "search", broken)
    assert "secret" not in error(await client.get("/v1/search"), 500, "error")["message"]


async def test_the_description_is_sound(client: httpx.AsyncClient) -> None:
    schema = await get(client, "/openapi.json")
    assert schema["openapi"].startswith("3.1")
    text = str(schema)
    for reference in set(re.findall(r"'\$ref': '([^']+)'", text)):
        node = schema
        assert reference.startswith("#/")
        for part in reference[2:].split("/"):
            node = node[part]
        assert node
    operations = [
        operation for methods in schema["paths"].values() for operation in methods.values()
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["description"] for operation in operations)
    for operation in operations:
        for answer in ("422", "default"):  # the latter is of every other status
            refused = operation["responses"][answer]["content"]["application/json"]["schema"]
            assert refused == {"$ref": "#/components/schemas/ErrorResponse"}
    assert "/v1/dead-letters" not in schema["paths"]


async def test_the_documentation_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert re.findall(r"https?://[^\s\"']+", page.text) == []
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await client.get(path)).status_code == 200, path
