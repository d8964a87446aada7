"""What is read of the body of a wish to subscribe, and what is said of one that cannot be read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.integration.test_alerts_api import SUBSCRIPTIONS, wish
from tests.integration.world import error

JSON = {"content-type": "application/json"}
LIMIT = 64_000


class Endless:
    """A body that is sent as long as it is read."""

    read = 0

    async def parts(self) -> AsyncIterator[bytes]:
        while self.read < 1_000:
            self.read += 1
            yield b" " * 8_000


async def test_a_body_is_read_up_to_a_bound(client: httpx.AsyncClient) -> None:
    body = Endless()
    answer = await client.post(SUBSCRIPTIONS, content=body.parts(), headers=JSON)
    assert "64,000 bytes" in error(answer, 413, "too_large")["message"]
    assert body.read <= LIMIT // 8_000 + 2


async def test_what_is_no_json_is_not_read_at_all(client: httpx.AsyncClient) -> None:
    body = Endless()
    answer = await client.post(
        SUBSCRIPTIONS, content=body.parts(), headers={"content-type": "text/plain"}
    )
    error(answer, 415, "unsupported_media_type")
    assert body.read <= 1


async def test_the_largest_wish_is_taken(client: httpx.AsyncClient) -> None:
    content = json.dumps(wish()).encode().ljust(LIMIT)
    answer = await client.post(SUBSCRIPTIONS, content=content, headers=JSON)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(wish(name="住建局"), ensure_ascii=False).encode("gb18030"), "UTF-8"),
        (b"\xff\xfe\xfa", "UTF-8"),
        (b'{"name": ', "Expecting value"),
        (b"", "Expecting value"),
        (b"[" * 50_000, "JSON"),
        (b"[]", "dictionary"),
        (b'{"name": ' + b"9" * 5_000 + b"}", "JSON"),
    ],
)
async def test_what_cannot_be_read_is_told(
    client: httpx.AsyncClient, content: bytes, words: str
) -> None:
    answer = await client.post(SUBSCRIPTIONS, content=content, headers=JSON)
    told = error(answer, 422, "invalid_request")
    assert words in told["message"]
    assert told["place"].startswith("body")
    assert len(answer.content) < 500


async def test_the_description_says_what_a_wish_is(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    asked: Any = schema["paths"][SUBSCRIPTIONS]["post"]["requestBody"]
    assert asked["required"] is True
    body = asked["content"]["application/json"]["schema"]
    assert body["title"] == "NewSubscription"
    assert body["required"] == ["name", "policy_ids", "rule", "webhook"]
    assert body["properties"]["rule"] == {"$ref": "#/components/schemas/Rule"}
    assert schema["components"]["schemas"]["Rule"]["required"] == ["stance", "threshold"]
