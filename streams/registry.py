"""The registry, kept from the compacted topic ``policies``.

The topic holds one record a policy, and last a *revision*: a hash over all of them. Readers switch
to a new registry only when its revision has arrived, so that no comment is ever linked against
half a registry.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from minyi.domain import Policy

REVISION = "$revision"
"""Key of the revision record; no policy id can hold the sign."""

Record = tuple[bytes, bytes | None]
"""Key and value; a value of None deletes the key."""


def records(policies: Iterable[Policy], known: Iterable[str] = ()) -> list[Record]:
    """Return the records that publish a registry, the revision last.

    Args:
        policies: the whole registry.
        known: keys that the topic holds now; those that are no longer policies are deleted.
    """
    entries = {policy.id: policy.to_json() for policy in policies}
    gone = sorted(set(known) - entries.keys() - {REVISION})
    digest = hashlib.sha256()
    for key in sorted(entries):
        digest.update(entries[key])
    revision = json.dumps({"revision": digest.hexdigest()[:16], "policies": sorted(entries)})
    return [
        *((key.encode(), None) for key in gone),
        *((key.encode(), entries[key]) for key in sorted(entries)),
        (REVISION.encode(), revision.encode()),
    ]


class LiveRegistry:
    """The registry of a running app, over a Faust table of key → JSON."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._changed = asyncio.Event()
        self._revision = ""
        self._policies: dict[str, Policy] = {}

    def apply(self, key: str, value: bytes | None) -> None:
        """Take one record of the topic into the table."""
        if value is None:
            self._table.pop(key, None)
        else:
            self._table[key] = value.decode()
        if key == REVISION:
            self._changed.set()

    def policies(self) -> Mapping[str, Policy]:
        """Return the policies of the newest complete revision; empty before the first."""
        stored = self._table.get(REVISION)
        if stored is not None and stored != self._revision:
            names = json.loads(stored)["policies"]
            entries = {name: self._table.get(name) for name in names}
            if all(entries.values()):
                self._policies = {k: Policy.model_validate_json(v) for k, v in entries.items()}
                self._revision = stored
        return self._policies

    async def ready(self) -> Mapping[str, Policy]:
        """Wait for the first complete revision."""
        while not self.policies():
            self._changed.clear()
            try:  # a standby's table is filled by Faust itself, which tells nobody
                await asyncio.wait_for(self._changed.wait(), timeout=1.0)
            except TimeoutError:
                continue
        return self.policies()
