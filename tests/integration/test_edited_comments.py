"""A comment that comes again with another text leaves no opinion of its earlier one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.domain import Comment
from minyi.policy import Policy
from minyi.query import Filters
from minyi.registry import load_registry
from minyi.settings import ROOT, Settings, embedded_path, load_settings
from streams import agents
from streams.access import Access, access
from streams.app import build
from streams.embedded import NewRecord
from streams.provision import newest_revision, provision, publish_registry
from streams.replay import read_recording, record
from streams.running import drained, running
from streams.topics import COMMENTS, DEAD_LETTERS
from tests.stream import QuickTagger

KEY = "a key of the test's own"
LIFTS, TICKETS, BOTH = "支持加装电梯", "景区门票太贵", "加装电梯和景区门票都好"
NOTHING = "今天天气很好"
POLICIES = {LIFTS: {"lifts"}, TICKETS: {"tickets"}, BOTH: {"lifts", "tickets"}, NOTHING: set()}


def policies(*ids: str) -> list[Policy]:
    known = next(iter(load_registry(ROOT / "data" / "policies").values()))
    words = {"lifts": "加装电梯", "tickets": "景区门票"}
    return [
        known.model_copy(
            update={"id": id_, "title": words[id_], "aliases": (words[id_],), "keywords": ()}
        )
        for id_ in ids
    ]


def said(text: str | None, id_: str = "c1") -> NewRecord:
    """A comment as its sender puts it on the topic; None withdraws it."""
    if text is None:
        return NewRecord(COMMENTS, id_.encode(), None)
    about = {"id": id_, "source": "test", "created_at": "2026-03-01T08:00:00+08:00"}
    return NewRecord(COMMENTS, id_.encode(), Comment.from_mapping(about | {"text": text}).to_json())


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "app", author_key=KEY)


async def _work(config: Settings, records: Iterable[NewRecord], known: Iterable[Policy]) -> None:
    async with access(config) as broker:
        await provision(broker, config.partitions)
        await publish_registry(broker, [*known])
        await broker.append([*records])
        index = EmbeddedIndex(embedded_path(config.index_url))
        service = build(config, index, QuickTagger(), None, await newest_revision(broker))
        async with running(service):
            await asyncio.wait_for(drained(service, config.broker_url), 120)
        index.close()


def work(
    config: Settings, *records: NewRecord, known: Iterable[Policy] = policies("lifts", "tickets")
) -> dict[str, set[str]]:
    """Work off records; return the policies of each comment in the index."""
    asyncio.run(_work(config, records, known))
    index = EmbeddedIndex(embedded_path(config.index_url))
    held: dict[str, set[str]] = {}
    for opinion in index.search("", Filters(), limit=1000).items:
        held.setdefault(opinion.comment_id, set()).add(opinion.policy_id)
    index.close()
    return held


def letters(config: Settings) -> list[bytes]:
    async def read(broker: Access) -> list[bytes]:
        return [r.value async for r in broker.read(DEAD_LETTERS) if r.value]

    async def run() -> list[bytes]:
        async with access(config) as broker:
            return await read(broker)

    return asyncio.run(run())


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("edited", [LIFTS, TICKETS, BOTH, NOTHING, None])
@pytest.mark.parametrize("first", [LIFTS, BOTH])
def test_only_the_last_text_has_opinions(
    config: Settings, first: str, edited: str | None, together: bool
) -> None:
    other = said(BOTH, "another")
    edits = [said(first), said(edited)]
    if not together:
        assert work(config, other, edits.pop(0)) == {
            "another": POLICIES[BOTH],
            "c1": POLICIES[first],
        }
    left = POLICIES[edited or NOTHING]
    assert work(config, *edits, *([other] if together else [])) == (
        {"another": POLICIES[BOTH]} | ({"c1": left} if left else {})
    )
    assert letters(config) == []


def test_a_new_registry_leaves_no_opinion_on_what_it_no_longer_links(config: Settings) -> None:
    comments = [said(BOTH), said(LIFTS, "c2")]
    work(config, *comments)
    assert work(config, *comments, known=policies("tickets")) == {"c1": {"tickets"}}


def test_what_withdraws_no_comment_is_a_dead_letter(config: Settings) -> None:
    nothing = [NewRecord(COMMENTS, key, None) for key in (None, b"", b"\xff")]
    assert work(config, said(LIFTS), *nothing) == {"c1": {"lifts"}}
    assert len(letters(config)) == 3


def test_an_id_that_holds_personal_data_is_withdrawn_too(config: Settings) -> None:
    phone = "热线:13812345678"
    assert len(work(config, said(LIFTS, phone))) == 1
    assert work(config, said(None, phone)) == {}


@pytest.mark.parametrize(("batch", "partitions"), [(1, 1), (3, 5), (500, 2)])
def test_a_replay_gives_the_same_whatever_the_batching(
    config: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    partitions: int,
) -> None:
    chance = random.Random(batch)
    texts = [*POLICIES, None]
    records = [said(chance.choice(texts), f"c{chance.randrange(12)}") for _ in range(150)]
    last = {r.key.decode(): r.value for r in records if r.key}
    expected = {
        id_: held
        for id_, value in last.items()
        if value and (held := POLICIES[Comment.from_json(value).text])
    }
    for name in ("LINK_BATCH", "INDEX_BATCH"):
        monkeypatch.setattr(agents, name, batch)
    config = config.model_copy(update={"partitions": partitions})
    work(config, *records[:70])
    assert work(config, *records[70:]) == expected

    path = tmp_path / "all.jsonl"

    async def recorded() -> None:
        async with access(config) as broker:
            await record(broker, [COMMENTS], path)

    asyncio.run(recorded())
    monkeypatch.undo()
    replayed = load_settings(data=tmp_path / "again", author_key=KEY, partitions=4)
    entries = [entry._replace(partition=None) for entry in read_recording(path)[1]]
    assert work(replayed, *entries) == expected
    assert digest(replayed) == digest(config)


def digest(config: Settings) -> tuple[int, str]:
    index = EmbeddedIndex(embedded_path(config.index_url))
    found = index.digest()
    index.close()
    return found
