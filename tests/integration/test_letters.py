"""Dead letters looked at, retried and dropped: on the embedded log, through the API, on Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.clock import SystemClock
from minyi.dead_letter import DeadLetter, LetterFilters, dead_letter
from minyi.domain import Comment, Link, LinkBy
from minyi.errors import BrokerUnavailable, InvalidQuery, MinyiError
from minyi.pipeline import LinkedComment
from minyi.ports import LetterBox
from minyi.query import Filters
from minyi.setting_groups import DeadLetterSettings
from minyi.settings import Settings, embedded_path, load_settings
from minyi.vocabulary import Stance
from streams.access import Access, access
from streams.dead_letters import RETRY_OF
from streams.edits import headers
from streams.embedded import NewRecord, Record
from streams.letters import BrokerLetters
from streams.provision import provision
from streams.remote_letters import ApiLetters
from streams.topics import COMMENTS, DEAD_LETTERS, LINKS, OPINIONS
from tests.integration.world import START, World, error, opinion, serving
from tests.stream import RefusingIndex, comments, run

KEY = "k" * 32
TYPED: dict[str, str | bytes] = {"content-type": "application/json"}


class Case:
    """Letters of this test's own, since a Kafka is shared by the tests."""

    def __init__(self, box: LetterBox, broker: Access) -> None:
        self.box = box
        self.broker = broker
        self.name = f"t{time.time_ns()}"
        self.mine = LetterFilters(reason=self.name)

    def letter(self, number: int, original: bytes = b"x", stage: str = "link") -> DeadLetter:
        return dead_letter(
            original,
            origin=f"{self.name}/0/{number}",
            stage=stage,
            reason=f"Reason {self.name} of {number}",
            at=START + timedelta(hours=number),
            record_key=f"{self.name}-key{number}".encode(),
        )

    async def bury(self, *letters: DeadLetter) -> list[str]:
        await self.broker.append([NewRecord(DEAD_LETTERS, a.key, a.to_json()) for a in letters])
        return [a.key.decode() for a in letters]

    async def records(self, topic: str) -> list[Record]:
        """The records that this test's letters became."""
        own = self.name.encode()
        return [r async for r in self.broker.read(topic) if r.key and r.key.startswith(own)]

    async def keys(self, **filters: Any) -> list[str]:
        wanted = self.mine.model_copy(update=filters)
        return [head.key for head in await self.box.matching(wanted)]


@pytest.fixture(params=["embedded", "api", "kafka"])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    on_kafka = request.param == "kafka"
    url = f"kafka://{request.getfixturevalue('kafka_servers')}" if on_kafka else ""
    config = load_settings(data=tmp_path, broker=url)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(access(config))
        await provision(broker, config.partitions)
        box: LetterBox = BrokerLetters(broker, SystemClock())
        if request.param == "api":
            box = ApiLetters(await stack.enter_async_context(owner(tmp_path, box)))
        yield Case(box, broker)


@asynccontextmanager
async def owner(folder: Path, box: LetterBox | None) -> AsyncIterator[httpx.AsyncClient]:
    """A client, with the key, of a service that owns the letters."""
    index, world = EmbeddedIndex(folder / "index"), World()
    wired = Services(index=index, registry=world, clock=world, letters=box, operator_key=KEY)
    async with serving(create_app(wired)) as client:
        client.headers["authorization"] = f"Bearer {KEY}"
        yield client
    index.close()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service that owns an embedded log."""
    async with access(load_settings(data=tmp_path)) as broker:
        await provision(broker, 1)
        async with owner(tmp_path, BrokerLetters(broker, SystemClock())) as opened:
            yield opened


async def test_letters_are_listed_newest_first_by_page_and_by_filter(case: Case) -> None:
    stages = ("link", "tag")
    keys = await case.bury(*(case.letter(n, stage=stages[n % 2]) for n in range(7)))
    assert await case.keys() == keys[::-1]
    assert await case.keys(stage="tag") == keys[5::-2]
    assert await case.keys(since=START + timedelta(hours=5)) == [keys[6], keys[5]]
    assert await case.keys(reason=f"reason {case.name.upper()} OF 3") == [keys[3]]
    pages, cursor = [], None
    while True:
        page = await case.box.page(case.mine, 3, cursor)
        assert page.total == 7
        pages.append([head.key for head in page.items])
        cursor = page.cursor
        if cursor is None:
            break
        if len(pages) == 1:  # what comes meanwhile does not shift the pages behind
            extra = dead_letter(b"", origin=case.name, stage="link", reason="other", at=START)
            await case.bury(extra)
    assert pages == [keys[6:3:-1], keys[3:0:-1], keys[:1]]
    with pytest.raises(InvalidQuery, match="cursor"):
        await case.box.page(case.mine, 3, "x")


async def test_a_letter_is_shown_whole(case: Case) -> None:
    letter = case.letter(1, b"\xff\x00" * 100)
    (key,) = await case.bury(letter)
    assert await case.box.get(key) == letter
    with pytest.raises(InvalidQuery, match="no dead letter"):
        await case.box.get("0" * 32)


async def test_a_letter_that_comes_twice_is_one(case: Case) -> None:
    """A worker that crashed before its commit reads the record again."""
    (key,) = await case.bury(case.letter(1))
    await case.bury(case.letter(2), case.letter(1))
    assert (await case.keys()).count(key) == 1


async def test_originals_go_back_to_where_they_were_read(case: Case) -> None:
    (raw,) = comments(1)
    linked = LinkedComment.model_validate(
        {
            "comment": Comment.from_json(raw),
            "links": [Link(policy_id="elevator-retrofit", by=LinkBy.ALIAS)],
        }
    ).to_json()
    tagged = opinion(1, Stance.FAVOR).to_json()
    letters = [
        case.letter(0, raw, "read"),
        case.letter(1, raw, "link"),
        case.letter(2, linked, "tag"),
        case.letter(3, tagged, "index"),
    ]
    keys = await case.bury(*letters)
    outcome = await case.box.retry(keys)
    assert sorted(outcome.done) == sorted(keys)
    assert outcome.refused == ()
    assert await case.keys() == []
    found = {topic: await case.records(topic) for topic in (COMMENTS, LINKS, OPINIONS)}
    name = case.name.encode()
    assert sorted((r.key, r.value) for r in found[COMMENTS]) == [
        (name + b"-key0", raw), (name + b"-key1", raw)
    ]  # fmt: skip
    assert [(r.key, r.value) for r in found[LINKS]] == [(name + b"-key2", linked)]
    assert [(r.key, r.value) for r in found[OPINIONS]] == [(name + b"-key3", tagged)]
    assert [dict(r.headers)[RETRY_OF] for r in found[LINKS]] == [letters[2].key]


async def test_what_would_die_again_stays_and_says_why(case: Case) -> None:
    (good,) = comments(1)
    cut = good[:-1] + b', "more": "' + b"m" * 70_000 + b'"}'
    letters = [
        case.letter(0, b"a,b,c", "read"),
        case.letter(1, cut),
        case.letter(2, good, "a stage of tomorrow"),
        case.letter(3, good.replace(b"2026-", b"2062-")),
        case.letter(4, good),
    ]
    keys = await case.bury(*letters)
    outcome = await case.box.retry([*keys, "0" * 32])
    assert outcome.done == (keys[4],)
    reasons = {refusal.key: refusal.reason for refusal in outcome.refused}
    assert "would die again: not JSON" in reasons[keys[0]]
    assert "65,536 of its 70," in reasons[keys[1]]
    assert letters[1].origin in reasons[keys[1]]
    assert "stage" in reasons[keys[2]]
    assert "would die again: field created_at: 2062-03-01 08:00 is yet to" in reasons[keys[3]]
    assert "no longer there" in reasons["0" * 32]
    assert await case.keys() == keys[3::-1]


async def test_an_edited_record_takes_the_place_of_one_original(case: Case) -> None:
    keys = await case.bury(case.letter(0, b"a,b,c", "read"), case.letter(1, b"d,e,f", "read"))
    mended = comments(1)[0].replace(b'"c0"', f'"{case.name}-mended"'.encode())
    with pytest.raises(InvalidQuery, match="one dead letter"):
        await case.box.retry(keys, mended)
    refused = (await case.box.retry(keys[:1], b"{}")).refused
    assert "would die again: field id" in refused[0].reason
    assert (await case.box.retry(keys[:1], mended)).done == (keys[0],)
    (record,) = await case.records(COMMENTS)
    assert (record.key, record.value) == (f"{case.name}-mended".encode(), mended)
    assert await case.keys() == [keys[1]]


async def test_letters_are_found_by_the_key_of_their_record(case: Case) -> None:
    keys = await case.bury(*(case.letter(n) for n in range(3)))
    assert await case.keys(record_key=f"{case.name}-key1") == [keys[1]]
    assert await case.keys(record_key="key1") == []


async def test_dropped_letters_are_gone(case: Case) -> None:
    keys = await case.bury(*(case.letter(n) for n in range(3)))
    outcome = await case.box.drop([keys[1], keys[1], "0" * 32])
    assert outcome.done == (keys[1],)
    assert [refusal.key for refusal in outcome.refused] == ["0" * 32]
    assert await case.keys() == [keys[2], keys[0]]


async def test_more_letters_than_go_into_one_append_or_request(case: Case) -> None:
    raw = comments(620)
    keys = await case.bury(*(case.letter(n, raw[n]) for n in range(620)))
    assert await case.keys() == keys[::-1]
    assert sorted((await case.box.retry(keys)).done) == sorted(keys)
    assert {r.value for r in await case.records(COMMENTS)} == set(raw)
    assert await case.keys() == []


def go_on(config: Settings, raw: Sequence[bytes] = (), refused: str | None = None) -> Any:
    """Run the stream until it is drained, over an index that refuses some; return its counters."""
    folder = embedded_path(config.index_url)
    index = EmbeddedIndex(folder) if refused is None else RefusingIndex(folder, refused)
    try:
        return asyncio.run(run(config, raw, index=index))[0]
    finally:
        index.close()


async def held(config: Settings) -> list[DeadLetter]:
    async with access(config) as broker:
        box = BrokerLetters(broker, SystemClock())
        return [await box.get(head.key) for head in await box.matching(LetterFilters())]


async def retried_with_a_crash_in_between(config: Settings, key: str) -> None:
    async with access(config) as broker:
        crashing = BrokerLetters(broker, SystemClock())

        async def crash(_: Any) -> None:
            raise BrokerUnavailable("crash")

        crashing._bury = crash  # type: ignore[method-assign]
        with pytest.raises(BrokerUnavailable):
            await crashing.retry([key])
        assert (await BrokerLetters(broker, SystemClock()).retry([key])).done == (key,)


def test_a_record_that_dies_again_is_one_letter_whatever_happened_between(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    go_on(config, comments(20), refused="第7条")
    (first,) = asyncio.run(held(config))
    asyncio.run(retried_with_a_crash_in_between(config, first.key.decode()))
    assert asyncio.run(held(config)) == []

    counts = go_on(config, refused="第7条")
    assert (counts["in index"], counts["dead"]) == (19, 2)
    (again,) = asyncio.run(held(config))
    assert again.retry_of == first.key.decode()
    assert (again.stage, again.content) == (first.stage, first.content)
    assert again.own_key == first.own_key is not None

    asyncio.run(retried_with_a_crash_in_between(config, again.key.decode()))
    assert go_on(config)["in index"] == 20
    assert asyncio.run(held(config)) == []


def test_an_older_edit_that_died_does_not_come_back_over_a_newer_one(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    texts = [(1, "旧的"), (3, "第三版"), (2, "死过的")]

    async def append() -> None:
        async with access(config) as broker:
            await provision(broker, config.partitions)
            edits = [(n, opinion(1, Stance.FAVOR, text=text)) for n, text in texts]
            await broker.append(
                [NewRecord(OPINIONS, b"k", o.to_json(), headers(n)) for n, o in edits]
            )

    async def retried() -> None:
        async with access(config) as broker:
            box = BrokerLetters(broker, SystemClock())
            await box.retry([head.key for head in await box.matching(LetterFilters())])

    asyncio.run(append())
    go_on(config, refused="死过的")
    asyncio.run(retried())
    go_on(config)
    assert asyncio.run(held(config)) == []
    index = EmbeddedIndex(embedded_path(config.index_url))
    assert [o.text for o in index.search("", Filters()).items] == ["第三版"]
    index.close()


def test_a_flood_stops_the_worker_and_once_mended_everything_arrives(tmp_path: Path) -> None:
    few = DeadLetterSettings(limit=600)
    config = load_settings(data=tmp_path, dead_letters=few)
    with pytest.raises(BrokerUnavailable) as told:
        go_on(config, comments(990), refused="加装")
    for words in ("more than 600 records", "'index'", "minyi dead-letters list", "LIMIT"):
        assert words in str(told.value)
    letters = asyncio.run(held(config))
    assert 0 < len(letters) <= 600

    assert go_on(config)["in index"] >= 990 - len(letters)

    async def bring_back() -> int:
        async with access(config) as broker:
            box = BrokerLetters(broker, SystemClock())
            heads = await box.matching(LetterFilters(stage="index", reason="no such field"))
            return len((await box.retry([head.key for head in heads])).done)

    assert asyncio.run(bring_back()) == len(letters)
    counts = go_on(config)
    assert (counts["in index"], counts["dead"]) == (990, 0)
    assert asyncio.run(held(config)) == []


PATHS = [
    ("GET", "/v1/dead-letters"),
    ("GET", "/v1/dead-letters/abc"),
    ("POST", "/v1/dead-letters/retry"),
    ("DELETE", "/v1/dead-letters?key=abc"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_letters_are_for_who_holds_the_key(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    for wrong in ("", "Bearer", "Bearer ", f"Bearer {KEY}x", f"Basic {KEY}", "Bearer é"):
        headers = TYPED | {"authorization": wrong.encode()}
        answer = await client.request(method, path, content=b'{"keys":[]}', headers=headers)
        assert "personal data" in error(answer, 401, "unauthorized")["message"]


async def test_a_service_that_owns_no_log_shows_no_letters(tmp_path: Path) -> None:
    async with owner(tmp_path, None) as client:
        error(await client.get("/v1/dead-letters"), 405, "method_not_allowed")
        with pytest.raises(MinyiError, match="refused"):
            await ApiLetters(client).page(LetterFilters(), 5)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"keys": 1}', b'{"keys": ["k"], "edited": "no base64!"}', b"[" * 9_999]
)
async def test_a_retry_that_names_no_keys_is_refused(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await client.post("/v1/dead-letters/retry", content=body, headers=TYPED)
    error(answer, 422, "invalid_request")
    error(await client.delete("/v1/dead-letters"), 422, "invalid_request")
