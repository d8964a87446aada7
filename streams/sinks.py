"""Ways into the topics: through the running app, or through the API of one that runs elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from minyi.dead_letter import DeadLetter
from minyi.domain import Comment
from minyi.errors import BrokerUnavailable, MinyiError
from streams.topics import Topics

REQUEST_COMMENTS = 500


class TopicSink:
    """Appends through an app's own producer."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    async def publish(self, comments: Sequence[Comment]) -> None:
        await self._send(
            self._topics.comments,
            [(c.id.encode(), c.to_json(), c.created_at.timestamp()) for c in comments],
        )

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        await self._send(
            self._topics.dead_letters,
            [(letter.key, letter.to_json(), letter.at.timestamp()) for letter in letters],
        )

    async def _send(self, topic: Any, records: list[tuple[bytes, bytes, float]]) -> None:
        deliveries = [
            await topic.send(key=key, value=value, timestamp=timestamp)
            for key, value, timestamp in records
        ]
        await asyncio.gather(*deliveries)


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
