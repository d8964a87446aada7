"""What Starlette itself refuses is said in the API's one form of errors, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api.app import create_app, create_public
from api.services import Services
from indexers.embedded import EmbeddedIndex
from tests.integration.world import World, error, many, serving

PREFLIGHT = {"origin": "https://portal.example", "access-control-request-method": "GET"}
ASKED = "access-control-request-headers"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    index, world = EmbeddedIndex(tmp_path_factory.mktemp("index")), World()
    index.upsert(list(many()))
    yield Services(index=index, registry=world, clock=world)
    index.close()


@pytest.fixture(params=[create_app, create_public], ids=["whole", "public"])
async def client(
    request: pytest.FixtureRequest, services: Services
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(request.param(services)) as opened:
        yield opened


@pytest.fixture
async def public(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(create_public(services)) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/open", "/page/open.js", "/v1/export/months.csv"])
async def test_a_range_that_cannot_be_given(client: httpx.AsyncClient, path: str) -> None:
    size = (await client.get(path)).headers["content-length"]
    for asked in ("lines=1-2", "bytes=x", "bytes=9-2"):
        answer = await client.get(path, headers={"range": asked})
        assert "range" in error(answer, 400, "bad_request")["message"].lower()
    answer = await client.get(path, headers={"range": "bytes=999999999-"})
    error(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{size}"
    assert int(answer.headers["content-length"]) == len(answer.content)
    head = await client.head("/v1/export/months.csv", headers={"range": "bytes=999999999-"})
    assert head.status_code == 416
    part = await client.get(path, headers={"range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({ASKED: "x-odd"}, "headers"),
        ({"access-control-request-method": "DELETE"}, "method"),
    ],
)
async def test_a_page_that_asks_for_leave_is_refused(
    public: httpx.AsyncClient, asked: dict[str, str], words: str
) -> None:
    answer = await public.options("/v1/export/months.csv", headers=PREFLIGHT | asked)
    assert words in error(answer, 400, "bad_request")["message"]
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"


async def test_a_foreign_page_may_read_in_parts_and_ask_for_news(public: httpx.AsyncClient) -> None:
    asked = PREFLIGHT | {ASKED: "range,if-none-match"}
    assert (await public.options("/v1/export/months.csv", headers=asked)).status_code == 200
    answer = await public.get("/v1/export/months.csv", headers={"origin": "https://a.example"})
    assert {"etag", "content-range"} <= set(
        answer.headers["access-control-expose-headers"].lower().split(", ")
    )


async def test_leave_is_asked_of_a_name_that_is_known(public: httpx.AsyncClient) -> None:
    answer = await public.options("/v1/export", headers=PREFLIGHT | {"host": "evil.example"})
    error(answer, 400, "unknown_host")


async def test_text_that_is_no_error_stays_text(services: Services) -> None:
    async with serving(create_app(services)) as client:
        assert (await client.get("/metrics")).headers["content-type"].startswith("text/plain")
