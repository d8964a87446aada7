"""The copy of the dead letters follows the topic, and Elasticsearch keeps it without originals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexers.elastic import ElasticIndex
from indexers.elastic_letters import ElasticLetters
from indexers.embedded import EmbeddedIndex
from indexers.lifecycle import Names
from minyi.clock import SystemClock
from minyi.dead_letter import DeadLetter, LetterFilters, dead_letter
from minyi.errors import IndexUnavailable
from minyi.ports import DeadLetterMirror
from minyi.registry import load_registry
from minyi.settings import Settings, load_settings
from streams.access import access
from streams.app import build
from streams.embedded import NewRecord
from streams.letters import BrokerLetters
from streams.provision import newest_revision, provision, publish_registry
from streams.running import running
from streams.topics import COMMENTS, DEAD_LETTERS
from tests.stream import QuickTagger


def letter(number: int, reason: str = "no such field") -> DeadLetter:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return dead_letter(b"secret", origin=f"o/{number}", stage="link", reason=reason, at=at)


class Mirror(EmbeddedIndex):
    """An index that keeps letters, too, after it was away once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.held: dict[str, DeadLetter] = {}
        self.away = True
        self.changed: Callable[[], object] = lambda: None

    def mirror(self, letters: Sequence[DeadLetter], dropped: Sequence[str]) -> None:
        if self.away:
            self.away = False
            raise IndexUnavailable("not now")
        self.held |= {a.key.decode(): a for a in letters}
        for key in dropped:
            self.held.pop(key, None)
        self.changed()


def test_only_an_index_that_offers_it_gets_letters(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path)
    assert not isinstance(index, DeadLetterMirror)
    index.close()


def test_the_copy_follows_the_topic(tmp_path: Path) -> None:
    config: Settings = load_settings(data=tmp_path)
    index = Mirror(tmp_path / "index")

    async def follow() -> None:
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        index.changed = lambda: loop.call_soon_threadsafe(news.set)

        async def until(count: int) -> None:
            async with asyncio.timeout(60):
                while len(index.held) != count:
                    await news.wait()
                    news.clear()

        async with access(config) as broker:
            await provision(broker, config.partitions)
            await publish_registry(broker, load_registry(config.registry).values())
            service = build(config, index, QuickTagger(), None, await newest_revision(broker))
            async with running(service):
                await broker.append([NewRecord(DEAD_LETTERS, b"foreign", b"no letter")])
                await broker.append([NewRecord(COMMENTS, b"%d" % n, b"broken") for n in range(9)])
                await until(9)
                box = BrokerLetters(broker, SystemClock())
                heads = await box.matching(LetterFilters())
                assert set(index.held) == {head.key for head in heads}
                await box.drop([head.key for head in heads[:4]])
                await until(5)
            assert service.app.crash_reason is None

    asyncio.run(follow())
    index.close()


@pytest.fixture
def elastic(elasticsearch: str) -> Iterator[Elasticsearch]:
    """A client of a real Elasticsearch."""
    with Elasticsearch(elasticsearch, request_timeout=30) as client:
        yield client


def test_elasticsearch_keeps_them_without_what_is_personal(elastic: Elasticsearch) -> None:
    kept = ElasticLetters(elastic, f"t{time.time_ns()}-")
    another = ElasticLetters(elastic, kept.alias.removesuffix("dead-letters"))
    letters = [letter(n) for n in range(5)]
    personal = letter(9, f"cannot be tagged: 电话13800138000 {'长' * 900}")
    kept.mirror([*letters, personal], ["0" * 32, ""])
    another.mirror(letters[:2], [letters[3].key.decode()])
    kept.mirror([], [])
    elastic.indices.refresh(index=kept.alias)
    hits = elastic.search(index=kept.alias, size=50, query={"match_all": {}})["hits"]["hits"]
    held = {hit["_id"]: hit["_source"] for hit in hits}
    assert set(held) == {a.key.decode() for a in [*letters[:3], letters[4], personal]}
    assert held[letters[0].key.decode()] == {
        "origin": "o/0", "stage": "link", "reason": "no such field", "place": "",
        "at": "2026-03-01T00:00:00Z", "size": 6,
    }  # fmt: skip
    assert "13800138000" not in str(held)
    by_reason = {"terms": {"field": "reason.keyword"}}
    answer = elastic.search(index=kept.alias, size=0, aggs={"reasons": by_reason})
    (bucket,) = answer["aggregations"]["reasons"]["buckets"]
    assert (bucket["key"], bucket["doc_count"]) == ("no such field", 4)
    mapping = elastic.indices.get_mapping(index=kept.alias)[kept.index]["mappings"]
    assert mapping["dynamic"] == "strict"
    elastic.indices.delete(index=kept.index)


def test_the_index_in_elasticsearch_keeps_them(elastic: Elasticsearch) -> None:
    names = Names(f"t{time.time_ns()}")
    index = ElasticIndex(elastic, names)
    assert isinstance(index, DeadLetterMirror)
    index.mirror([letter(1)], [])
    assert elastic.exists(index=f"{names.alias}-dead-letters-v1", id=letter(1).key.decode())
    elastic.indices.delete(index=f"{names.alias}-dead-letters-v1")


def test_an_elasticsearch_that_is_away_is_worth_a_retry() -> None:
    with (
        Elasticsearch("http://127.0.0.1:9", max_retries=0) as client,
        pytest.raises(IndexUnavailable),
    ):
        ElasticLetters(client).mirror([letter(1)], [])
