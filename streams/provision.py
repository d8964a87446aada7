"""Make a broker ready: its topics, and the registry on ``policies``."""

from __future__ import annotations

from collections.abc import Collection

from minyi.domain import Policy
from streams.access import Access
from streams.embedded import NewRecord
from streams.registry import records
from streams.topics import POLICIES, SPECS


async def provision(access: Access, partitions: int) -> list[str]:
    """Create the topics that are missing; return their names."""
    return await access.create(SPECS, partitions)


async def publish_registry(access: Access, policies: Collection[Policy]) -> bool:
    """Publish the registry unless the topic holds just that; return whether it was published."""
    held: dict[bytes, bytes] = {}
    async for entry in access.read(POLICIES):
        if entry.key is None:
            continue
        if entry.value:
            held[entry.key] = entry.value
        else:
            held.pop(entry.key, None)
    wanted = records(policies, [key.decode() for key in held])
    if {key: value for key, value in wanted if value} == held:
        return False
    await access.append([NewRecord(POLICIES, key, value) for key, value in wanted])
    return True
