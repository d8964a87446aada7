"""``POST /v1/comments``: the good go on, the bad are told and buried, the rest is refused."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.bodies import MAX_BODY
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.dead_letter import dead_letter
from minyi.domain import Comment
from streams.sinks import ApiSink
from tests.hostile import hostile_records
from tests.integration.world import World, error, serving

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}


def record(number: int, **changes: Any) -> dict[str, Any]:
    good = {
        "id": f"c{number}",
        "source": "web",
        "text": "支持",
        "created_at": "2026-03-01T08:00:00",
    }
    return good | changes


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    index = EmbeddedIndex(tmp_path)
    app = create_app(Services(index=index, registry=world, clock=world, sink=world))
    async with serving(app) as opened:
        yield opened
    index.close()


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await client.post("/v1/comments", content=content, headers=JSON | headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_one_comment_is_taken(client: httpx.AsyncClient, world: World) -> None:
    assert await post(client, record(1)) == {"accepted": 1, "rejected": []}
    assert world.comments == [Comment.from_mapping(record(1))]


async def test_an_array_is_taken(client: httpx.AsyncClient, world: World) -> None:
    assert (await post(client, [record(n) for n in range(50)]))["accepted"] == 50
    assert [comment.id for comment in world.comments] == [f"c{n}" for n in range(50)]
    assert await post(client, []) == {"accepted": 0, "rejected": []}


async def test_lines_are_taken(client: httpx.AsyncClient, world: World) -> None:
    lines = b"\n\r\n".join(json.dumps(record(n)).encode() for n in range(3)) + b"\n"
    assert (await post(client, lines, **NDJSON))["accepted"] == 3


@pytest.mark.parametrize("lines", [False, True])
async def test_bad_comments_are_told_and_buried_and_the_good_go_on(
    client: httpx.AsyncClient, world: World, lines: bool
) -> None:
    sent: list[Any] = [record(1), record(2, text=""), "文字", record(3, likes=-1), record(4)]
    body = b"\n".join(json.dumps(r).encode() for r in sent) if lines else sent
    told = await post(client, body, **(NDJSON if lines else {}))
    assert told["accepted"] == 2
    assert [(r["position"], r["place"]) for r in told["rejected"]] == [
        (2, "field text"), (3, ""), (4, "field likes"),
    ]  # fmt: skip
    assert [comment.id for comment in world.comments] == ["c1", "c4"]
    assert [json.loads(letter.content) for letter in world.letters] == sent[1:4]
    assert world.letters[0].origin.startswith("POST /v1/comments 2027-")
    assert [letter.reason for letter in world.letters] == [r["reason"] for r in told["rejected"]]


async def test_broken_lines_cost_only_themselves(client: httpx.AsyncClient, world: World) -> None:
    good = json.dumps(record(1)).encode()
    told = await post(client, b'{"id":\n\xff\xfe\n' + good + b"\n[[[[", **NDJSON)
    assert told["accepted"] == 1
    assert [r["position"] for r in told["rejected"]] == [1, 2, 4]
    assert [letter.content for letter in world.letters] == [b'{"id":', b"\xff\xfe", b"[[[["]


@pytest.mark.parametrize("lines", [False, True])
async def test_a_name_that_stands_twice_costs_its_record(
    client: httpx.AsyncClient, world: World, lines: bool
) -> None:
    twice = json.dumps(record(1, text="支持"), ensure_ascii=False)[:-1] + ', "text": "反对"}'
    good = json.dumps(record(2))
    body = f"{twice}\n{good}" if lines else f"[{twice}, {good}]"
    told = await post(client, body.encode(), **(NDJSON if lines else {}))
    assert told["accepted"] == 1
    assert told["rejected"] == [
        {"position": 1, "reason": "the name 'text' stands twice", "place": ""}
    ]
    assert world.letters[0].content.decode() == twice


@pytest.mark.parametrize("lines", [False, True])
async def test_a_comment_that_is_yet_to_come_is_refused(
    client: httpx.AsyncClient, world: World, lines: bool
) -> None:
    world.moment = datetime(2026, 3, 1, 4, tzinfo=UTC)
    fast = record(1, created_at=(world.moment + timedelta(hours=3)).isoformat())
    sent = [fast, record(2, created_at="2062-03-01T08:00:00"), record(3)]
    body = b"\n".join(json.dumps(r).encode() for r in sent) if lines else sent
    told = await post(client, body, **(NDJSON if lines else {}))
    reason = "2062-03-01 08:00 is yet to come; today is 2026-03-01"
    rejection = {"position": 2, "reason": reason, "place": "field created_at"}
    assert told == {"accepted": 2, "rejected": [rejection]}
    assert [comment.id for comment in world.comments] == ["c1", "c3"]
    (letter,) = world.letters
    assert (letter.reason, letter.place) == (reason, "field created_at")
    assert json.loads(letter.content) == sent[1]


async def test_what_is_bad_in_chinese_keeps_its_characters(
    client: httpx.AsyncClient, world: World
) -> None:
    await post(client, [record(1, created_at="昨天")])
    assert "昨天" in world.letters[0].content.decode()
    # as large inside an array as alone
    large = record(2, mood="长" * 300_000)
    assert (await post(client, json.dumps([large], ensure_ascii=False).encode()))["accepted"] == 1


async def test_hostile_comments_never_break_the_service(
    client: httpx.AsyncClient, world: World
) -> None:
    sent = 0
    for body in hostile_records(400, seed=11):
        answer = await client.post("/v1/comments", content=body, headers=JSON)
        assert answer.status_code in (202, 422), (body[:80], answer.text)
        told = answer.json()
        if answer.status_code == 422:
            error(answer, 422, "invalid_request")
        else:
            sent += told["accepted"] + len(told["rejected"])
    assert sent == len(world.comments) + len(world.letters)
    lines = b"\n".join(b.replace(b"\n", b" ") for b in hostile_records(400, seed=12))
    told = (await client.post("/v1/comments", content=lines[:7_900_000], headers=NDJSON)).json()
    assert told["accepted"]
    assert told["rejected"]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff", b"[" * 100_000, b"[1,"])
async def test_a_body_that_is_no_json_is_refused(
    client: httpx.AsyncClient, world: World, body: bytes
) -> None:
    answer = await client.post("/v1/comments", content=body, headers=JSON)
    assert "not JSON" in error(answer, 422, "invalid_request")["message"]
    assert world.comments == world.letters == []


async def test_too_large_a_body_is_refused(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.post("/v1/comments", content=b" " * (MAX_BODY + 1), headers=JSON)
    assert "8,000,000 bytes" in error(answer, 413, "too_large")["message"]

    async def endless() -> AsyncIterator[bytes]:
        while True:  # ends only because the service stops reading
            yield b"\n" * 1_000_000

    answer = await client.post("/v1/comments", content=endless(), headers=NDJSON)
    error(answer, 413, "too_large")


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/dead-letters"])
async def test_too_many_records_are_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=b"{}\n" * 5_001, headers=NDJSON)
    assert "5,000" in error(answer, 413, "too_large")["message"]


async def test_a_broker_that_is_down_is_worth_a_retry(
    client: httpx.AsyncClient, world: World
) -> None:
    world.broker_down = True
    answer = await client.post("/v1/comments", json=record(1))
    error(answer, 503, "unavailable")
    assert answer.headers["retry-after"]


async def test_dead_letters_of_a_command_are_taken(client: httpx.AsyncClient, world: World) -> None:
    letters = [
        dead_letter(b"\xff\x00", origin=f"a.csv:line {n}", stage="read", reason="r", at=world.now())
        for n in range(3)
    ]
    body = b"\n".join(letter.to_json() for letter in letters)
    answer = await client.post("/v1/dead-letters", content=body, headers=NDJSON)
    assert answer.json() == {"accepted": 3, "rejected": []}
    assert world.letters == letters
    forged = letters[0].model_copy(update={"stage": "index"}).to_json()
    for refused in (b"{}", body + b"\n" + forged):
        answer = await client.post("/v1/dead-letters", content=refused, headers=NDJSON)
        error(answer, 422, "invalid_request")
    assert world.letters == letters


async def test_an_api_that_only_reads_takes_nothing(world: World, tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "other")
    async with serving(create_app(Services(index=index, registry=world, clock=world))) as client:
        for path in ("/v1/comments", "/v1/dead-letters"):
            answer = await client.post(path, json=record(1))
            error(answer, 405, "method_not_allowed")
    index.close()


async def test_a_packed_body_is_refused_and_not_guessed_at(client: httpx.AsyncClient) -> None:
    body = gzip.compress(json.dumps(record(1)).encode())
    answer = await client.post(
        "/v1/comments", content=body, headers=JSON | {"content-encoding": "gzip"}
    )
    error(answer, 422, "invalid_request")


FORM_TYPES = [
    "text/plain", "text/plain; x=application/json", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x", "application/jsonp", "", None,
]  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/dead-letters"])
@pytest.mark.parametrize("kind", FORM_TYPES)
async def test_what_any_web_page_could_send_is_refused(
    client: httpx.AsyncClient, world: World, path: str, kind: str | None
) -> None:
    """A form on a foreign page can post these types to a service on one's own machine."""
    headers = {} if kind is None else {"content-type": kind}
    answer = await client.post(path, content=json.dumps(record(1)).encode(), headers=headers)
    assert "application/json" in error(answer, 415, "unsupported_media_type")["message"]
    assert world.comments == world.letters == []


@pytest.mark.parametrize(
    "kind", ["application/json;charset=utf-8", "Application/JSON", "application/x-ndjson ; a=b"]
)
async def test_a_type_may_have_parameters(client: httpx.AsyncClient, kind: str) -> None:
    assert (await post(client, record(1), **{"content-type": kind}))["accepted"] == 1


async def test_missing_values_are_missing_in_an_array_as_alone(
    client: httpx.AsyncClient, world: World
) -> None:
    sent = record(1, likes=float("nan"), mood=float("inf"))
    await post(client, sent)
    await post(client, [sent])
    alone, inside = world.comments
    assert alone == inside
    assert alone.likes is None


async def test_the_service_answers_while_a_large_body_is_read(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, answered = Event(), Event()
    from_mapping = Comment.from_mapping

    def held(data: object) -> Comment:
        reading.set()
        assert answered.wait(20)
        return from_mapping(data)

    monkeypatch.setattr(Comment, "from_mapping", held)
    posted = asyncio.create_task(post(client, [record(1)]))
    assert await asyncio.to_thread(reading.wait, 20)
    assert (await client.get("/health")).status_code == 200
    answered.set()
    assert (await posted)["accepted"] == 1


async def test_a_sender_that_hangs_up_is_no_failure_of_the_service(
    world: World, tmp_path: Path
) -> None:
    index = EmbeddedIndex(tmp_path)
    app = create_app(Services(index=index, registry=world, clock=world, sink=world))
    coming = iter(
        [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}]
    )
    told: list[Any] = []

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/comments", "headers": headers}
    await app(scope | {"query_string": b"", "http_version": "1.1"}, receive, send)
    assert told[0]["status"] == 400
    async with serving(app) as client:
        assert 'status="500"' not in (await client.get("/metrics")).text
    index.close()


async def test_only_the_operator_withdraws_comments(world: World, tmp_path: Path) -> None:
    index, key = EmbeddedIndex(tmp_path), "k" * 32
    wired = Services(index=index, registry=world, clock=world, sink=world, operator_key=key)
    async with serving(create_app(wired)) as client:
        query = {"id": ["c1", "热线:1"]}
        for given in ({}, {"authorization": "Bearer wrong"}):
            answer = await client.delete("/v1/comments", params=query, headers=given)
            assert answer.status_code == 401
        assert world.withdrawn == []
        client.headers["authorization"] = f"Bearer {key}"
        await ApiSink(client).withdraw(query["id"])
        assert world.withdrawn == query["id"]
        assert (await client.delete("/v1/comments")).status_code == 422
    index.close()
