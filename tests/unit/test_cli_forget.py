"""``minyi index forget``: what goes, what stays, and what is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.cli import app  # noqa: F401  # registers the commands
from minyi.clock import SystemClock
from minyi.dead_letter import LetterFilters, dead_letter
from minyi.domain import Comment
from minyi.pytest_plugin import Replayed
from minyi.query import Filters
from minyi.settings import Settings, embedded_path, load_settings
from streams.access import access
from streams.embedded import NewRecord
from streams.letters import BrokerLetters
from streams.replay import record
from streams.topics import COMMENTS, DEAD_LETTERS, POLICIES
from tests.stream import run
from tests.unit.cli_runner import Cli

PHONE = "热线:13812345678"
KEY = "a key of the test's own"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MINYI_AUTHOR_KEY", KEY)
    return load_settings(data=tmp_path)


@pytest.fixture
def cli(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Over comments that were worked off; one of them has a dead letter, too."""
    asyncio.run(_fill(config))
    return Cli(config.data, monkeypatch)


def said(id_: str, text: str = "支持加装电梯") -> NewRecord:
    about = {"id": id_, "source": "test", "created_at": "2026-03-01T08:00:00+08:00", "text": text}
    return NewRecord(COMMENTS, id_.encode(), Comment.from_mapping(about).to_json())


async def _fill(config: Settings) -> None:
    await run(config, [])
    async with access(config) as broker:
        await broker.append([said("c1"), said("c2"), said(PHONE)])
        for name in (b"c1", b"c2"):
            letter = dead_letter(
                b"{}", origin=f"comments/0/{name!r}", stage="link", reason="bad",
                at=datetime(2026, 3, 1, tzinfo=UTC), record_key=name,
            )  # fmt: skip
            await broker.append([NewRecord(DEAD_LETTERS, letter.key, letter.to_json())])
    await run(config, [])


def held(config: Settings) -> set[str]:
    index = EmbeddedIndex(embedded_path(config.index_url))
    found = index.search("", Filters()).items
    index.close()
    return {opinion.comment_id for opinion in found}


def letters(config: Settings) -> int:
    async def count() -> int:
        async with access(config) as broker:
            return len(await BrokerLetters(broker, SystemClock()).matching(LetterFilters()))

    return asyncio.run(count())


def test_opinions_and_letters_go_and_the_rest_is_told(config: Settings, cli: Cli) -> None:
    assert letters(config) == 2
    told = cli("index", "forget", "c1", "unknown")
    assert "c1: 1 opinions, 1 dead letters deleted" in told
    assert "unknown: 0 opinions, 0 dead letters" in told
    assert "recordings" in told
    assert "c1" not in held(config)
    assert len(held(config)) == 2
    assert letters(config) == 1


def test_an_id_that_holds_personal_data_is_known_by_either_form(config: Settings, cli: Cli) -> None:
    (kept,) = {id_ for id_ in held(config) if id_.startswith("hashed-")}
    assert ": 1 opinions" in cli("index", "forget", PHONE)
    assert held(config) == {"c1", "c2"}
    assert ": 0 opinions" in cli("index", "forget", kept)


def test_neither_what_is_under_way_nor_a_replay_brings_it_back(
    config: Settings, cli: Cli, tmp_path: Path, replay_recording: object
) -> None:
    async def again() -> None:
        async with access(config) as broker:
            await broker.append([said("c2", "加装电梯，后来说的")])

    asyncio.run(again())  # nobody has worked it off yet
    cli("index", "forget", "c2")
    asyncio.run(run(config, []))
    assert "c2" not in held(config)

    async def recorded(path: Path) -> Path:
        async with access(config) as broker:
            await broker.append([said("c1", "加装电梯又好了"), NewRecord(COMMENTS, b"c1", None)])
            await broker.append([said("c1", "我又来说加装电梯")])
            await record(broker, [POLICIES, COMMENTS], path)
        return path

    index = EmbeddedIndex(embedded_path(config.index_url))
    live = index.count()
    index.close()
    path = asyncio.run(recorded(tmp_path / "r.jsonl"))
    for text, there in [("后来说的", False), ("又好了", False), ("我又来说", True)]:
        assert (text in path.read_text()) == there  # a new recording holds what came afterwards
    replayed: Replayed = replay_recording(path)  # type: ignore[operator]
    assert replayed.digest[0] == live == 2


@pytest.mark.parametrize("id_", ["", " ", "a" * 201, "a\nb"])
def test_what_is_no_id_is_refused(cli: Cli, id_: str) -> None:
    assert "is no id of a comment" in cli.told("index", "forget", id_)
