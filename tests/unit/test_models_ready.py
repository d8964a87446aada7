"""What is told before a training instead of after it; needs the ``train`` extra."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minyi.cli.training import TRAINING
from minyi.errors import SettingError
from models.artifact import file_hash
from models.rows.shared import SHARED_VARIABLE
from models.rows.sources import data_hashes
from models.training.base import SHARED, Base
from models.training.config import BEFORE, Source, Stage, TrainConfig
from tests.unit.cli_runner import Cli
from tests.unit.tiny_bert import extra, write_own

for _name in TRAINING:
    extra(_name)
models_ready: Any = extra("models.training.ready")
ready, hashes = models_ready.ready, models_ready.hashes

OWN = Stage(name="own", sources=(Source(name="data"),))
WRITTEN = Stage(name="own", sources=(Source(name="comments"),))
RECIPE = TrainConfig(stages=(OWN,), ship=("own",), validate_on=("data",))


@pytest.fixture(autouse=True)
def no_corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)


def base(folder: Path) -> Base:
    return Base(folder, "a base", "its licence", sentences=False)


def written(path: Path, *splits: str) -> Path:
    row = {"text": "好", "policy": "driving-restriction", "stance": "favor"}
    path.write_text("".join(json.dumps(row | {"split": split}) + "\n" for split in splits))
    return path


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ship": (BEFORE, "own")}, "ship: before needs a tagger to go on from"),
        ({"stages": (OWN, Stage(name="b", sources=(Source(name="tweets"),)))}, "no source tweets"),
        ({"wide": ("tweets",)}, "no source tweets"),
        ({"validate_on": ("tweets",)}, "no source tweets"),
        ({"validate_on": ()}, "no rows to calibrate on"),
        ({"without": ("限行",)}, r"my\.jsonl has no rows to train on"),
        ({"without": ("限行",), "stages": (WRITTEN,)}, "no rows to calibrate on"),
        ({"validate_on": ("gold",)}, f"set {SHARED_VARIABLE}"),
        ({"wide": ("gold",)}, f"set {SHARED_VARIABLE}"),
    ],
)
def test_a_recipe_that_would_fail_in_the_end_is_refused(
    tmp_path: Path, more: dict[str, object], said: str
) -> None:
    data = written(tmp_path / "my.jsonl", "train", "val")
    recipe = RECIPE.model_copy(update=more)
    with pytest.raises(SettingError, match=said):
        ready(recipe, base(tmp_path), data)


def test_rows_to_validate_on_are_needed_and_labels_in_them(tmp_path: Path) -> None:
    data = written(tmp_path / "my.jsonl", "train")
    with pytest.raises(SettingError, match=r"no rows to calibrate on.* data"):
        ready(RECIPE, base(tmp_path), data)
    with pytest.raises(SettingError, match="give --data FILE"):
        ready(RECIPE, base(tmp_path), None)


def test_a_recipe_that_has_all_it_needs_is_taken(tmp_path: Path) -> None:
    (tmp_path / "heads.pt").touch()
    data = written(tmp_path / "my.jsonl", "train", "val")
    ready(RECIPE.model_copy(update={"ship": (BEFORE, "own")}), base(tmp_path), data)
    ready(RECIPE.model_copy(update={"validate_on": ("contrasts", "data")}), base(tmp_path), data)


def test_a_corpus_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    with pytest.raises(SettingError, match=r"nlpcc2016_stance\.jsonl\.xz"):
        data_hashes(corpora=True)


def test_the_corpora_are_hashed_where_rows_or_the_text_vector_are_read_from_them(
    tmp_path: Path,
) -> None:
    data = written(tmp_path / "my.jsonl", "train", "val")
    other, shared = base(tmp_path), replace(base(tmp_path), sentences=True)
    own = RECIPE.model_copy(update={"wide": ("data", "comments")})
    assert {"my.jsonl", "train_comments.tsv"} <= hashes(own, other, data).keys()
    for recipe, start in (
        (own.model_copy(update={"wide": ("data", "gold")}), other),
        (own, shared),
    ):
        with pytest.raises(SettingError, match=f"set {SHARED_VARIABLE}"):
            hashes(recipe, start, data)


@pytest.mark.parametrize("name", ["train_others.tsv", "education.yaml", "opinions_gold.jsonl"])
def test_own_comments_called_like_a_file_of_the_project_are_hashed_beside_it(
    tmp_path: Path, name: str
) -> None:
    data = written(tmp_path / name, "train")
    found = data_hashes(False, data)
    assert found == data_hashes(False) | {f"data/{name}": file_hash(data)}
    free = written(tmp_path / "my.jsonl", "train")
    assert data_hashes(False, free) == data_hashes(False) | {"my.jsonl": file_hash(free)}


def test_what_the_text_vector_is_fitted_to_is_looked_for_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written(tmp_path / "my.jsonl", "train", "val")
    tagger = replace(base(tmp_path), name=f"{SHARED}, by way of tagger 1")
    ready(RECIPE, tagger, data)
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    with pytest.raises(SettingError, match=f"has no folder data; .* set {SHARED_VARIABLE}"):
        ready(RECIPE, tagger, data)
    (tmp_path / "data").mkdir()
    with pytest.raises(SettingError, match=r"to_hf\.py is missing"):
        ready(RECIPE, tagger, data)


def test_own_comments_that_are_all_held_out_are_told(tmp_path: Path) -> None:
    data = written(tmp_path / "my.jsonl", "val", "test")
    with pytest.raises(SettingError, match=r"my\.jsonl has no rows to train on"):
        ready(RECIPE, base(tmp_path), data)


def test_nothing_is_trained_that_cannot_be_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write_own(tmp_path)
    own.data.write_text(own.data.read_text("utf-8").replace('"val"', '"train"'), "utf-8")
    cli = Cli(tmp_path / "var", monkeypatch)
    assert "no rows to calibrate on" in cli.told(*own.train(tmp_path / "run"))
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
