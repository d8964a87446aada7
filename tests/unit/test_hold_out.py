"""The table of held-out rows: how it is counted and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minyi.outputs import stance_of
from minyi.shares.held_out import Found
from minyi.vocabulary import Aspect, Polarity, Stance
from models.artifact import SHIPPED, Decision, Manifest, load_manifest
from models.examples import STANCE_INDEX, UNKNOWN, Example, about, policies
from models.hold_out import output_bins, table

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


def test_bins_are_those_of_the_stance_that_is_shown() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (200, 3)).astype(np.float32)
    stances = [list(Stance)[place] for place in logits.argmax(1)]
    assert [stance_of(int(b)) for b in output_bins(Decision(), logits)] == stances
