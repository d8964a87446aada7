"""What should be there: the same records through the same agents, in one process, in peace."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.ports import Index
from minyi.query import Filters
from minyi.registry import load_registry
from minyi.setting_groups import DeadLetterSettings
from minyi.settings import Settings, embedded_path
from streams.access import access, chunks
from streams.app import build
from streams.embedded import NewRecord
from streams.provision import newest_revision, provision, publish_registry
from streams.running import drained, running
from streams.topics import COMMENTS, OPINIONS
from tests.chaos.records import Mix, Raw, records
from tests.chaos.worker import QuickTagger

WITHIN_S = 900.0
PAGE = 1_000
AUTHOR_KEY = "a key of the chaos' own"


@dataclass(frozen=True)
class Expected:
    """The index and the topics after an undisturbed run."""

    digest: tuple[int, str]
    opinions: Mapping[str, bytes]
    """By id, without their authors."""
    made: int
    """Records on the topic ``opinions``."""


@lru_cache(maxsize=4)
def undisturbed(mix: Mix) -> Expected:
    """Run the records of a mix through an embedded log and index."""
    with tempfile.TemporaryDirectory(prefix="minyi-undisturbed-") as folder:
        return asyncio.run(_run(records(mix), Path(folder)))


async def _run(sent: Sequence[Raw], folder: Path) -> Expected:
    config = Settings(
        data=folder,
        broker="",
        index="",
        author_key=AUTHOR_KEY,
        semantic=False,
        dead_letters=DeadLetterSettings(limit=len(sent)),
    )
    index = EmbeddedIndex(embedded_path(config.index_url))
    try:
        async with access(config) as broker:
            await provision(broker, config.partitions)
            await publish_registry(broker, load_registry(config.registry).values())
            for chunk in chunks(NewRecord(COMMENTS, raw.key, raw.value) for raw in sent):
                await broker.append(chunk)
            revision = await newest_revision(broker)
            service = build(config, index, QuickTagger(), None, revision)
            async with running(service):
                await asyncio.wait_for(drained(service, config.broker_url), WITHIN_S)
            made = len([record async for record in broker.read(OPINIONS)])
        held = {opinion.id: stripped(opinion) for opinion in everything(index)}
        return Expected(index.digest(), held, made)
    finally:
        index.close()


def everything(index: Index) -> Iterator[Opinion]:
    """Yield all opinions of an index."""
    cursor = None
    while True:
        page = index.search("", Filters(), PAGE, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def stripped(opinion: Opinion) -> bytes:
    """Return an opinion as bytes, without the author's hash, as the digest sees it."""
    return opinion.model_copy(update={"author": None}).to_json()
