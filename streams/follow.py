"""The registry of a process that runs no stream: read from the topic, and again as it changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from minyi.errors import BrokerUnavailable
from minyi.logs import said
from minyi.policy import Policy
from streams.access import Access
from streams.provision import newest_records
from streams.registry import LiveRegistry

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""How often the topic is looked at; it is compacted and small."""


class FollowedRegistry:
    """The newest complete registry on the topic; stays as it is while the broker is away."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._held: Mapping[bytes, bytes] = {}
        self._policies: Mapping[str, Policy] = {}

    def policies(self) -> Mapping[str, Policy]:
        """Return all policies by id; the same object until the registry changes."""
        return self._policies

    async def refresh(self) -> bool:
        """Look at the topic; return whether the registry has changed.

        Raises:
            BrokerUnavailable: when the broker does not answer.
        """
        found = await newest_records(self._access)
        if found == self._held:
            return False
        table = {key.decode(): value.decode() for key, value in found.items()}
        policies = LiveRegistry(table, newest="").policies()
        if not policies:  # half of a registry that is being published just now
            return False
        self._held, self._policies = found, policies
        log.info("the registry was read", extra={"policies": len(policies)})
        return True

    async def run(self, every_s: float = EVERY_S) -> None:
        """Follow the topic until cancelled."""
        away = False
        while True:
            try:
                await self.refresh()
                away = False
            except BrokerUnavailable as error:
                if not away:
                    log.warning("the registry cannot be read now", extra={"reason": said(error)})
                away = True
            await asyncio.sleep(every_s)
