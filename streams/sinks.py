"""Ways into the topics: through the broker, or through the API of a service that owns it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from minyi.dead_letter import DeadLetter
from minyi.domain import Comment
from minyi.errors import BrokerUnavailable, MinyiError
from streams.access import Access
from streams.embedded import NewRecord
from streams.topics import ALERTS, COMMENTS, DEAD_LETTERS

REQUEST_COMMENTS = 500


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
        for part in _parts(records):
            body = b"\n".join(record.to_json() for record in part)
            try:
                answer = await self._client.post(
                    path, content=body, headers={"content-type": "application/x-ndjson"}
                )
            except httpx.TransportError as error:
                raise BrokerUnavailable(f"the service does not answer: {error}") from error
            if answer.is_error:
                raise MinyiError(f"the service refused: {answer.text[:300]}")


def _parts(records: Sequence[Any]) -> list[Sequence[Any]]:
    """Split into requests of bounded size."""
    return [records[i : i + REQUEST_COMMENTS] for i in range(0, len(records), REQUEST_COMMENTS)]


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
