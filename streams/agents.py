"""The three agents: link, tag, index.

Each reads in batches, does its blocking work in a thread, hands on what came of it and only then
acknowledges, so that a record is either still to be read or already written (at least once).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from minyi.domain import Comment, LinkedComment, Opinion
from minyi.errors import InvalidRecord, Retryable
from minyi.linking import Linker
from minyi.pipeline import opinions, protect, reading
from minyi.ports import Encoder, Index, Tagger
from minyi.settings import TaggerSettings
from streams.batching import Event, acknowledge, batches
from streams.dead_letters import DeadLetters
from streams.progress import Progress
from streams.registry import LiveRegistry
from streams.topics import Topics

log = logging.getLogger(__name__)
T = TypeVar("T")

LINK_BATCH, LINK_WAIT_S = 256, 0.05
INDEX_BATCH, INDEX_WAIT_S = 500, 0.1
LONGEST_PAUSE_S = 30.0


@dataclass
class Steps:
    """What the agents work with."""

    topics: Topics
    registry: LiveRegistry
    tagger: Tagger
    encoder: Encoder | None
    index: Index
    dead_letters: DeadLetters
    progress: Progress
    author_key: str
    tagging: TaggerSettings
    _linker: tuple[int, Linker] | None = field(default=None, repr=False)

    async def linker(self) -> Linker:
        """Return the linker of the current registry, built anew when that has changed."""
        policies = await self.registry.ready()
        if self._linker is None or self._linker[0] != id(policies):
            linker = await asyncio.to_thread(Linker, policies.values(), self.encoder)
            self._linker = (id(policies), linker)
        return self._linker[1]

    async def link(self, stream: Any) -> None:
        """comments → links: read, redact, find the policies; what links to none ends here."""
        async for batch in batches(stream, LINK_BATCH, LINK_WAIT_S):
            linker = await self.linker()
            read = await self._read(batch, Comment.from_json, "link")
            comments = [protect(comment, self.author_key) for _, comment in read]
            texts = [(comment.title, comment.text) for comment in comments]
            links = await asyncio.to_thread(linker.link_many, texts)
            linked = [
                LinkedComment(comment=comment, links=found)
                for comment, found in zip(comments, links, strict=True)
                if found
            ]
            await _send(self.topics.links, ((c.comment.id, c.to_json()) for c in linked))
            await acknowledge(stream, batch)
            self.progress.add(comments=len(batch), linked=len(linked))

    async def tag(self, stream: Any) -> None:
        """links → opinions: tag every (policy, comment) pair of the batch together."""
        async for batch in batches(stream, self.tagging.batch, self.tagging.wait_s):
            await self.registry.ready()
            made: list[Opinion] = []
            for part in await self._tag(await self._read(batch, _linked, "tag")):
                made.extend(part)
            await _send(self.topics.opinions, ((o.id, o.to_json()) for o in made))
            await acknowledge(stream, batch)
            self.progress.add(tagged=len(made))

    async def index_opinions(self, stream: Any) -> None:
        """opinions → index; waits while the index is unavailable."""
        async for batch in batches(stream, INDEX_BATCH, INDEX_WAIT_S):
            read = await self._read(batch, Opinion.from_json, "index")
            await patiently(self.index.upsert, [opinion for _, opinion in read])
            await acknowledge(stream, batch)
            self.progress.add(indexed=len(read))

    async def _read(
        self, batch: Sequence[Event], parse: Callable[[bytes], T], stage: str
    ) -> list[tuple[Event, T]]:
        """Parse each record; those that cannot be read become dead letters."""
        read = []
        for event in batch:
            try:
                read.append((event, parse(event.message.value or b"")))
            except InvalidRecord as error:
                await self.dead_letters.send(event, stage, error.reason, error.place)
        return read

    async def _tag(self, read: list[tuple[Event, LinkedComment]]) -> list[list[Opinion]]:
        """Tag a batch; when that fails, each comment alone, so that only the culprits die."""
        try:
            return await asyncio.to_thread(self._opinions, [linked for _, linked in read])
        except Exception as error:
            if len(read) == 1:
                reason = f"{type(error).__name__}: {error}"
                await self.dead_letters.send(read[0][0], "tag", reason)
                return []
            log.warning("a batch of %d failed (%s); trying one by one", len(read), error)
            return [part for one in read for part in await self._tag([one])]

    def _opinions(self, comments: Sequence[LinkedComment]) -> list[list[Opinion]]:
        policies = self.registry.policies()
        known = [
            linked.model_copy(
                update={"links": tuple(k for k in linked.links if k.policy_id in policies)}
            )
            for linked in comments
        ]
        pairs = [(policies[k.policy_id], reading(c.comment)) for c in known for k in c.links]
        taggings = iter(self.tagger.tag(pairs))
        return [
            opinions(c, list(islice(taggings, len(c.links))), policies, self.tagger.model_id)
            for c in known
        ]


def _linked(raw: bytes) -> LinkedComment:
    try:
        return LinkedComment.model_validate_json(raw)
    except ValueError as error:
        raise InvalidRecord(str(error)) from error


async def _send(topic: Any, records: Iterable[tuple[str, bytes]]) -> None:
    """Append records and wait until the broker has acknowledged every one."""
    deliveries = [await topic.send(key=key.encode(), value=value) for key, value in records]
    await asyncio.gather(*deliveries)


async def patiently(call: Callable[..., T], *arguments: Any) -> T:
    """Call in a thread until it no longer raises ``Retryable``, with growing, jittered pauses."""
    pause = 0.2
    while True:
        try:
            return await asyncio.to_thread(call, *arguments)
        except Retryable as error:
            log.warning("will try again in %.1f s: %s", pause, error)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads load
            pause = min(pause * 2, LONGEST_PAUSE_S)
