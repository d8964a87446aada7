"""The open data over HTTP, beside the rest of the API and alone for the public."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from api import publishing
from api.app import OPEN_ASSETS, PAGE, create_app, create_public
from api.publishing import Edition, Press
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.disclosure import K
from minyi.errors import IndexUnavailable, Retryable
from minyi.open_data import formats
from minyi.open_data.release import Publisher, Table
from minyi.policy import Policy
from minyi.query import Cell
from minyi.vocabulary import Stance
from tests.integration.world import EBIKE, ELEVATOR, QUIET, World, error, many, opinion, serving

FILES = [f"{table}.{ending}" for table in Table for ending in ("csv", "json", "parquet")]
TEXTS = ["datasheet.md", "methods.md", "datapackage.json"]
PUBLISHER = Publisher(name="市信访局", licence="https://l.example/by/4.0")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(tmp_path_factory.mktemp("index"))
    opened.upsert(list(many(900)))
    opened.upsert([opinion(5000 + n, Stance.FAVOR, QUIET) for n in range(K - 1)])
    opened.upsert([opinion(6000 + n, Stance.AGAINST, region="小村") for n in range(3)])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def services(index: EmbeddedIndex) -> Services:
    world = World()
    return Services(index=index, registry=world, clock=world, sink=world, publisher=PUBLISHER)


@pytest.fixture(params=[create_app, create_public], ids=["whole", "public"])
def app(request: pytest.FixtureRequest, services: Services) -> FastAPI:
    made: FastAPI = request.param(services)
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as opened:
        yield opened


@pytest.fixture
async def public(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(create_public(services)) as opened:
        yield opened


async def rows(client: httpx.AsyncClient, table: Table, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/export/{table}.json", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


@pytest.mark.parametrize("name", [*FILES, *TEXTS])
async def test_every_file_can_be_had_and_kept(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/v1/export/{name}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert int(answer.headers["content-length"]) == len(answer.content)
    tag = answer.headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await client.get(f"/v1/export/{name}", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other = await client.get(f"/v1/export/{name}", headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    head = await client.head(f"/v1/export/{name}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == answer.headers["content-length"]


async def test_the_formats_hold_the_same(client: httpx.AsyncClient) -> None:
    for table in Table:
        from_json = await rows(client, table)
        from_csv = (await client.get(f"/v1/export/{table}.csv")).content
        parquet = (await client.get(f"/v1/export/{table}.parquet")).content
        assert pq.read_table(io.BytesIO(parquet)).to_pylist() == from_json
        read = list(csv.DictReader(io.StringIO(from_csv.decode("utf-8-sig"))))
        assert [int(row["count"]) for row in read] == [row["count"] for row in from_json]


async def test_one_policy_can_be_taken(client: httpx.AsyncClient) -> None:
    whole = await rows(client, Table.MONTHS)
    assert await rows(client, Table.MONTHS, policy=EBIKE.id) == [
        row for row in whole if row["policy_id"] == EBIKE.id
    ]
    for ending in ("csv", "parquet"):
        part = await client.get(f"/v1/export/groups.{ending}", params={"policy": EBIKE.id})
        assert part.status_code == 200
        assert ELEVATOR.title.encode() not in part.content
        whole_tag = (await client.head(f"/v1/export/groups.{ending}")).headers["etag"]
        assert part.headers["etag"] != whole_tag


async def test_the_mark_for_excel_can_be_left_out(client: httpx.AsyncClient) -> None:
    marked = await client.get("/v1/export/groups.csv")
    plain = await client.get("/v1/export/groups.csv", params={"bom": "false"})
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert plain.headers["etag"] != marked.headers["etag"]
    one = await client.get("/v1/export/groups.csv", params={"bom": "0", "policy": EBIKE.id})
    assert one.content.startswith(b"policy_id,")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/export/none.csv", 404, "not_found"),
        ("/v1/export/catalog.jsonld", 404, "not_found"),
        ("/v1/export/..%2f..%2fpyproject.toml", 404, "not_found"),
        ("/v1/export/.months.csv.partial", 404, "not_found"),
        ("/v1/export/months.csv?policy=nowhere", 404, "not_found"),
        (f"/v1/export/months.csv?policy={QUIET.id}", 404, "not_found"),
        ("/v1/export/methods.md?policy=x", 422, "invalid_query"),
        ("/v1/export/months.csv?bom=perhaps", 422, "invalid_request"),
        (f"/v1/export/months.csv?policy={'x' * 200}", 422, "invalid_request"),
    ],
)
async def test_what_is_not_published_is_told(
    client: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    error(await client.get(path), status, code)


async def test_nothing_narrows_a_table(client: httpx.AsyncClient) -> None:
    """Two answers over nearly the same opinions could be subtracted."""
    whole = await client.get("/v1/export/groups.json")
    for query in ("region=A市", "since=2026-01-20", "stance=favor", "channel=热线", "sure=true"):
        assert (await client.get(f"/v1/export/groups.json?{query}")).content == whole.content


async def test_few_people_are_in_no_table(client: httpx.AsyncClient) -> None:
    assert {row["policy_id"] for row in await rows(client, Table.POLICIES)} == {
        ELEVATOR.id, EBIKE.id,
    }  # fmt: skip
    groups = await rows(client, Table.GROUPS, policy=ELEVATOR.id)
    regions = [row for row in groups if row["facet"] == "region"]
    assert "小村" not in {row["value"] for row in regions}
    rest = [row for row in regions if row["part"] == "rest"]
    # not the three alone: they are hidden together with a group of many
    assert {row["n"] for row in rest} == {row["n"] for row in rest if row["n"] > 100}
    for name in (*FILES, *TEXTS):
        answer = await client.get(f"/v1/export/{name}")
        assert "小村".encode() not in answer.content
        assert QUIET.id.encode() not in answer.content


async def test_the_package_leads_to_the_files(client: httpx.AsyncClient) -> None:
    package = (await client.get("/v1/export")).json()
    assert package == (await client.get("/v1/export/datapackage.json")).json()
    assert package["contributors"] == [{"title": "市信访局", "role": "publisher"}]
    for resource in package["resources"]:
        answer = await client.get(f"/v1/export/{resource['path']}")
        assert len(answer.content) == resource["bytes"]
        assert answer.headers["content-type"].split(";")[0] == resource["mediatype"]


async def test_the_catalog_leads_to_the_files(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/catalog")
    assert answer.headers["content-type"] == "application/ld+json"
    catalog = answer.json()
    assert catalog["@id"] == "http://127.0.0.1:8600/v1/catalog"
    assert catalog["dct:license"] == {"@id": PUBLISHER.licence}
    for dataset in catalog["dcat:dataset"]:
        assert len(dataset["dcat:distribution"]) == 3
        for distribution in dataset["dcat:distribution"]:
            there = await client.get(distribution["dcat:downloadURL"]["@id"])
            assert len(there.content) == int(distribution["dcat:byteSize"]["@value"])
        for link in (dataset["dcat:landingPage"], dataset["dct:conformsTo"], *dataset["foaf:page"]):
            assert (await client.get(link["@id"])).status_code == 200
    tag = {"if-none-match": answer.headers["etag"]}
    assert (await client.get("/v1/catalog", headers=tag)).status_code == 304


async def test_the_catalog_names_the_address_that_is_set(services: Services) -> None:
    there = Services(
        index=services.index,
        registry=services.registry,
        clock=services.clock,
        publisher=Publisher(url="https://open.example.cn/minyi"),
    )
    async with serving(create_public(there)) as client:
        catalog = (await client.get("/v1/catalog")).json()
    assert catalog["@id"] == "https://open.example.cn/minyi/v1/catalog"
    assert "127.0.0.1" not in json.dumps(catalog)


async def test_the_public_is_served_nothing_else(
    public: httpx.AsyncClient, services: Services
) -> None:
    """Every route of the whole service, with every method, but those of the open data."""
    allowed = {"/open", "/v1/export", "/v1/export/{name}", "/v1/catalog", "/health"}
    whole = create_app(services).openapi()["paths"]
    closed = {path: list(methods) for path, methods in whole.items() if path not in allowed}
    assert len(closed) >= 10
    hidden = (
        "/",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/metrics",
        "/ready",
        "/static-offline-docs/",
    )
    closed |= {path: ["get"] for path in hidden}
    for path, methods in closed.items():
        for method in methods:
            answer = await public.request(method, re.sub(r"\{\w+\}", ELEVATOR.id, path))
            assert answer.status_code == 404, (method, path)
    for path in ("/page/main.js", "/page/index.html", "/page/sections/groups.js", "/page/", "/v1"):
        assert (await public.get(path)).status_code == 404
    for path in allowed - {"/v1/export/{name}"}:
        assert (await public.post(path)).status_code == 405
    error(await public.get("/v1/search"), 404, "not_found")


def test_the_public_app_has_these_routes_only(services: Services) -> None:
    routes = set(create_public(services).openapi()["paths"])
    assert routes == {
        "/v1/export", "/v1/export/{name}", "/v1/catalog", "/health", "/open", "/page/{name}",
    }  # fmt: skip


async def test_no_comment_is_in_any_answer_to_the_public(public: httpx.AsyncClient) -> None:
    paths = ["/health", "/open", "/v1/export", "/v1/catalog", *(f"/v1/export/{n}" for n in FILES)]
    for path in [*paths, *(f"/page/{name}" for name in OPEN_ASSETS)]:
        answer = await public.get(path)
        assert answer.status_code == 200, path
        assert "条意见，说说" not in answer.text
    assert set((await public.get("/health")).json()) == {"status", "version"}


async def test_the_page_of_the_public_needs_nothing_more(public: httpx.AsyncClient) -> None:
    answer = await public.get("/open")
    assert "content-security-policy" not in answer.headers  # portals may frame it
    page = answer.text
    assert "自愿发言的人，不代表全体居民" in page
    found, waiting = set(), re.findall(r'"/page/([^"]+)"', page)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        answer = await public.get(f"/page/{name}")
        assert answer.status_code == 200, name
        found.add(name)
        waiting += re.findall(r'from "\./([^"]+)"', answer.text)
    assert found == set(OPEN_ASSETS)
    linked = set(re.findall(r'href="(/[^"#]*)"', page)) - {f"/page/{name}" for name in found}
    for path in linked:
        assert (await public.get(path)).status_code == 200, path
    assert {f"/v1/export/{t}.csv" for t in Table} <= linked


async def test_other_pages_may_read_the_public_and_only_that(services: Services) -> None:
    foreign = {"origin": "https://portal.example"}
    async with serving(create_public(services)) as public:
        answer = await public.get("/v1/export/months.json", headers=foreign)
        assert answer.headers["access-control-allow-origin"] == "*"
    async with serving(create_app(services)) as whole:
        answer = await whole.get("/v1/export/months.json", headers=foreign)
        assert "access-control-allow-origin" not in answer.headers


async def test_the_public_is_known_by_its_names_only(public: httpx.AsyncClient) -> None:
    answer = await public.get("/v1/export", headers={"host": "evil.example"})
    error(answer, 400, "unknown_host")


def test_without_pyarrow_the_other_formats_are_published(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    files = Press(services).edition().files
    assert "months.parquet" not in files
    assert "months.csv" in files


class Moody(EmbeddedIndex):
    """Counts how often it is asked for all there is, and is away when told so."""

    asked = 0
    away = False

    def cells(self, *args: Any, **more: Any) -> list[Cell]:
        if self.away:
            raise IndexUnavailable("not now")
        type(self).asked += 1
        return super().cells(*args, **more)


def test_the_index_is_asked_once_in_a_while_however_many_read(tmp_path: Path) -> None:
    index = Moody(tmp_path)
    index.upsert(list(many(300)))
    world = World()
    wired = Services(index=index, registry=world, clock=world)
    press = Press(wired)
    first = press.edition()
    asked = index.asked
    assert all(press.edition() is first for _ in range(20))
    assert index.asked == asked

    hasty = Press(wired, keep_s=0)
    one = hasty.edition()
    assert renewed(hasty) is one  # the same content is the same edition
    index.upsert(list(many(301)))
    assert hasty.edition() is one  # nobody waits for the next
    two = renewed(hasty)
    assert two.release.id != one.release.id
    assert (one.folder / "months.csv").is_file()  # somebody may be reading it

    index.away = True
    assert renewed(hasty) is two  # better old than nothing
    with pytest.raises(Retryable):
        Press(wired).edition()
    index.close()


def renewed(press: Press) -> Edition:
    """Ask, wait until what was asked for is made, and look at it."""
    press.edition()
    assert press._renewing
    press._renewing.join()
    return press._editions[-1]


class Later(World):
    """A registry that has not been read yet."""

    read = False

    def policies(self) -> dict[str, Policy]:
        return super().policies() if self.read else {}


async def test_before_the_registry_is_read_nothing_is_published(services: Services) -> None:
    world = Later()
    wired = Services(index=services.index, registry=world, clock=world)
    async with serving(create_public(wired)) as client:
        refused = await client.get("/v1/export")
        error(refused, 503, "unavailable")
        assert refused.headers["retry-after"] == "5"
        world.read = True
        assert (await client.get("/v1/export")).status_code == 200


def test_what_cannot_be_written_leaves_nothing_behind(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(publishing, "write", full)
    monkeypatch.setattr(publishing, "mkdtemp", lambda prefix: str(tmp_path.joinpath(prefix)))
    (tmp_path / "minyi-open-").mkdir()
    press = Press(services, pause_s=90)
    with pytest.raises(Retryable, match="log says why") as first:
        press.edition()
    assert not list(tmp_path.iterdir())
    with pytest.raises(Retryable, match="log says why") as again:
        press.edition()
    assert 0 < again.value.after_s < first.value.after_s == 90


def test_whoever_comes_while_the_first_is_made_does_not_wait_for_ever(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "WAIT_S", 0.01)
    press = Press(services)
    with press._lock, pytest.raises(IndexUnavailable, match="being made"):
        press.edition()


def test_the_page_shows_what_the_files_hold() -> None:
    text = (PAGE / "open.js").read_text("utf-8")
    assert set(re.findall(r'get\("([^"]+)"', text)) == {
        "/v1/export", "/v1/export/policies.json", "/v1/export/months.json",
    }  # fmt: skip
