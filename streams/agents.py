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
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from minyi.clock import already_said
from minyi.domain import EARLIEST, LATEST, Comment, Opinion
from minyi.errors import InvalidRecord, Retryable
from minyi.linking import Linker
from minyi.logs import said
from minyi.pipeline import LinkedComment, opinions, protect, reading
from minyi.policy import Policy
from minyi.ports import Edits, Encoder, Index, Tagger
from minyi.query import Rejection
from minyi.setting_groups import TaggerSettings
from streams.batching import Event, Gate, acknowledge, batches
from streams.dead_letters import Casualty, DeadLetters
from streams.edits import Headers, arrived, carried, headers
from streams.metrics import Metrics
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
    metrics: Metrics
    author_key: str
    tagging: TaggerSettings
    gate: Gate = field(default_factory=Gate)
    _linker: tuple[Mapping[str, Policy], Linker] | None = field(default=None, repr=False)

    async def link(self, stream: Any) -> None:
        """comments → links: read, redact, find the policies; what links to none ends here."""
        async for batch in self._batches(stream, "link", LINK_BATCH, LINK_WAIT_S):
            linker = await self.linker()
            linked, broken = await asyncio.to_thread(self._link, linker, batch)
            await self.dead_letters.send("link", broken)
            await _send(
                self.topics.links,
                ((c.comment.id, c.to_json(), headers(arrived(event))) for event, c in linked),
            )
            await acknowledge(stream, batch)
            self.progress.add(comments=len(batch), linked=len(linked))

    async def tag(self, stream: Any) -> None:
        """links → opinions: tag every (policy, comment) pair of the batch together."""
        async for batch in self._batches(stream, "tag", self.tagging.batch, self.tagging.wait_s):
            policies = await self.registry.ready()
            read, broken = _read(batch, LinkedComment.from_json)
            tagged, failed = await self._tag(read, policies)
            await self.dead_letters.send("tag", [*broken, *failed, *_orphans(read, policies)])
            await _send(
                self.topics.opinions,
                ((o.id, o.to_json(), headers(carried(event))) for event, o in tagged),
            )
            await acknowledge(stream, batch)
            self.progress.add(tagged=len(tagged))

    async def index_opinions(self, stream: Any) -> None:
        """opinions → index; waits while the index is unavailable."""
        async for batch in self._batches(stream, "index", INDEX_BATCH, INDEX_WAIT_S):
            read, broken = _read(batch, Opinion.from_json)
            edits = [carried(event) for event, _ in read]
            left = await self.patiently("index", self._write, [o for _, o in read], edits)
            refused = [rejection for rejection in left if not rejection.superseded]
            await self.dead_letters.send("index", [*broken, *_refused(read, refused)])
            await acknowledge(stream, batch)
            if older := len(left) - len(refused):
                self.metrics.older.inc(older)
                log.info("older edits came late and were left out", extra={"opinions": older})
            self.metrics.indexed(opinion.created_at for _, opinion in read)
            self.progress.add(indexed=len(read) - len(left))

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

    def _write(self, opinions: Sequence[Opinion], edits: Edits) -> list[Rejection]:
        with self.metrics.writing.time():
            return self.index.upsert(opinions, edits)

    def _link(
        self, linker: Linker, batch: Sequence[Event]
    ) -> tuple[list[tuple[Event, LinkedComment]], list[Casualty]]:
        read, broken = _read(batch, Comment.from_json, _already_said)
        comments = [(event, protect(comment, self.author_key)) for event, comment in read]
        links = linker.link_many([(comment.title, comment.text) for _, comment in comments])
        pairs = zip(comments, links, strict=True)
        linked = [(e, LinkedComment(comment=c, links=found)) for (e, c), found in pairs if found]
        return linked, broken

    async def _tag(
        self, read: Sequence[tuple[Event, LinkedComment]], policies: Mapping[str, Policy]
    ) -> tuple[list[tuple[Event, Opinion]], list[Casualty]]:
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
        made: list[tuple[Event, Opinion]] = []
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
    ) -> list[tuple[Event, Opinion]]:
        known = [
            (
                event,
                linked.model_copy(
                    update={"links": tuple(k for k in linked.links if k.policy_id in policies)}
                ),
            )
            for event, linked in read
        ]
        pairs = [(policies[k.policy_id], reading(c.comment)) for _, c in known for k in c.links]
        with self.metrics.tagging.time():
            taggings = iter(self.tagger.tag(pairs))
        self.metrics.pairs.inc(len(pairs))
        return [
            (event, opinion)
            for event, c in known
            for opinion in opinions(
                c, list(islice(taggings, len(c.links))), policies, self.tagger.model_id
            )
        ]


def _read(
    batch: Sequence[Event],
    parse: Callable[[bytes], T],
    check: Callable[[Event, T], object] = lambda event, record: None,
) -> tuple[list[tuple[Event, T]], list[Casualty]]:
    """Parse and check each record; return the good ones and those that are not."""
    read, broken = [], []
    for event in batch:
        try:
            record = parse(event.message.value or b"")
            check(event, record)
            read.append((event, record))
        except InvalidRecord as error:
            broken.append(Casualty(event, error))
    return read, broken


def _already_said(event: Event, comment: Comment) -> None:
    """Check that a comment was not yet to come when its record arrived: by the record's own time,
    which a replay into the embedded log keeps, so that it comes to the same. Where a producer set
    one that no clock shows, nothing is known.

    Raises:
        InvalidRecord: when it was.
    """
    at = event.message.timestamp
    if at is not None and EARLIEST.timestamp() <= at < LATEST.timestamp():
        already_said(comment, datetime.fromtimestamp(at, UTC), "the record arrived on")


def _refused(read: Sequence[tuple[Event, Opinion]], refused: Iterable[Rejection]) -> list[Casualty]:
    """Return the records of the opinions that the index refused."""
    reasons = {rejection.id: InvalidRecord(rejection.reason) for rejection in refused}
    return [Casualty(event, reasons[o.id]) for event, o in read if o.id in reasons]


def _orphans(
    read: Sequence[tuple[Event, LinkedComment]], policies: Mapping[str, Policy]
) -> list[Casualty]:
    """Return the comments with links to policies that the registry no longer holds."""
    orphans = []
    for event, linked in read:
        gone = [link.policy_id for link in linked.links if link.policy_id not in policies]
        if gone:
            reason = f"linked to {', '.join(gone)}, which the registry no longer holds"
            orphans.append(Casualty(event, InvalidRecord(reason)))
    return orphans


async def _send(topic: Any, records: Iterable[tuple[str, bytes, Headers]]) -> None:
    """Append records and wait until the broker has acknowledged every one."""
    if together := [(key.encode(), value, carrying) for key, value, carrying in records]:
        producer = await topic.app.maybe_start_producer()
        await producer.send_many(topic.get_topic_name(), together)
