"""10,000 hostile records: each ends in the index or in the dead letters, none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from indexers.embedded import EmbeddedIndex
from minyi.dead_letter import DeadLetter
from minyi.domain import Comment, Policy, Stance, StanceProbabilities, Tagging
from minyi.errors import InvalidRecord
from minyi.registry import load_registry
from minyi.settings import ROOT, Settings, embedded_path, load_settings
from streams.access import access
from streams.app import build
from streams.embedded import NewRecord
from streams.provision import provision, publish_registry
from streams.replay import chunks
from streams.running import drained, running
from streams.topics import COMMENTS, DEAD_LETTERS
from tests.hostile import hostile_records

COUNT = 10_000


class QuickTagger:
    """Stands in for the model: this test is about records, not about stance."""

    model_id = "quick"

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        if any("毒" in text for _, text in pairs):
            raise ValueError("the tagger chokes on this text")
        none = StanceProbabilities(favor=0, against=0, none=1)
        return [Tagging(stance=Stance.NONE, probabilities=none) for _ in pairs]


async def run(config: Settings, raw: Iterable[bytes]) -> tuple[dict[str, int], list[DeadLetter]]:
    """Put raw records on the topic, run the app until it is drained."""
    index = EmbeddedIndex(embedded_path(config.index_url))
    async with access(config) as broker:
        await provision(broker, config.partitions)
        await publish_registry(broker, load_registry(ROOT / "data" / "policies").values())
        for chunk in chunks(NewRecord(COMMENTS, str(i).encode(), r) for i, r in enumerate(raw)):
            await broker.append(chunk)
        service = build(config, index, QuickTagger(), None)
        async with running(service):
            await drained(service, config.broker_url)
        counts = service.progress.counts()
        letters = [
            DeadLetter.model_validate_json(record.value or b"")
            async for record in broker.read(DEAD_LETTERS)
        ]
    counts["in index"] = index.count()
    index.close()
    return counts, letters


def readable(raw: bytes) -> bool:
    try:
        Comment.from_json(raw)
    except InvalidRecord:
        return False
    return True


def test_every_hostile_record_ends_in_the_index_or_in_the_dead_letters(tmp_path: Path) -> None:
    raw = list(hostile_records(COUNT))
    broken = [record for record in raw if not readable(record)]
    assert 1_000 < len(broken) < COUNT
    counts, letters = asyncio.run(run(load_settings(data=tmp_path), raw))
    assert counts["comments"] == COUNT
    assert len(letters) == counts["dead"] == len(broken)
    assert all(letter.reason and letter.stage == "link" for letter in letters)
    assert {(letter.size, letter.content) for letter in letters} == {
        (len(record), record[:65_536]) for record in broken
    }
    assert counts["linked"] > 0
    assert 0 < counts["in index"] <= counts["indexed"]


def test_one_comment_that_the_tagger_chokes_on_dies_alone(tmp_path: Path) -> None:
    comments = [
        Comment(
            id=f"c{number}",
            source="test",
            text="加装电梯有毒" if number == 7 else f"支持加装电梯{number}",
            created_at="2026-03-01T08:00:00+08:00",
        ).to_json()
        for number in range(40)
    ]
    counts, letters = asyncio.run(run(load_settings(data=tmp_path), comments))
    (letter,) = letters
    assert "chokes" in letter.reason
    assert letter.stage == "tag"
    assert counts["in index"] == 39
