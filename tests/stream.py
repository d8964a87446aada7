"""The real app on an embedded log, with a stand-in for the model: for tests about records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from indexers.embedded import EmbeddedIndex
from minyi.dead_letter import DeadLetter
from minyi.domain import Comment, Opinion, StanceProbabilities, Tagging
from minyi.policy import Policy
from minyi.ports import Edits, Index
from minyi.query import Rejection
from minyi.registry import load_registry
from minyi.settings import ROOT, Settings, embedded_path
from minyi.vocabulary import Stance
from streams.access import Access, access
from streams.app import Service, build
from streams.embedded import NewRecord
from streams.provision import newest_revision, provision, publish_registry
from streams.replay import chunks
from streams.running import drained, running
from streams.topics import COMMENTS, DEAD_LETTERS


class QuickTagger:
    """Says none of everything; chokes on texts that hold ``poison``."""

    model_id = "quick"

    def __init__(self, poison: str = "毒") -> None:
        self.poison = poison

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        if any(self.poison in text for _, text in pairs):
            raise ValueError("the tagger chokes on this text")
        none = StanceProbabilities(favor=0, against=0, none=1)
        return [Tagging(stance=Stance.NONE, probabilities=none) for _ in pairs]


class RefusingIndex(EmbeddedIndex):
    """Refuses the opinions of comments whose text holds ``refused``, and writes the others."""

    def __init__(self, folder: Path, refused: str) -> None:
        super().__init__(folder)
        self._refused = refused

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        pairs = zip(opinions, edits or [None] * len(opinions), strict=True)
        taken = [(o, edit) for o, edit in pairs if self._refused not in o.text]
        super().upsert([o for o, _ in taken], [edit for _, edit in taken])
        reason = "mapper_parsing_exception: no such field"
        return [Rejection(id=o.id, reason=reason) for o in opinions if self._refused in o.text]


def comments(count: int, text: str = "支持加装电梯") -> list[bytes]:
    """Records of good comments, all of which link."""
    return [
        Comment.from_mapping(
            {
                "id": f"c{number}",
                "source": "test",
                "text": f"{text}，第{number}条",
                "created_at": "2026-03-01T08:00:00+08:00",
            }
        ).to_json()
        for number in range(count)
    ]


async def append(broker: Access, raw: Iterable[bytes]) -> None:
    """Put raw records on the topic."""
    records = (NewRecord(COMMENTS, str(i).encode(), r) for i, r in enumerate(raw))
    for chunk in chunks(records):
        await broker.append(chunk)


@asynccontextmanager
async def started(
    broker: Access, config: Settings, raw: Iterable[bytes], index: Index, tagger: QuickTagger
) -> AsyncIterator[Service]:
    """Put raw records on the topic and run the app."""
    await provision(broker, config.partitions)
    await publish_registry(broker, load_registry(ROOT / "data" / "policies").values())
    await append(broker, raw)
    service = build(config, index, tagger, None, await newest_revision(broker))
    async with running(service):
        yield service


async def run(
    config: Settings,
    raw: Iterable[bytes],
    index: Index | None = None,
    tagger: QuickTagger | None = None,
    drained_with: Callable[[Service], None] = lambda _: None,
) -> tuple[dict[str, int], list[DeadLetter]]:
    """Put raw records on the topic and run the app until it is drained; return its counters, with
    what is ``in index``, and the dead letters. ``drained_with`` sees the app before it stops.

    Raises:
        BrokerUnavailable: when the app stops before.
    """
    opened = EmbeddedIndex(embedded_path(config.index_url))
    try:
        async with access(config) as broker:
            quick = tagger or QuickTagger()
            async with started(broker, config, raw, index or opened, quick) as service:
                await asyncio.wait_for(drained(service, config.broker_url), 240)
                drained_with(service)
            letters = [
                DeadLetter.model_validate_json(record.value)
                async for record in broker.read(DEAD_LETTERS)
                if record.value
            ]
        return service.progress.counts() | {"in index": opened.count()}, letters
    finally:
        opened.close()
