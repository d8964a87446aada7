"""The three agents: link, tag, index.

Each reads in batches, does its blocking work in a thread, hands on what came of it and only then
acknowledges, so that a record is either still to be read or already written (at least once).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from minyi.domain import Comment, Opinion
from minyi.errors import InvalidRecord, Retryable
from minyi.linking import Linker
from minyi.logs import said
from minyi.pipeline import LinkedComment, opinions, protect, protected_ids, reading
from minyi.policy import Policy
from minyi.ports import About, Edits, Encoder, Index, Tagger
from minyi.query import Rejection
from minyi.setting_groups import TaggerSettings
from streams.about import about, records
from streams.batching import Event, Gate, acknowledge, batches
from streams.dead_letters import Casualty, DeadLetters
from streams.edits import Headers, arrived, carried, headers
from streams.metrics import Metrics
from streams.progress import Progress
from streams.reading import (
    known_links,
    orphans,
    read_batch,
    refused_by_index,
    said_before_it_came,
)
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
    metrics: Metrics
    author_key: str
    tagging: TaggerSettings
    gate: Gate = field(default_factory=Gate)
    _linker: tuple[Mapping[str, Policy], Linker] | None = field(default=None, repr=False)
    _anew: bool = field(default=False, repr=False)

    async def link(self, stream: Any) -> None:
        """comments → links: read, redact, find the policies.

        Of a comment that links to none, or has been withdrawn, only the id goes on, without a
        value: it may have had opinions before.
        """
        async for batch in self._batches(stream, "link", LINK_BATCH, LINK_WAIT_S):
            linker = await self.linker()
            linked, broken = await asyncio.to_thread(self._link, linker, batch)
            await self.dead_letters.send("link", broken)
            await _send(
                self.topics.links,
                (
                    (id_, comment.to_json() if comment else None, headers(arrived(event)))
                    for event, id_, comment in linked
                ),
            )
            await acknowledge(stream, batch)
            found = sum(comment is not None for *_, comment in linked)
            self.progress.add(comments=len(batch), linked=found)

    async def tag(self, stream: Any) -> None:
        """links → opinions: tag every (policy, comment) pair of the batch together."""
        async for batch in self._batches(stream, "tag", self.tagging.batch, self.tagging.wait_s):
            policies = await self.registry.ready()
            read, broken = read_batch(batch, LinkedComment.from_json)
            known = [(event, known_links(comment, policies)) for event, comment in read]
            taggable = [(event, comment) for event, comment in known if comment]
            tagged, failed = await self._tag(taggable, policies) if taggable else ([], [])
            await self.dead_letters.send("tag", [*broken, *failed, *orphans(read, policies)])
            made = {event: () for event, comment in known if not comment} | dict(tagged)
            await _send(
                self.topics.opinions,
                (
                    record
                    for event, _ in read
                    if event in made
                    for record in records(event, event.message.key.decode(), made[event])
                ),
            )
            await acknowledge(stream, batch)
            self.progress.add(tagged=sum(len(opinions) for _, opinions in tagged))

    async def index_opinions(self, stream: Any) -> None:
        """opinions → index; waits while the index is unavailable."""
        async for batch in self._batches(stream, "index", INDEX_BATCH, INDEX_WAIT_S):
            told, broken = read_batch(batch, Opinion.from_json)
            read = [(event, opinion) for event, opinion in told if opinion]
            edits = [carried(event) for event, _ in read]
            abouts = [said for each in told if (said := about(*each))]
            left = await self.patiently("index", self._write, [o for _, o in read], edits, abouts)
            refused = [rejection for rejection in left if not rejection.superseded]
            await self.dead_letters.send("index", [*broken, *refused_by_index(read, refused)])
            await acknowledge(stream, batch)
            if older := len(left) - len(refused):
                self.metrics.older.inc(older)
                log.info("older edits came late and were left out", extra={"opinions": older})
            self.metrics.indexed(opinion.created_at for _, opinion in read)
            self.progress.add(indexed=len(read) - len(left))

    def taken_over(self) -> None:
        """Say that partitions were assigned: what others have written of them must be found."""
        self._anew = True

    async def linker(self) -> Linker:
        """Return the linker of the current registry, built anew when that has changed."""
        policies = await self.registry.ready()
        if self._linker is None or self._linker[0] is not policies:
            linker = await asyncio.to_thread(Linker, policies.values(), self.encoder)
            self._linker = (policies, linker)
        return self._linker[1]

    async def _batches(
        self, stream: Any, agent: str, size: int, within: float
    ) -> AsyncIterator[list[Event]]:
        async for batch in batches(stream, size, within, self.gate):
            self.metrics.batch.labels(agent).observe(len(batch))
            yield batch

    async def patiently(self, agent: str, call: Callable[..., T], *arguments: Any) -> T:
        """Call in a thread until it no longer raises ``Retryable``, with growing pauses."""
        pause = 0.2
        while True:
            try:
                return await asyncio.to_thread(call, *arguments)
            except Retryable as error:
                self.metrics.retries.labels(agent).inc()
                log.warning(
                    "will try again",
                    extra={"agent": agent, "pause_s": round(pause, 1), "reason": said(error)},
                )
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads load
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def _write(
        self, opinions: Sequence[Opinion], edits: Edits, abouts: Sequence[About]
    ) -> list[Rejection]:
        """Write opinions, then drop what their comments' edits have left behind."""
        with self.metrics.writing.time():
            if self._anew:
                self.index.refresh()
                self._anew = False
            left = self.index.upsert(opinions, edits)
            gone = self.index.retract(abouts)
        if gone:
            self.metrics.retracted.inc(gone)
            log.info("opinions of earlier texts were dropped", extra={"opinions": gone})
        return left

    def _link(
        self, linker: Linker, batch: Sequence[Event]
    ) -> tuple[list[tuple[Event, str, LinkedComment | None]], list[Casualty]]:
        read, broken = read_batch(batch, Comment.from_json, said_before_it_came)
        comments = [
            (event, comment and protect(comment, self.author_key)) for event, comment in read
        ]
        texts = [(comment.title, comment.text) for _, comment in comments if comment]
        links = iter(linker.link_many(texts))
        linked: list[tuple[Event, str, LinkedComment | None]] = []
        for event, comment in comments:
            if comment is None:
                ids = protected_ids(event.message.key.decode(), self.author_key)
                linked += [(event, id_, None) for id_ in ids]
            else:
                found = next(links)
                whole = LinkedComment(comment=comment, links=found) if found else None
                linked.append((event, comment.id, whole))
        return linked, broken

    async def _tag(
        self, read: Sequence[tuple[Event, LinkedComment]], policies: Mapping[str, Policy]
    ) -> tuple[list[tuple[Event, list[Opinion]]], list[Casualty]]:
        """Tag a batch; when that fails, each comment alone, so that only the culprits die.

        Raises:
            Exception: the tagger's own, when it fails on every comment and on a harmless text, too:
                then the tagger is broken, not the comments.
        """
        try:
            return await self.patiently("tag", self._opinions, read, policies), []
        except Exception as error:
            log.warning(
                "tagging a batch failed; trying its comments one by one",
                extra={"comments": len(read), "reason": said(error)},
            )
            failure = error
        made: list[tuple[Event, list[Opinion]]] = []
        failed: list[Casualty] = []
        for event, linked in read:
            try:
                made += await self.patiently("tag", self._opinions, [(event, linked)], policies)
            except Exception as error:
                log.warning(
                    "a comment cannot be tagged",
                    extra={"comment": linked.comment.id, "reason": said(error)},
                )
                reason = InvalidRecord(f"cannot be tagged: {error!r}")
                failed.append(Casualty(event, reason))
        if len(failed) == len(read) and not await self._tags_at_all(policies):
            raise failure
        return made, failed

    async def _tags_at_all(self, policies: Mapping[str, Policy]) -> bool:
        """Whether the tagger can tag what is said of a policy in the registry; each time another
        text, so that it does not answer from memory."""
        policy = next(iter(policies.values()))
        harmless = f"{policy.description} {time.monotonic_ns()}"
        try:
            await self.patiently("tag", self.tagger.tag, [(policy, harmless)])
        except Exception as error:
            log.warning("the tagger fails on any text", extra={"reason": said(error)})
            return False
        return True

    def _opinions(
        self, read: Sequence[tuple[Event, LinkedComment]], policies: Mapping[str, Policy]
    ) -> list[tuple[Event, list[Opinion]]]:
        pairs = [(policies[k.policy_id], reading(c.comment)) for _, c in read for k in c.links]
        with self.metrics.tagging.time():
            taggings = iter(self.tagger.tag(pairs))
        self.metrics.pairs.inc(len(pairs))
        model = self.tagger.model_id
        return [
            (event, opinions(c, list(islice(taggings, len(c.links))), policies, model))
            for event, c in read
        ]


async def _send(topic: Any, records: Iterable[tuple[str, bytes | None, Headers]]) -> None:
    """Append records and wait until the broker has acknowledged every one."""
    if together := [(key.encode(), value, carrying) for key, value, carrying in records]:
        producer = await topic.app.maybe_start_producer()
        await producer.send_many(topic.get_topic_name(), together)
