"""What calibration writes into the manifest; needs the ``train`` extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from minyi.labelling import SPREAD
from models.artifact import SHIPPED, load_manifest
from models.rows.examples import Example
from models.training.config import Stage, TrainConfig

for _name in ("scipy", "sklearn"):
    pytest.importorskip(_name, reason="needs the train extra")
calibrate: Any = pytest.importorskip("models.exporting.calibrate", reason="needs the train extra")

CHANCES = (0.4, 0.3, 0.3)


class Unmoved:
    """A tagger that gives every comment the same chances."""

    def __init__(self, _: Path) -> None: ...

    def deep_logits(self, rows: Sequence[Any]) -> tuple[Any, Any]:
        return np.tile(np.log(np.array(CHANCES, np.float32)), (len(rows), 1)), np.zeros((0, 12))

    def wide_logits(self, rows: Sequence[Any]) -> tuple[Any, Any]:
        return np.zeros((len(rows), 3), np.float32), np.zeros((len(rows), 12), np.float32)

    def clause_weights(self, rows: Sequence[Any]) -> list[dict[tuple[int, int], float]]:
        """The second of two clauses weighs more."""
        return [{(0, 4): 0.35, (5, 9): 0.65} for _ in rows]

    def wide_knows(self, contexts: Sequence[str]) -> npt.NDArray[np.bool_]:
        return np.zeros(len(contexts), bool)


def rows(name: str, policies: int, each: int, pull: float) -> list[Example]:
    """Comments on policies whose first share lies up or down by ``pull``; evaluations unknown."""
    draw = np.random.default_rng(3)
    found = []
    for policy in range(policies):
        first = CHANCES[0] + (pull if policy % 2 else -pull)
        rest = (1 - first) / 2
        for stance in draw.choice(3, each, p=(first, rest, rest)):
            found.append(Example(f"{name}{policy}", "text", int(stance)))
    return found


@pytest.fixture(autouse=True)
def unmoved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "OnnxTagger", Unmoved)
    monkeypatch.setattr(calibrate, "held_out", lambda *_: None)
    monkeypatch.setattr(calibrate, "load_manifest", lambda _: load_manifest(SHIPPED))


def test_what_is_left_out_of_training_is_not_calibrated_on(tmp_path: Path) -> None:
    data = tmp_path / "my.jsonl"
    line = '{"text": "好", "policy": "%s", "stance": "%s", "split": "val"}\n'
    data.write_text(line % ("iPhone", "favor") * 3 + line % ("公厕", "none"), "utf-8")
    stages = (Stage(name="one", sources=()),)
    config = TrainConfig(stages=stages, ship=("one",), validate_on=("data",), without=("iphone",))
    assert calibrate.calibrate(tmp_path, config, data).decision.prior == (0, 0, 1)


@pytest.mark.parametrize("real", ["gold", "data"])
def test_the_spread_is_that_between_policies_of_real_comments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, real: str
) -> None:
    found = {
        real: rows(real, 20, 100, 0.25),
        "comments": rows("comments", 90, 100, 0),
        "others": rows("others", 40, 100, 0),
        "nlpcc": rows("nlpcc", 5, 100, 0),
    }
    monkeypatch.setattr(calibrate, "rows_of", lambda name, *_: found[name])
    stages = (Stage(name="one", sources=()),)
    for sources in ((real,), tuple(found), ("comments", "others")):
        config = TrainConfig(stages=stages, ship=("one",), validate_on=sources)
        spread = calibrate.calibrate(tmp_path, config).policy_spread
        if real in sources:
            assert spread == pytest.approx(0.25 / np.sqrt(2), abs=0.03)
        else:
            assert spread == SPREAD


@pytest.mark.parametrize(("marked", "times"), [((0, 4), 2.0), ((5, 9), 1.0)])
def test_a_clause_that_names_the_policy_counts_more_where_annotators_mark_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, marked: tuple[int, int], times: float
) -> None:
    row = Example("限行", "支持限行，早点开始", 0, names=("限行",), spans=(marked,))
    monkeypatch.setattr(calibrate, "rows_of", lambda *_: [row] * 150)
    config = TrainConfig(
        stages=(Stage(name="one", sources=()),), ship=("one",), validate_on=("gold",)
    )
    assert calibrate.calibrate(tmp_path, config).decision.evidence_named == times


def test_a_few_marked_rows_choose_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = Example("限行", "支持限行，早点开始", 0, names=("限行",), spans=((0, 4),))
    monkeypatch.setattr(calibrate, "rows_of", lambda *_: [row] * 50)
    config = TrainConfig(
        stages=(Stage(name="one", sources=()),), ship=("one",), validate_on=("gold",)
    )
    found = calibrate.calibrate(tmp_path, config).decision
    assert found.evidence_named == load_manifest(SHIPPED).decision.evidence_named
