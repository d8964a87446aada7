"""Rows and configurations of training; needs the ``train`` extra where it says so."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.errors import SettingError
from minyi.settings import ROOT
from models.inputs import CELLS, STANCES
from models.rows.examples import CELL_INDEX, UNKNOWN, cells_of, held_out, policies
from models.rows.labels import UNSEEN, challenge, comments, stream
from models.rows.shared import SHARED_VARIABLE, shared_folder
from models.rows.sources import OWN, SOURCES, rows_of, sources
from models.training.config import BEFORE, Source, Stage, load_config


def test_our_comments_are_split_without_overlap() -> None:
    train, val = comments("train"), comments("val")
    assert not {row.text for row in train} & {row.text for row in val}
    assert 0.07 < len(val) / len(train + val) < 0.13
    positive = np.array([row.evaluation for row in train])
    assert set(np.unique(positive)) == {0, 1}
    assert (positive.sum(0) >= 20).all()


def test_no_training_comment_speaks_of_a_policy_that_is_kept_unseen() -> None:
    unseen = {policies()[name].title for name in UNSEEN}
    for row in comments("train") + comments("val"):
        assert not unseen & set(row.names)


def test_challenge_and_stream_have_a_stance_and_every_cell_in_each_row() -> None:
    for row in challenge() + stream():
        assert row.stance in range(len(STANCES))
        assert set(row.evaluation) <= {0, 1}
        assert row.group


def test_cells_are_named_as_in_the_label_files() -> None:
    assert CELL_INDEX["effect+"] == 0
    assert CELL_INDEX["service-"] == 11


@given(st.sets(st.sampled_from(sorted(CELL_INDEX))))
def test_cells_that_are_named_are_one_and_the_others_zero(names: set[str]) -> None:
    marks = cells_of(names)
    assert len(marks) == len(CELLS)
    assert {name for name, index in CELL_INDEX.items() if marks[index] == 1} == names
    assert UNKNOWN not in marks


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_held_out_is_a_fixed_share(share: float) -> None:
    held = sum(held_out(str(number), share) for number in range(5000)) / 5000
    assert held == pytest.approx(share, abs=0.02)


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_part_holds_out_what_a_smaller_one_did(key: str, one: float, two: float) -> None:
    small, large = sorted((one, two))
    assert not held_out(key, small) or held_out(key, large)
    assert held_out(key, 1)
    assert not held_out(key, 0)


def test_shipped_configurations_name_sources_and_stages_that_there_are(tmp_path: Path) -> None:
    known = sources(tmp_path / "my.jsonl")
    for path in (ROOT / "models" / "configs").glob("*.toml"):
        config = load_config(path)
        stages = {stage.name for stage in config.stages}
        assert set(config.ship) <= stages | {BEFORE}
        assert {*config.validate_on, *config.wide} <= set(known)
        assert {source.name for stage in config.stages for source in stage.sources} <= set(known)


def test_rows_that_name_a_word_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "my.jsonl"
    line = '{"text": "好", "policy": "%s", "stance": "none", "split": "train"}\n'
    path.write_text("".join(line % policy for policy in ("公厕", "禁摩限电", "iPhone")), "utf-8")
    found = rows_of(OWN, "train", path, without=("禁摩", "iphone"))
    assert [row.context for row in found] == ["公厕"]
    assert len(rows_of(OWN, "train", path)) == 3


def test_a_source_that_is_not_there_says_which_are() -> None:
    with pytest.raises(SettingError, match="no source tweets; known are nlpcc, "):
        rows_of("tweets", "train")
    with pytest.raises(SettingError, match="give --data FILE"):
        rows_of(OWN, "train")
    assert OWN not in SOURCES


def test_a_wrong_configuration_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no configuration"):
        load_config(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    for text, said in (("batch = 0", "batch"), ("stages = [", "bad.toml"), ("batsh = 8", "batsh")):
        bad.write_text(text)
        with pytest.raises(SettingError, match=said):
            load_config(bad)
    bad.write_bytes("# 配方".encode("gbk"))
    for path in (bad, tmp_path):
        with pytest.raises(SettingError, match=f"{path}: "):
            load_config(path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("validate_weights = { gold = 4, tweets = 2 }", "tweets not in validate_on"),
        ("validate_weights = { gold = 0 }", "validate_weights.gold"),
        ('[[stages]]\nname = "a"\nsources = [{ name = "gold", take = -5 }]', "sources.0.take"),
        ('ship = ["words"]', "ship: words learned no labels"),
        ('[[stages]]\nname = "words"\nsources = []', "stages: words is taken"),
        ('[[stages]]\nname = "checkpoint"\nsources = []', "stages: checkpoint is taken"),
        ('[[stages]]\nname = "../words"\nsources = []', "stages.0.name"),
        ('ship = ["before", "lnog"]', "ship: lnog is no stage; there are words, before"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(tmp_path: Path, more: str, said: str) -> None:
    stage = '[[stages]]\nname = "words"\ntask = "words"\nsources = [{ name = "posts" }]\n'
    ship = "" if more.startswith("ship") else 'ship = ["before"]\n'
    path = tmp_path / "recipe.toml"
    path.write_text(f"{ship}{more}\n{stage}")
    with pytest.raises(SettingError, match=said):
        load_config(path)


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


def test_batches_hold_every_row_once_and_alike_lengths() -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    from models.training.batches import bucketed

    lengths = [random.Random(1).randrange(10, 128) for _ in range(500)]
    batches = bucketed(lengths, 16, random.Random(2))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    assert batches == bucketed(lengths, 16, random.Random(2))
    spread = [max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches]
    assert np.mean(spread) < 10


def test_rows_are_taken_and_repeated_as_the_recipe_says(tmp_path: Path) -> None:
    for extra in ("torch", "transformers"):
        pytest.importorskip(extra, reason="needs the train extra")
    from models.training.train import mixture

    path = tmp_path / "my.jsonl"
    line = '{{"text": "第{}条", "policy": "公厕", "stance": "none", "split": "train"}}\n'
    path.write_text("".join(line.format(number) for number in range(20)), "utf-8")

    def texts(**part: int) -> list[str]:
        stage = Stage(name="one", sources=(Source(name=OWN, **part),))
        return [row.text for row in mixture(stage, 7, path)]

    assert sorted(texts(repeat=2)) == sorted([f"第{number}条" for number in range(20)] * 2)
    first = texts(take=5)
    assert len(set(first)) == 5
    assert first == texts(take=5)
    nothing = Stage(name="one", sources=(Source(name=OWN),))
    with pytest.raises(SettingError, match="stage one: its sources hold no rows"):
        mixture(nothing, 7, path, without=("公厕",))


def test_what_a_stage_drops_is_dropped_in_training_only(tmp_path: Path) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from models.training.network import TaggerNetwork

    shape = transformers.BertConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    transformers.BertModel(shape, add_pooling_layer=False).save_pretrained(tmp_path)
    network = TaggerNetwork.from_base(tmp_path)
    ids = torch.randint(0, 20, (4, 9))
    inputs = ids, torch.ones_like(ids), torch.ones_like(ids)
    whole = network.eval()(*inputs).stance
    assert torch.equal(network.train()(*inputs).stance, whole)
    network.drop(0.3)
    assert not torch.equal(network.train()(*inputs).stance, whole)
    assert torch.equal(network.eval()(*inputs).stance, whole)


def test_dropping_keeps_the_mean_and_is_the_same_for_all_tokens_of_a_text() -> None:
    torch = pytest.importorskip("torch")
    from models.training.network import _FeatureDropout

    torch.manual_seed(1)
    found = _FeatureDropout(0.25)(torch.ones(50, 3, 400))
    assert torch.equal(found, found[:, :1].expand_as(found))
    assert found.unique().tolist() == pytest.approx([0, 4 / 3])
    assert found.mean().item() == pytest.approx(1, abs=0.02)
