"""What the routes work with, and how they get hold of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException

from api.readiness import Check, Readiness
from minyi.errors import BrokerUnavailable
from minyi.open_data.release import Publisher
from minyi.policy import Policy
from minyi.ports import Clock, CommentSink, Index, LetterBox, Registry
from minyi.query import Filters
from minyi.shares.adjusting import Adjuster
from minyi.speakers.margins import Margins


@dataclass(frozen=True)
class Services:
    """The ports that the API stands on.

    ``sink`` is None on a read-only API; ``progress`` returns the stream's counters; ``on_change``
    registers what is to be called after the index has changed; ``announce`` puts an alert, by key
    and value, on the topic ``alerts``; ``failure`` returns why the stream has stopped for good, or
    None while it runs; ``checks`` are what the service cannot do its work without, besides registry
    and index; ``adjuster`` knows what the tagger mistakes, by default nothing; ``metrics`` are what
    it measures of itself; ``letters`` are shown to whoever holds the ``operator_key``.
    """

    index: Index
    registry: Registry
    clock: Clock
    sink: CommentSink | None = None
    progress: Callable[[], Mapping[str, int]] = field(default=dict)
    on_change: Callable[[Callable[[], None]], None] | None = None
    announce: Callable[[bytes, bytes], Awaitable[None]] | None = None
    failure: Callable[[], str | None] = lambda: None
    checks: Mapping[str, Check] = field(default_factory=dict)
    adjuster: Adjuster = field(default_factory=Adjuster)
    margins: Margins | None = None
    publisher: Publisher = field(default_factory=Publisher)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    letters: LetterBox | None = None
    operator_key: str = field(default="", repr=False)

    async def registry_is_read(self) -> None:
        """Raise unless there are policies."""
        if not self.registry.policies():
            raise BrokerUnavailable("the registry has not been read yet")

    async def index_answers(self) -> None:
        """Raise unless the index does."""
        await asyncio.to_thread(self.index.newest, Filters())

    async def nothing_failed(self) -> None:
        """Raise when the stream has stopped."""
        if failure := self.failure():
            raise BrokerUnavailable(failure)

    def readiness(self) -> Readiness:
        """Return the questions whether all is there that the service needs."""
        return Readiness(
            {
                "registry": self.registry_is_read,
                "index": self.index_answers,
                "stream": self.nothing_failed,
                **self.checks,
            }
        )


def services(request: Request) -> Services:
    """Return the services of the app that answers."""
    found = request.app.state.services
    assert isinstance(found, Services)  # noqa: S101  # set by create_app
    return found


Wired = Annotated[Services, Depends(services)]


def known_policy(policy_id: str, wired: Wired) -> Policy:
    """Return the policy of the path.

    Raises:
        HTTPException: 404 when the registry does not hold it.
    """
    policy = wired.registry.policies().get(policy_id)
    if policy is None:
        raise HTTPException(404, f"no policy {policy_id!r}; GET /v1/policies lists them")
    return policy


KnownPolicy = Annotated[Policy, Depends(known_policy)]
