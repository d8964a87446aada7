"""Make a broker ready: its topics, and the registry on ``policies``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from minyi.errors import SettingError
from minyi.policy import Policy
from streams.access import Access
from streams.embedded import NewRecord
from streams.registry import REVISION, Entry, entries
from streams.topics import CHANGELOG, POLICIES, SPECS, Layout

PROVISIONED = (*SPECS, CHANGELOG)
FIXED = {spec.name for spec in PROVISIONED if spec.partitions}
"""Topics whose number of partitions is not the setting's."""


Action = Literal["create", "keep", "differs", "adjust", "refuse"]


@dataclass(frozen=True)
class Step:
    """What set-up does about one topic, and why; ``settings`` are those that differ from ours."""

    topic: str
    action: Action
    detail: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


async def provision(access: Access, partitions: int) -> list[str]:
    """Create the topics that are missing; return their names."""
    return await access.create(PROVISIONED, partitions)


async def plan(access: Access, partitions: int, adjust: bool = False) -> list[Step]:
    """Compare the topics with what they should be; change nothing.

    Args:
        access: the broker.
        partitions: of the topics without a number of their own.
        adjust: whether settings that differ are to be changed.
    """
    wanted = await access.wanted(PROVISIONED, partitions)
    present = await access.layouts(list(wanted))
    return [_step(name, to, present.get(name), adjust) for name, to in wanted.items()]


async def carry_out(access: Access, steps: Sequence[Step], partitions: int) -> None:
    """Do what a plan says.

    Raises:
        SettingError: when it refuses a topic; then nothing is done.
    """
    if refused := [step for step in steps if step.action == "refuse"]:
        raise SettingError("; ".join(f"topic {step.topic!r} {step.detail}" for step in refused))
    missing = {step.topic for step in steps if step.action == "create"}
    await access.create([spec for spec in PROVISIONED if spec.name in missing], partitions)
    for step in steps:
        if step.action == "adjust":
            await access.adjust(step.topic, step.settings)


async def require_partitions(access: Access, partitions: int) -> None:
    """Make sure that the topics have the partitions that the settings say.

    Workers that differ in the setting would send the same key to different places.

    Raises:
        SettingError: naming the topic that differs, and what to do.
    """
    wanted = {spec.name: spec.partitions or partitions for spec in PROVISIONED}
    present = await access.partitions(list(wanted))
    for name, count in present.items():
        if count != wanted[name]:
            raise SettingError(f"topic {name!r} {_misfit(name, count, wanted[name])}")


def _misfit(name: str, present: int, wanted: int) -> str:
    """Say what to do about a number of partitions that is not the one wanted."""
    has = f"has {present} partition{'s' * (present != 1)}"
    if name in FIXED:
        return f"{has} and must have {wanted}: delete it and run minyi setup"
    if present > wanted:
        return f"{has}, and MINYI_PARTITIONS is {wanted}: set MINYI_PARTITIONS={present}"
    return (
        f"{has}, and MINYI_PARTITIONS is {wanted}. More would move keys to other partitions: set "
        f"MINYI_PARTITIONS={present}, or record the comments, delete the topics, set up and replay "
        "(docs/operations.md, Kafka)"
    )


def _step(name: str, wanted: Layout, present: Layout | None, adjust: bool) -> Step:
    if present is None:
        parts = [f"{wanted.partitions} partitions"]
        parts += [f"{wanted.replicas} replicas"] if wanted.replicas else []
        parts += [f"{key}={value}" for key, value in wanted.settings.items()]
        return Step(name, "create", ", ".join(parts))
    if present.partitions < wanted.partitions or (
        name in FIXED and present.partitions != wanted.partitions
    ):
        return Step(name, "refuse", _misfit(name, present.partitions, wanted.partitions))
    notes = []
    if present.partitions > wanted.partitions:
        misfit = _misfit(name, present.partitions, wanted.partitions)
        notes.append(f"{misfit}; a topic cannot shrink")
    other = {k: v for k, v in wanted.settings.items() if present.settings.get(k) != v}
    if present.replicas != wanted.replicas:
        other.pop("min.insync.replicas", None)  # two of one would stop every writer
        notes.append(f"has {present.replicas} replicas, a new one would have {wanted.replicas}")
    notes += [f"{key}={present.settings.get(key)}, ours is {value}" for key, value in other.items()]
    action: Action = ("adjust" if adjust else "differs") if other else "keep"
    return Step(name, action, "; ".join(notes), other)


async def publish_registry(access: Access, policies: Collection[Policy]) -> bool:
    """Publish the registry unless the topic holds just that; return whether it was published."""
    wanted = await unpublished(access, policies)
    await access.append([NewRecord(POLICIES, key, value) for key, value in wanted])
    return bool(wanted)


async def unpublished(access: Access, policies: Collection[Policy]) -> list[Entry]:
    """Return the records that publish the registry, none when the topic holds just that."""
    held = await newest_records(access)
    wanted = entries(policies, [key.decode() for key in held])
    return [] if {key: value for key, value in wanted if value} == held else wanted


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
