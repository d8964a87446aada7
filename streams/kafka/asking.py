"""What tools and the API ask Kafka about its topics, and how they change them: by one client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from minyi.errors import BrokerUnavailable

T = TypeVar("T")
FAILURES = (KafkaError, OSError, TimeoutError)


class Asking:
    """Asks by one admin client, started by whoever needs it first and replaced when it has failed.

    Readiness may ask every second, and starting a client takes longer than its answer.

    Args:
        options: of an aiokafka client.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._client: Any = None
        self._starting = asyncio.Lock()

    async def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """Put a question to the client. A connection may have ended unseen, as when a broker was
        started anew, so a client that had answered before is replaced and the question put again.

        Raises:
            BrokerUnavailable: when Kafka cannot be reached or fails meanwhile.
        """
        with told():
            kept = self._client is not None
            try:
                return await self._put(question)
            except FAILURES:
                if not kept:
                    raise
            return await self._put(question)

    async def close(self) -> None:
        """Close the client, if there is one."""
        async with self._starting:
            client, self._client = self._client, None
            if client is not None:
                await client.close()

    async def _put(self, question: Callable[[Any], Awaitable[T]]) -> T:
        client = await self._started_client()
        try:
            return await question(client)
        except FAILURES:
            if self._client is client:
                self._client = None
                await client.close()
            raise

    async def _started_client(self) -> Any:
        async with self._starting:
            if self._client is None:
                client = AIOKafkaAdminClient(**self._options)
                try:
                    await client.start()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client


@contextmanager
def told() -> Iterator[None]:
    """Turn aiokafka's errors into ours.

    Raises:
        BrokerUnavailable: says what to look at.
    """
    try:
        yield
    except KafkaConnectionError as error:  # aiokafka says why in its log only
        raise BrokerUnavailable(
            f"Kafka does not let us in: {error!r}. Is it up, and does it take "
            "MINYI_KAFKA__SECURITY, with the user, password and files beside it? The lines of "
            "aiokafka in the log say more"
        ) from error
    except (KafkaError, TimeoutError) as error:
        raise BrokerUnavailable(f"Kafka: {error!r}") from error
