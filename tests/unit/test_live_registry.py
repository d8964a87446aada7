from __future__ import annotations

import asyncio
from itertools import islice

from minyi.policy import Policy
from minyi.registry import load_registry
from minyi.settings import ROOT
from streams.registry import REVISION, LiveRegistry, entries

POLICIES = list(islice(load_registry(ROOT / "data" / "policies").values(), 6))


def newest(policies: list[Policy]) -> str:
    value = entries(policies)[-1][1]
    assert value is not None
    return value.decode()


def filled(table: dict[str, str], policies: list[Policy], known: list[str] | None = None) -> None:
    registry = LiveRegistry(table, "")
    for key, value in entries(policies, known or []):
        registry.apply(key.decode(), value)


def test_a_registry_appears_with_its_revision_and_not_before() -> None:
    registry = LiveRegistry({}, newest(POLICIES))
    *policies, revision = entries(POLICIES)
    for key, value in policies:
        registry.apply(key.decode(), value)
    assert registry.policies() == {}
    registry.apply(REVISION, revision[1])
    assert registry.policies() == {policy.id: policy for policy in POLICIES}


def test_half_of_the_next_revision_changes_nothing() -> None:
    table: dict[str, str] = {}
    filled(table, POLICIES)
    changed = [policy.model_copy(update={"title": "新名称"}) for policy in POLICIES]
    for key, value in entries(changed)[:3]:  # a crash, and a new start over the same table
        LiveRegistry(table, "").apply(key.decode(), value)
    assert LiveRegistry(table, "").policies() == {}
    filled(table, changed)
    assert {p.title for p in LiveRegistry(table, "").policies().values()} == {"新名称"}


def test_a_policy_that_is_gone_is_deleted() -> None:
    table: dict[str, str] = {}
    filled(table, POLICIES)
    filled(table, POLICIES[:4], [policy.id for policy in POLICIES])
    assert set(LiveRegistry(table, "").policies()) == {policy.id for policy in POLICIES[:4]}
    assert POLICIES[5].id not in table


def test_a_start_waits_for_the_newest_revision() -> None:
    async def run() -> int:
        table: dict[str, str] = {}
        filled(table, POLICIES)
        registry = LiveRegistry(table, newest(POLICIES[:4]))
        waiting = asyncio.create_task(registry.ready())
        await asyncio.sleep(0)
        assert not waiting.done()
        for key, value in entries(POLICIES[:4], [policy.id for policy in POLICIES]):
            registry.apply(key.decode(), value)
        return len(await waiting)

    assert asyncio.run(run()) == 4


def test_the_mapping_stays_the_same_object_until_the_registry_changes() -> None:
    table: dict[str, str] = {}
    filled(table, POLICIES)
    registry = LiveRegistry(table, "")
    assert registry.policies() is registry.policies()
