"""Look through the dead letters, retry them, drop them: over any access to the broker.

The topic is compacted: the last value of a key is the letter, and a tombstone drops it. Every call
reads the topic through, holding no more of it than the letters' heads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from minyi.clock import already_said
from minyi.dead_letter import (
    KEPT_BYTES,
    DeadLetter,
    LetterFilters,
    LetterHead,
    LetterPage,
    Outcome,
    Refusal,
)
from minyi.domain import Comment, Opinion
from minyi.errors import InvalidQuery, InvalidRecord
from minyi.pipeline import LinkedComment
from minyi.ports import Clock
from streams.access import Access
from streams.dead_letters import RETRY_OF
from streams.edits import headers
from streams.embedded import NewRecord
from streams.topics import COMMENTS, DEAD_LETTERS, LINKS, OPINIONS

log = logging.getLogger(__name__)

READ_BY = {"read": COMMENTS, "link": COMMENTS, "tag": LINKS, "index": OPINIONS}
"""Stage → the topic that it reads; what a file or a request held is read as a comment."""
BATCH = 100
"""Letters that are retried in one append: a crash in between retries at most these twice."""


class _Place(NamedTuple):
    """Where the last value of a key lies."""

    offset: int
    head: LetterHead
    record_key: bytes | None


class BrokerLetters:
    """The dead letters behind an access to the broker; see :class:`minyi.ports.LetterBox`."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self._turn = asyncio.Lock()  # one pass at a time, and no letter retried by two

    async def page(
        self, filters: LetterFilters, limit: int, cursor: str | None = None
    ) -> LetterPage:
        before = _offset(cursor)
        async with self._turn:
            held = await self._held()
        found = [p for p in reversed(held.values()) if filters.match(p.head, p.record_key)]
        rest = [p for p in found if before is None or p.offset < before]
        more = str(rest[limit - 1].offset) if len(rest) > limit else None
        return LetterPage(items=tuple(p.head for p in rest[:limit]), cursor=more, total=len(found))

    async def matching(self, filters: LetterFilters) -> list[LetterHead]:
        async with self._turn:
            held = await self._held()
        return [p.head for p in reversed(held.values()) if filters.match(p.head, p.record_key)]

    async def get(self, key: str) -> DeadLetter:
        found: DeadLetter | None = None
        async for _, own, letter in self._records():
            if own == key:
                found = letter
        if found is None:
            raise InvalidQuery(f"no dead letter {key!r}; minyi dead-letters list shows them")
        return found

    async def retry(self, keys: Sequence[str], edited: bytes | None = None) -> Outcome:
        if edited is not None and len(keys) != 1:
            raise InvalidQuery("an edited record replaces the original of one dead letter")
        async with self._turn:
            held = await self._held()
            wanted = {key: held[key].offset for key in keys if key in held}
            refused = {key: "it is no longer there" for key in keys if key not in held}
            done: list[str] = []
            batch: dict[str, NewRecord] = {}
            async for offset, key, letter in self._records():
                if letter is None or wanted.get(key) != offset:
                    continue
                del wanted[key]
                try:
                    batch[key] = _revived(letter, edited, self._clock.now())
                except InvalidRecord as error:
                    refused[key] = str(error)
                if len(batch) == BATCH:
                    done += await self._revive(batch)
                    batch = {}
            done += await self._revive(batch)
        refused |= dict.fromkeys(wanted, "it has died again meanwhile; try once more")
        return _outcome(done, refused)

    async def drop(self, keys: Sequence[str]) -> Outcome:
        async with self._turn:
            held = await self._held()
            done = [key for key in dict.fromkeys(keys) if key in held]
            await self._bury(done)
        refused = {key: "it is no longer there" for key in keys if key not in held}
        return _outcome(done, refused)

    async def _revive(self, batch: Mapping[str, NewRecord]) -> list[str]:
        """Append the records, and only then drop their letters."""
        await self._access.append(list(batch.values()))
        await self._bury(batch)
        return list(batch)

    async def _bury(self, keys: Collection[str]) -> None:
        await self._access.append([NewRecord(DEAD_LETTERS, key.encode(), None) for key in keys])

    async def _held(self) -> dict[str, _Place]:
        """Return the letters by key, the newest last."""
        held: dict[str, _Place] = {}
        async for offset, key, letter in self._records():
            held.pop(key, None)
            if letter is not None:
                head = letter.head.model_copy(update={"key": key})
                held[key] = _Place(offset, head, letter.own_key)
        return held

    async def _records(self) -> AsyncIterator[tuple[int, str, DeadLetter | None]]:
        """Yield offset, key and letter of each record; None where the letter was dropped."""
        async for record in self._access.read(DEAD_LETTERS):
            key = (record.key or b"").decode(errors="replace")
            if not record.value:
                yield record.offset, key, None
                continue
            try:
                letter = DeadLetter.from_json(record.value)
            except InvalidRecord:
                log.warning("a record is no dead letter", extra={"offset": record.offset})
                continue
            yield record.offset, key, letter


def _revived(letter: DeadLetter, edited: bytes | None, now: datetime) -> NewRecord:
    """Return the record that a letter becomes again, now.

    Raises:
        InvalidRecord: when it cannot be one, or would only die again.
    """
    topic = READ_BY.get(letter.stage)
    if topic is None:
        raise InvalidRecord(f"this version has no stage {letter.stage!r}")
    if edited is None and letter.cut:
        raise InvalidRecord(
            f"only the first {KEPT_BYTES:,} of its {letter.size:,} bytes were kept; the whole "
            f"record is at {letter.origin}"
        )
    value = letter.content if edited is None else edited
    try:
        own_key = _id(topic, value, now)
    except InvalidRecord as error:
        raise InvalidRecord(
            f"it would die again: {error}. Mend it, and retry it with --edit FILE"
        ) from error
    return NewRecord(
        topic,
        own_key if edited is not None or letter.own_key is None else letter.own_key,
        value,
        headers=((RETRY_OF, letter.key), *headers(letter.edit_number)),
    )


def _id(topic: str, value: bytes, now: datetime) -> bytes:
    """Return the key that a record of a topic has by default: what it is about.

    Raises:
        InvalidRecord: when the topic's agent would not take it.
    """
    if topic == COMMENTS:
        return already_said(Comment.from_json(value), now).id.encode()
    if topic == OPINIONS:
        return Opinion.from_json(value).comment_id.encode()
    return LinkedComment.from_json(value).comment.id.encode()


def _offset(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise InvalidQuery(f"{cursor[:50]!r} is no cursor of this list")
    return int(cursor)


def _outcome(done: Sequence[str], refused: Mapping[str, str]) -> Outcome:
    refusals = tuple(Refusal(key=key, reason=reason) for key, reason in refused.items())
    return Outcome(done=tuple(done), refused=refusals)
