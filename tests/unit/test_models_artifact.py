"""The manifest held against what stands beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minyi.errors import InvalidArtifact
from models.artifact import GRAPH, MANIFEST, SHIPPED, TOKENIZER, Decision, load_manifest

FILES = {GRAPH: b"graph", TOKENIZER: b"{}", "wide.npz": b"wide"}
Edit = Callable[[dict[str, Any]], object]


def written(folder: Path, lacking: tuple[str, ...] = ()) -> dict[str, Any]:
    """An artifact of small files; its manifest names no decision on what is ``lacking``."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    files = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    decision = Decision().model_dump(mode="json", exclude=set(lacking))
    said = json.dumps(decision, separators=(",", ":"))
    parts = [*(f"{name}={files[name]}" for name in sorted(files)), said]
    manifest: dict[str, Any] = json.loads((SHIPPED / MANIFEST).read_bytes())
    manifest |= {"files": files, "decision": decision, "held_out": None}
    manifest["model_id"] = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return manifest


@pytest.mark.parametrize(
    "edit",
    [
        lambda manifest: manifest.update(model_id="0123456789abcdef"),
        lambda manifest: manifest["decision"].update(sure_from=0.7),
        lambda manifest: manifest["decision"].pop("stance_wide_known"),
        lambda manifest: manifest["files"].pop("wide.npz"),
    ],
)
def test_an_id_that_names_something_else_is_refused(tmp_path: Path, edit: Edit) -> None:
    manifest = written(tmp_path)
    assert load_manifest(tmp_path).model_id == manifest["model_id"]
    edit(manifest)
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(InvalidArtifact) as told:
        load_manifest(tmp_path)
    for part in (
        f"{tmp_path / MANIFEST}: model_id is {manifest['model_id']}",
        "fetch the artifact again",
        "minyi model hold-out",
    ):
        assert part in str(told.value)


def test_a_change_that_was_meant_is_taken_under_the_id_that_is_told(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    manifest["decision"]["sure_from"] = 0.7
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(InvalidArtifact) as told:
        load_manifest(tmp_path)
    manifest["model_id"] = str(told.value).partition("make ")[2][:16]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    assert load_manifest(tmp_path).decision.sure_from == 0.7


def test_an_older_artifact_keeps_its_id_when_it_is_written_again(tmp_path: Path) -> None:
    """Fields came to the decision later, and its id does not know of them."""
    manifest = written(tmp_path, lacking=("emoji", "stance_wide_known"))
    found = load_manifest(tmp_path)
    assert found.model_id == manifest["model_id"]
    found.model_copy(update={"scores": {"val": {}}}).save(tmp_path)
    assert load_manifest(tmp_path).scores == {"val": {}}
