"""The registry, kept from the compacted topic ``policies``.

The topic holds one record a policy, and last a *revision*: a hash over all of them. Readers switch
to a new registry only when its revision has arrived and every policy fits its hash, so that no
comment is ever linked against half a registry.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from minyi.policy import Policy
from minyi.registry import revision_of

log = logging.getLogger(__name__)

REVISION = "$revision"
"""Key of the revision record; no policy id can hold the sign."""
PATIENCE_S = 60.0
"""So long a start waits for the newest revision; on a cluster another may have followed it."""

Entry = tuple[bytes, bytes | None]
"""Key and value of a record; a value of None deletes the key."""


def entries(policies: Iterable[Policy], known: Iterable[str] = ()) -> list[Entry]:
    """Return the records that publish a registry, the revision last.

    Args:
        policies: the whole registry.
        known: keys that the topic holds now; those that are no longer policies are deleted.
    """
    values = {policy.id: policy.to_json() for policy in policies}
    gone = sorted(set(known) - values.keys() - {REVISION})
    names = sorted(values)
    revision = json.dumps(
        {"revision": revision_of(values[name] for name in names), "policies": names}
    )
    return [
        *((key.encode(), None) for key in gone),
        *((name.encode(), values[name]) for name in names),
        (REVISION.encode(), revision.encode()),
    ]


class LiveRegistry:
    """The registry of a running app, over a Faust table of key → JSON.

    Args:
        table: the Faust table.
        newest: the value of the newest revision record when the app started, see ``ready``.
    """

    def __init__(self, table: Any, newest: str) -> None:
        self._table = table
        self._newest = newest
        self._changed = asyncio.Event()
        self._revision = ""
        self._policies: Mapping[str, Policy] = {}
        self._ready = False

    def apply(self, key: str, value: bytes | None) -> None:
        """Take one record of the topic into the table."""
        if value is None:
            self._table.pop(key, None)
        else:
            self._table[key] = value.decode()
        if key == REVISION:
            self._changed.set()

    def policies(self) -> Mapping[str, Policy]:
        """Return the policies of the newest complete revision; empty before the first.

        The mapping is the same object until the registry changes.
        """
        stored = self._table.get(REVISION)
        if stored is not None and stored != self._revision:
            revision = json.loads(stored)
            values = {name: self._table.get(name) or "" for name in revision["policies"]}
            if revision_of(value.encode() for value in values.values()) == revision["revision"]:
                self._policies = {k: Policy.model_validate_json(v) for k, v in values.items()}
                self._revision = stored
        return self._policies

    async def ready(self) -> Mapping[str, Policy]:
        """Return the policies, at the start not before the newest revision has been read.

        Without this a backlog of comments would be linked with whatever revision came first, and
        a replay would depend on a race.
        """
        if not self._ready:
            loop = asyncio.get_running_loop()
            patience = loop.time() + PATIENCE_S
            while not self.policies() or self._revision != self._newest:
                if self._policies and loop.time() > patience:
                    log.warning("another revision of the registry has followed the one expected")
                    break
                self._changed.clear()
                try:  # a standby's table is filled by Faust itself, which tells nobody
                    await asyncio.wait_for(self._changed.wait(), timeout=0.5)
                except TimeoutError:
                    continue
            self._ready = True
        return self.policies()
