"""How an artifact is put in the place of another; needs the ``train`` extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minyi.cli.training import TRAINING
from minyi.errors import SettingError
from models.rows.shared import SHARED_VARIABLE
from models.training.base import Base
from models.training.config import Stage, TrainConfig
from tests.unit.tiny_bert import extra

for _name in TRAINING:
    extra(_name)
export: Any = extra("models.exporting.export")

RECIPE = TrainConfig(
    stages=(Stage(name="own", sources=()),),
    ship=("own",),
    wide=("data",),
    validate_on=("data", "comments"),
    without=("iphone",),
)
OLD = {"manifest.json": "old", "model.onnx": "old", "wide.npz": "old", "README.md": "what it is"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An artifact that is there, with a note beside."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    for name, text in OLD.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A row for the wide half, and one that the recipe leaves out."""
    path = tmp_path / "my.jsonl"
    line = '{"text": "好", "policy": "%s", "stance": "favor", "split": "train"}\n'
    path.write_text(line % "x" + line % "iPhone", "utf-8")
    return path


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were written to."""
    found: list[Path] = []

    def write(*parts: Any) -> None:
        out, rows = parts[3:5]
        found.append(out)
        assert [row.context for row in rows] == ["x"]
        for name in ("manifest.json", "model.onnx", "tokenizer.json"):
            (out / name).write_text("new")

    monkeypatch.delenv(SHARED_VARIABLE, raising=False)
    monkeypatch.setattr(export, "_write", write)
    monkeypatch.setattr(export, "calibrate", lambda *_: "calibrated")
    return found


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def exported(out: Path, data: Path | None) -> Any:
    run = out.parent / "run"
    return export.export(RECIPE, Base(run / "base", "b", "l", sentences=False), run, out, data)


def test_a_failing_calibration_leaves_the_artifact_as_it_was(
    out: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "calibrate", fails)
    before = sorted(out.parent.iterdir())
    with pytest.raises(KeyboardInterrupt):
        exported(out, data)
    assert held(out) == OLD
    assert sorted(out.parent.iterdir()) == before


def test_rows_that_cannot_be_read_are_told_before_anything_is_written(
    out: Path, fresh: list[Path]
) -> None:
    with pytest.raises(SettingError, match="give --data FILE"):
        exported(out, None)
    assert held(out) == OLD
    assert not fresh


def test_an_artifact_is_not_written_where_a_file_is(
    tmp_path: Path, data: Path, fresh: list[Path]
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SettingError, match="file is a file; an artifact is a folder"):
        exported(tmp_path / "file", data)
    assert not fresh


def test_a_new_artifact_takes_the_place_of_the_old_and_of_nothing_else(
    out: Path, data: Path, fresh: list[Path]
) -> None:
    assert exported(out, data) == "calibrated"
    new = dict.fromkeys(("manifest.json", "model.onnx", "tokenizer.json"), "new")
    assert held(out) == {**new, "README.md": "what it is"}
    assert exported(out.parent / "deep" / "down", data) == "calibrated"
    assert held(out.parent / "deep" / "down") == new
    assert not any(folder.exists() for folder in fresh)
