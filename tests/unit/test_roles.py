"""The roles that share a broker say so where there is none to share, and follow its registry."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from minyi.policy import Policy
from minyi.registry import load_registry
from minyi.settings import ROOT, load_settings
from streams.access import access
from streams.embedded import NewRecord
from streams.follow import FollowedRegistry
from streams.provision import provision, publish_registry
from streams.registry import entries
from streams.topics import POLICIES
from tests.unit.cli_runner import Cli

SOME = list(islice(load_registry(ROOT / "data" / "policies").values(), 5))


@pytest.mark.parametrize("role", ["worker", "api"])
def test_on_an_embedded_log_a_role_names_the_way_out(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Cli(tmp_path, monkeypatch).told(role)
    assert "\n" not in told
    assert "MINYI_BROKER=kafka://" in told
    assert "minyi serve" in told


def by_id(policies: list[Policy]) -> dict[str, Policy]:
    return {policy.id: policy for policy in policies}


async def test_a_registry_is_followed_and_never_half_of_it(tmp_path: Path) -> None:
    config = load_settings(data=tmp_path)
    async with access(config) as broker:
        await provision(broker, 1)
        followed = FollowedRegistry(broker)
        assert not await followed.refresh()
        assert followed.policies() == {}
        await publish_registry(broker, SOME)
        assert await followed.refresh()
        first = followed.policies()
        assert first == by_id(SOME)
        assert not await followed.refresh()
        assert followed.policies() is first
        changed = [p.model_copy(update={"title": f"新{p.title}"}) for p in SOME[:3]]
        wanted = [NewRecord(POLICIES, *e) for e in entries(changed, [p.id for p in SOME])]
        await broker.append(wanted[:3])
        assert not await followed.refresh()
        assert followed.policies() is first
        await broker.append(wanted[3:])
        assert await followed.refresh()
        assert followed.policies() == by_id(changed)
