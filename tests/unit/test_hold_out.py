"""The table of held-out rows: how it is counted and kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from minyi.outputs import stance_of
from minyi.policy import Policy
from minyi.policy_files import dump_policies
from minyi.shares.held_out import Found
from minyi.vocabulary import Aspect, Polarity, Stance
from models.artifact import SHIPPED, Decision, Manifest, load_manifest
from models.exporting.hold_out import output_bins, table
from models.inputs import policy_context
from models.rows.examples import STANCE_INDEX, UNKNOWN, Example, about, policies, use_registry
from tests.unit.cli_runner import Cli

PARKING = policies()["parking"]
FAVOR, AGAINST = STANCE_INDEX[Stance.FAVOR], STANCE_INDEX[Stance.AGAINST]


def test_rows_are_counted_by_policy_truth_and_output() -> None:
    rows = {
        "gold": [about(PARKING, "一", AGAINST, ["cost-"]), about(PARKING, "二", AGAINST, [])],
        "nlpcc": [Example("放鞭炮", "三", FAVOR), Example("放鞭炮", "四", UNKNOWN)],
    }
    sure = np.array([[-9.0, 9, 0], [9, -9, 0]], np.float32)
    costly = np.full((2, 12), -9.0, np.float32)
    cell = 7  # cost, criticised
    costly[:, cell] = 9
    nothing = np.full((2, 12), -9.0, np.float32)
    found = table("m1", Decision(), rows, {"gold": (sure, costly), "nlpcc": (sure, nothing)})
    assert set(found.policies) == {"parking", "nlpcc/放鞭炮"}
    parking = found.policies["parking"]
    (bins,) = parking.stances.values()
    assert [(stance_of(place), n) for place, n in sorted(bins.items())] == [
        (Stance.FAVOR, 1),
        (Stance.AGAINST, 1),
    ]
    assert parking.judged == 2
    assert parking.evaluations == {Aspect.COST: {Polarity.CRITICISM: Found(hits=1, alarms=1)}}
    target = found.policies["nlpcc/放鞭炮"]
    assert (target.judged, target.evaluations) == (0, {})
    assert sum(target.stances[Stance.FAVOR].values()) == 1


@pytest.fixture
def own_parking() -> Iterator[Policy]:
    """A registry of one policy, whose id the project's has too."""
    own = PARKING.model_copy(update={"title": "武汉路内停车收费新办法"})
    use_registry({own.id: own})
    yield own
    use_registry({})


def test_rows_are_kept_under_the_ids_of_the_registry_that_is_served(own_parking: Policy) -> None:
    rows = {"data": [about(own_parking, "一", FAVOR, []), about(PARKING, "二", FAVOR, [])]}
    logits = np.zeros((2, 3), np.float32), np.full((2, 12), -9.0, np.float32)
    found = table("m1", Decision(), rows, {"data": logits}).policies
    assert set(found) == {"parking", policy_context(PARKING)}
    assert all(each.judged == 1 for each in found.values())


@pytest.mark.usefixtures("same_logging", "own_parking")
def test_the_command_keeps_rows_under_the_ids_of_the_configured_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = PARKING.model_copy(update={"id": "wh-parking", "title": "武汉路内停车收费新办法"})
    (tmp_path / "own.yaml").write_text(dump_policies([own]), "utf-8")
    monkeypatch.setenv("MINYI_REGISTRY", str(tmp_path))
    data = tmp_path / "my.jsonl"
    row = {"text": "停车太贵了", "policy": own.id, "stance": "against", "split": "val"}
    other = row | {"policy": "不训练的iPhone"}
    data.write_text(f"{json.dumps(row)}\n{json.dumps(other)}", "utf-8")
    artifact = shutil.copytree(SHIPPED, tmp_path / "artifact")
    manifest = load_manifest(artifact)
    recipe = manifest.config | {"validate_on": ["data"], "validate_weights": {}}
    recipe |= {"without": ["iphone"]}
    manifest.model_copy(update={"config": recipe}).save(artifact)
    Cli(tmp_path / "var", monkeypatch)("model", "hold-out", "--artifact", artifact, "--data", data)
    written = load_manifest(artifact).held_out
    assert written is not None
    assert set(written.policies) == {"wh-parking"}


def test_an_artifact_with_a_recipe_of_another_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = shutil.copytree(SHIPPED, tmp_path / "artifact")
    manifest = load_manifest(artifact)
    manifest.model_copy(update={"config": {"batsh": 8}}).save(artifact)
    told = Cli(tmp_path / "var", monkeypatch).told("model", "hold-out", "--artifact", artifact)
    assert f"model {manifest.model_id}: its recipe cannot be read" in told


def test_the_shipped_table_is_the_models_and_survives_saving(tmp_path: Path) -> None:
    manifest = load_manifest(SHIPPED)
    assert manifest.held_out is not None
    assert manifest.held_out.model_id == manifest.model_id
    manifest.save(tmp_path)
    saved = (tmp_path / "manifest.json").read_bytes()
    assert saved == (SHIPPED / "manifest.json").read_bytes()
    assert Manifest.model_validate_json(saved) == manifest
    bare = manifest.model_copy(update={"held_out": None})
    bare.save(tmp_path)
    assert Manifest.model_validate_json((tmp_path / "manifest.json").read_bytes()) == bare


def test_a_manifest_that_cannot_be_written_leaves_the_one_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = load_manifest(SHIPPED)
    manifest.save(tmp_path)
    write = Path.write_text

    def full(path: Path, text: str, *more: str) -> None:
        write(path, text[:1000], *more)
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        manifest.model_copy(update={"scores": {}}).save(tmp_path)
    assert Manifest.model_validate_json((tmp_path / "manifest.json").read_bytes()) == manifest


def test_bins_are_those_of_the_stance_that_is_shown() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (200, 3)).astype(np.float32)
    stances = [list(Stance)[place] for place in logits.argmax(1)]
    assert [stance_of(int(b)) for b in output_bins(Decision(), logits)] == stances
