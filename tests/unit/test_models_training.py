"""Rows, figures and configurations of training; needs the ``train`` extra where it says so."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.errors import SettingError
from minyi.settings import ROOT
from minyi.vocabulary import Stance
from models.config import SHARED_VARIABLE, load_config, shared_folder
from models.data import CELL_INDEX, NLPCC_OPPOSED, Example, comments, held_out, nlpcc_as_policies
from models.inputs import STANCES


def test_our_comments_are_split_without_overlap() -> None:
    train, val = comments("train"), comments("val")
    assert not {row.text for row in train} & {row.text for row in val}
    assert 0.08 < len(val) / len(train + val) < 0.25
    positive = np.array([row.evaluation for row in train])
    assert set(np.unique(positive)) == {0, 1}
    assert (positive.sum(0) >= 20).all()


def test_cells_are_named_as_in_the_label_files() -> None:
    assert CELL_INDEX["effect+"] == 0
    assert CELL_INDEX["service-"] == 11


def test_a_target_that_the_policy_forbids_turns_the_stance() -> None:
    target = next(iter(NLPCC_OPPOSED))
    favor, against = STANCES.index(Stance.FAVOR), STANCES.index(Stance.AGAINST)
    row = Example(target, "过年就要放鞭炮", favor, group=target)
    [turned] = nlpcc_as_policies([row])
    assert turned.stance == against
    assert "禁" in turned.context


def test_held_out_is_a_fixed_share() -> None:
    share = sum(held_out(str(number), 0.2) for number in range(5000)) / 5000
    assert share == pytest.approx(0.2, abs=0.02)


def test_shipped_configurations_are_valid() -> None:
    for path in (ROOT / "models" / "configs").glob("*.toml"):
        assert load_config(path).stages


def test_a_wrong_configuration_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no configuration"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("batch = 0")
    with pytest.raises(SettingError, match="batch"):
        load_config(tmp_path / "bad.toml")


def test_the_corpora_are_only_where_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    with pytest.raises(SettingError, match=rf"{tmp_path}.*set {SHARED_VARIABLE} to the folder"):
        shared_folder()
    monkeypatch.delenv(SHARED_VARIABLE)
    with pytest.raises(SettingError, match=f"set {SHARED_VARIABLE} to the folder"):
        shared_folder()
    (tmp_path / "data").mkdir()
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    assert shared_folder() == tmp_path


def test_f_avg_counts_none_only_as_an_error() -> None:
    metrics = pytest.importorskip("models.metrics", reason="needs the train extra")
    truth, found = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])
    favor, against = 2 * 0.5 * 0.5 / (0.5 + 0.5), 2 * (2 / 3) * 1 / (2 / 3 + 1)
    assert metrics.f_avg(truth, found) == pytest.approx((favor + against) / 2)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.5, 4))
def test_the_temperature_of_overconfident_logits_is_found(factor: float) -> None:
    metrics = pytest.importorskip("models.metrics", reason="needs the train extra")
    source = np.random.default_rng(1)
    logits = source.normal(size=(4000, 3)) * 2
    truth = (logits + source.gumbel(size=logits.shape)).argmax(-1)
    assert metrics.stance_temperature(logits * factor, truth) == pytest.approx(factor, rel=0.1)


def test_a_sure_and_right_forecast_has_no_calibration_error() -> None:
    metrics = pytest.importorskip("models.metrics", reason="needs the train extra")
    assert metrics.calibration_error(np.ones(50), np.ones(50, bool)) == 0
    assert metrics.calibration_error(np.full(50, 0.9), np.zeros(50, bool)) == pytest.approx(0.9)


def test_a_cell_with_enough_rows_gets_its_own_threshold() -> None:
    metrics = pytest.importorskip("models.metrics", reason="needs the train extra")
    truth = np.zeros((100, 2), np.int64)
    truth[:40, 0] = truth[:3, 1] = 1
    chances = np.full((100, 2), 0.05)
    chances[:40, 0], chances[:3, 1] = 0.4, 0.9
    own, common = metrics.thresholds(chances, truth)
    assert own <= 0.4
    assert common <= 0.9


def test_batches_hold_every_row_once_and_alike_lengths() -> None:
    train = pytest.importorskip("models.train", reason="needs the train extra")
    lengths = [random.Random(1).randrange(10, 128) for _ in range(500)]
    batches = train.bucketed(lengths, 16, random.Random(2))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    assert batches == train.bucketed(lengths, 16, random.Random(2))
    spread = [max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches]
    assert np.mean(spread) < 10
