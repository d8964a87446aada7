"""The demo keeps its invented comments to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from minyi.cli import service
from minyi.settings import Settings
from tests.unit.cli_runner import Cli


@pytest.mark.parametrize("named", [True, False])
def test_the_demo_writes_into_its_own_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    used: list[Settings] = []

    async def seen(config: Settings, *_: object, **__: object) -> None:
        used.append(config)

    monkeypatch.setattr(service, "_run", seen)
    monkeypatch.setenv("MINYI_BROKER", "kafka://broker.example:9092")
    monkeypatch.setenv("MINYI_INDEX", f"embedded://{tmp_path}/kept")
    cli = Cli(tmp_path, monkeypatch)
    cli("demo", "--once", *(("--data", tmp_path / "shown") if named else ()))
    folder = tmp_path / ("shown" if named else "demo")
    assert used[0].broker_url == f"embedded://{folder}/log"
    assert used[0].index_url == f"embedded://{folder}/index"
