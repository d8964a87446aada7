"""``minyi model`` where nothing is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.artifact import SHIPPED, load_manifest
from tests.unit.cli_runner import Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path / "var", monkeypatch)


def test_the_shipped_artifact_is_described(cli: Cli) -> None:
    printed = cli("model", "info")
    manifest = load_manifest(SHIPPED)
    for part in (manifest.model_id, manifest.base, "favor, against, none", "effect:praise"):
        assert part in printed


def test_without_the_extra_one_is_told_how_to_get_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minyi.cli.training.find_spec", lambda name: None if name == "torch" else 1)
    for command in ("train", "export", "score"):
        told = cli.told("model", command)
        assert told.startswith("torch missing")
        assert "pip install -e '.[train]'" in told
    assert cli("model", "info")


@pytest.mark.parametrize("named", [None, Path("elsewhere")])
def test_a_run_is_written_into_its_own_folder_unless_another_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: Path | None
) -> None:
    written = []
    (tmp_path / "recipe.toml").touch()
    monkeypatch.setattr("minyi.cli.training.need_training", lambda: None)
    monkeypatch.setattr("models.training.config.load_config", lambda path: path)
    monkeypatch.setattr("minyi.cli.model._export", lambda *given: written.append(given[:3]))
    cli("model", "export", "--run", tmp_path, *(("--out", named) if named else ()))
    assert written == [(tmp_path / "recipe.toml", tmp_path, named or tmp_path / "artifact")]
