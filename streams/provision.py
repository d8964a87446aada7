"""Make a broker ready: its topics, and the registry on ``policies``."""

from __future__ import annotations

from collections.abc import Collection

from minyi.domain import Policy
from minyi.errors import SettingError
from streams.access import Access
from streams.embedded import NewRecord
from streams.registry import REVISION, entries
from streams.topics import POLICIES, SPECS


async def provision(access: Access, partitions: int) -> list[str]:
    """Create the topics that are missing; return their names."""
    return await access.create(SPECS, partitions)


async def publish_registry(access: Access, policies: Collection[Policy]) -> bool:
    """Publish the registry unless the topic holds just that; return whether it was published."""
    held = await newest_records(access)
    wanted = entries(policies, [key.decode() for key in held])
    if {key: value for key, value in wanted if value} == held:
        return False
    await access.append([NewRecord(POLICIES, key, value) for key, value in wanted])
    return True


async def newest_revision(access: Access) -> str:
    """Return the newest revision record on the topic, which a starting app waits for.

    Raises:
        SettingError: when no registry was ever published.
    """
    found = (await newest_records(access)).get(REVISION.encode())
    if found is None:
        raise SettingError(
            f"the topic {POLICIES!r} holds no registry; publish one with minyi setup, or record "
            f"the topic {POLICIES!r} along with the comments"
        )
    return found.decode()


async def newest_records(access: Access) -> dict[bytes, bytes]:
    """Return the last value of each key of the topic ``policies``."""
    held: dict[bytes, bytes] = {}
    async for record in access.read(POLICIES):
        if record.key is None:
            continue
        if record.value:
            held[record.key] = record.value
        else:
            held.pop(record.key, None)
    return held
