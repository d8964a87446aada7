"""Ways into the topics: through the broker, or through the API of a service that owns it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import httpx

from minyi.dead_letter import DeadLetter
from minyi.domain import Comment
from minyi.errors import BrokerUnavailable, MinyiError
from streams.access import Access
from streams.embedded import NewRecord
from streams.topics import ALERTS, COMMENTS, DEAD_LETTERS

REQUEST_COMMENTS = 500
REQUEST_BYTES = 4_000_000
"""Half of what the API takes; a record alone is far smaller."""


class BrokerSink:
    """Appends through an access to the broker."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def publish(self, comments: Sequence[Comment]) -> None:
        await self._access.append(
            [
                NewRecord(COMMENTS, c.id.encode(), c.to_json(), timestamp=_ms(c.created_at))
                for c in comments
            ]
        )

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await self._access.append(
            [
                NewRecord(DEAD_LETTERS, letter.key, letter.to_json(), timestamp=_ms(letter.at))
                for letter in letters
            ]
        )

    async def announce(self, key: bytes, value: bytes) -> None:
        """Append one alert."""
        await self._access.append([NewRecord(ALERTS, key, value)])


class ApiSink:
    """Posts to the API of a running service.

    Raises:
        BrokerUnavailable: when it does not answer.
        MinyiError: when it refuses.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def publish(self, comments: Sequence[Comment]) -> None:
        await self._post("/v1/comments", comments)

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await self._post("/v1/dead-letters", letters)

    async def _post(self, path: str, records: Sequence[Comment] | Sequence[DeadLetter]) -> None:
        for body in _bodies(record.to_json() for record in records):
            try:
                answer = await self._client.post(
                    path, content=body, headers={"content-type": "application/x-ndjson"}
                )
            except httpx.TransportError as error:
                raise BrokerUnavailable(f"the service does not answer: {error}") from error
            if answer.is_error:
                raise MinyiError(f"the service refused: {answer.text[:300]}")


def _bodies(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines to requests of bounded number and size."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and (len(part) == REQUEST_COMMENTS or size + len(line) > REQUEST_BYTES):
            yield b"\n".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield b"\n".join(part)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
