"""What a run was begun with; that it goes on with nothing else needs the ``train`` extra."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minyi.cli.training import TRAINING
from models.rows.examples import use_registry
from models.rows.shared import SHARED_VARIABLE
from models.rows.sources import reads_corpora
from models.training.begun import begun, changes
from models.training.config import Source, Stage, TrainConfig
from tests.unit.cli_runner import Cli
from tests.unit.tiny_bert import Own, extra, write_own

FIRST = Stage(name="first", sources=(Source(name="data"),))
SECOND = Stage(name="second", sources=(Source(name="nlpcc"),))
RECIPE = TrainConfig(stages=(FIRST, SECOND), ship=("second",))
DATA = {"my.jsonl": "1"}


def changed(recipe: TrainConfig = RECIPE, data: dict[str, str] = DATA, **more: Any) -> list[str]:
    """What differs from a run that has begun its first stage."""
    saved = json.loads(json.dumps(begun(RECIPE, 1, False, DATA)))  # plain values
    now = begun(recipe, 1, more.get("bfloat16", False), data)
    return changes(saved, now, within=more.get("within", True))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, []),
        ({"batch": 8, "evidence_weight": 1.0}, ["batch", "evidence_weight"]),
        ({"seed": 1}, ["seed"]),
        ({"stages": (FIRST.model_copy(update={"steps": 3}), SECOND)}, ["stage first (steps)"]),
        ({"stages": (SECOND,)}, ["stage first (name, sources)"]),
        ({"stages": ()}, ["stage first"]),
        ({"without": ("停车",)}, ["without"]),
        # What is not begun, how it is written and what it is judged on may change.
        ({"stages": (FIRST, SECOND.model_copy(update={"steps": 3}))}, []),
        ({"ship": ("first",), "wide": ("data",), "vector_texts": 9}, []),
        ({"validate_on": ("data",), "checkpoint_every": 7}, []),
    ],
)
def test_what_was_trained_with_is_told_apart(more: dict[str, object], said: list[str]) -> None:
    assert changed(RECIPE.model_copy(update=more)) == said


def test_other_products_and_other_files_are_told() -> None:
    assert changed(bfloat16=True) == ["bfloat16"]
    assert changed(data={"my.jsonl": "2"}) == ["my.jsonl"]
    assert changed(data={"mine.jsonl": "1"}) == ["mine.jsonl", "my.jsonl"]


def test_between_stages_other_rows_may_be_left_out() -> None:
    assert changed(RECIPE.model_copy(update={"without": ("停车",)}), within=False) == []


def test_a_recipe_of_the_projects_own_rows_reads_no_corpora() -> None:
    assert not reads_corpora(["data", "comments", "contrasts", "others"])
    assert reads_corpora(["comments", "gold"])


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)
    yield Cli(tmp_path / "var", monkeypatch)
    use_registry({})


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    for name in TRAINING:
        extra(name)
    threads = extra("torch").get_num_threads()
    extra("torch").set_num_threads(1)  # what is so small only waits for others
    yield write_own(tmp_path)
    extra("torch").set_num_threads(threads)


def test_a_run_does_not_go_on_with_another_recipe_or_other_data(
    cli: Cli, own: Own, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    go_on = own.train(run, "--until", "first")
    cli(*own.train(run, "--until", "words"))
    recipe, data = own.config.read_text(), own.data.read_text("utf-8")
    kept = (run / "recipe.toml").read_text()

    own.config.write_text(recipe.replace("batch = 16", "batch = 15"))
    assert f"{run} was begun with another stage words (batch)" in cli.told(*go_on)
    own.config.write_text("seed = 5\n" + recipe)
    told = cli.told(*go_on)
    assert "begun with another seed; give another --run, or delete the folder" in told
    assert (run / "recipe.toml").read_text() == kept
    own.config.write_text(recipe.replace("take = 24", "take = 23"))
    own.data.write_text(data.replace("支持", "赞成"), "utf-8")
    assert "begun with another my.jsonl" in cli.told(*go_on)
    own.data.write_text(data, "utf-8")
    assert "going on at stage 1" in cli(*go_on)


def test_a_run_does_not_go_on_with_a_registry_by_which_its_rows_read_otherwise(
    cli: Cli, own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``my.jsonl`` names ``driving-restriction``, which each office may call as it likes."""
    run = tmp_path / "run"
    what = "每车每周限行一天，按尾号轮换。"
    policy = f"{{id: driving-restriction, title: 五日限行, description: {what}, department: 交警}}"
    registry = tmp_path / "registry"
    registry.mkdir()
    file = registry / "ours.yaml"
    file.write_text(f"domain: transport\npolicies:\n  - {policy}\n", "utf-8")
    cli(*own.train(run, "--until", "words"))
    monkeypatch.setenv("MINYI_REGISTRY", str(registry))
    told = cli.told(*own.train(run, "--until", "words"))
    assert "begun with another MINYI_REGISTRY; give another --run, or delete the folder" in told

    other = tmp_path / "other"
    cli(*own.train(other, "--until", "words"))
    elsewhere = policy.replace("driving-restriction", "elsewhere").replace("五日", "六日")
    file.write_text(f"{file.read_text('utf-8')}  - {elsewhere}\n", "utf-8")
    assert "going on at stage 1" in cli(*own.train(other, "--until", "words"))
    file.write_text(file.read_text("utf-8").replace("五日限行", "七日限行"), "utf-8")
    assert "another MINYI_REGISTRY" in cli.told(*own.train(other, "--until", "words"))
