"""Ways into the topics: through the broker, or through the API of a service that owns it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import httpx
from pydantic import BaseModel

from minyi.batched import batched
from minyi.dead_letter import DeadLetter
from minyi.domain import Comment
from minyi.errors import InvalidRecord
from streams.access import Access
from streams.embedded import NewRecord
from streams.remote import ask
from streams.topics import ALERTS, COMMENTS, DEAD_LETTERS

REQUEST_COMMENTS = 500
REQUEST_IDS = 100
"""Ids of 200 characters at most, in an address."""
REQUEST_BYTES = 4_000_000
"""Half of what the API takes; a record alone is far smaller."""


class BrokerSink:
    """Appends through an access to the broker.

    Args:
        access: to the broker.
        played: comments arrive when they were made, and not now: a stream that is played back is
            whole whatever the machine's clock shows.
    """

    def __init__(self, access: Access, played: bool = False) -> None:
        self._access = access
        self._played = played

    async def publish(self, comments: Sequence[Comment]) -> None:
        # The record's time is that of its arrival, which a cluster's retention goes by; a comment's
        # own time may lie far back or, mistyped, ahead, which Kafka refuses.
        await self._access.append(
            [
                NewRecord(COMMENTS, c.id.encode(), c.to_json(), timestamp=self._arrival(c))
                for c in comments
            ]
        )

    def _arrival(self, comment: Comment) -> int | None:
        return round(comment.created_at.timestamp() * 1000) if self._played else None

    async def withdraw(self, ids: Sequence[str]) -> None:
        await self._access.append([NewRecord(COMMENTS, id_.encode(), None) for id_ in ids])

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await self._access.append(
            [NewRecord(DEAD_LETTERS, letter.key, letter.to_json()) for letter in letters]
        )

    async def announce(self, key: bytes, value: bytes) -> None:
        """Append one alert."""
        await self._access.append([NewRecord(ALERTS, key, value)])


class Rejection(BaseModel):
    """A record that the service did not take; it keeps it as a dead letter."""

    position: int
    """Place in the request, from 1."""
    reason: str
    place: str


class Answer(BaseModel):
    """What the service says of a request, as far as a sink looks at it."""

    rejected: list[Rejection]


class ApiSink:
    """Posts to the API of a running service; raises as :func:`ask` does.

    ``rejected`` grows by each comment that the service does not take; the others go on.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.rejected: list[InvalidRecord] = []

    async def publish(self, comments: Sequence[Comment]) -> None:
        unsent = iter(comments)
        for part in _parts(comment.to_json() for comment in comments):
            sent = list(islice(unsent, len(part)))
            for rejection in await self._post("/v1/comments", part):
                comment = sent[rejection.position - 1]
                detail = f" ({rejection.place})" if rejection.place else ""
                self.rejected.append(
                    InvalidRecord(f"{rejection.reason}{detail}", f"comment {comment.id}")
                )

    async def withdraw(self, ids: Sequence[str]) -> None:
        """Needs a client that holds the operator's key."""
        for part in batched(ids, REQUEST_IDS):
            await ask(self._client, Answer, "DELETE", "/v1/comments", params={"id": part})

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        for part in _parts(letter.to_json() for letter in letters):
            await self._post("/v1/dead-letters", part)

    async def _post(self, path: str, lines: Sequence[bytes]) -> list[Rejection]:
        content, kind = b"\n".join(lines), {"content-type": "application/x-ndjson"}
        answer = await ask(self._client, Answer, "POST", path, content=content, headers=kind)
        return answer.rejected


def _parts(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Split lines into requests of bounded number and size."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and (len(part) == REQUEST_COMMENTS or size + len(line) > REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield part
