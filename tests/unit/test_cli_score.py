"""``minyi model score`` and ``compare`` on a file of one's own; need the ``train`` extra."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from minyi.cli.training import TRAINING
from models.artifact import MANIFEST, SHIPPED
from models.rows.shared import SHARED_VARIABLE
from tests.unit.cli_runner import Cli
from tests.unit.tiny_bert import extra

pytestmark = pytest.mark.usefixtures("same_logging")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in TRAINING:
        extra(name)
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)
    monkeypatch.setattr("models.scoring.compare.DRAWS", 5)
    return Cli(tmp_path / "var", monkeypatch)


def written(path: Path, *splits: str) -> Path:
    rows = [
        {"text": f"第{number}次支持限行", "policy": "driving-restriction", "split": split}
        for number, split in enumerate(splits)
    ]
    path.write_text("".join(json.dumps(row | {"stance": "favor"}) + "\n" for row in rows))
    return path


def test_rows_to_be_trained_on_are_not_taken_for_test_rows(cli: Cli, tmp_path: Path) -> None:
    data = written(tmp_path / "my.jsonl", "train", "val")
    for command in (("score", "--artifact", SHIPPED), ("compare", SHIPPED, SHIPPED)):
        told = cli.told("model", *command, "--split", "test", "--data", data)
        assert f'{data} has no test rows: give some "split": "test"' in told
        written(tmp_path / "tested.jsonl", "train", "test")
        printed = cli("model", *command, "--split", "test", "--data", tmp_path / "tested.jsonl")
        assert "rows:" not in printed


def test_an_artifact_that_is_missing_is_told_before_anything_is_tagged(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tagged(*_: object) -> None:
        pytest.fail("tagged")

    monkeypatch.setattr("models.runtime.OnnxTagger.logits", tagged)
    data = written(tmp_path / "my.jsonl", "val")
    told = cli.told("model", "compare", SHIPPED, tmp_path / "none", "--data", data)
    assert f"no tagger in {tmp_path / 'none'}" in told


def test_scores_of_rows_to_be_trained_on_are_told_and_not_saved(cli: Cli, tmp_path: Path) -> None:
    data = written(tmp_path / "my.jsonl", "train", "train")
    artifact = shutil.copytree(SHIPPED, tmp_path / "artifact")
    score = ("model", "score", "--artifact", artifact, "--data", data)
    for command in (score, ("model", "compare", SHIPPED, artifact, "--data", data)):
        assert "my.jsonl has no validation rows" in cli(*command)
    told = cli.told(*score, "--save")
    assert "has no validation rows" in told
    assert '"split": "val"' in told
    assert (artifact / MANIFEST).read_bytes() == (SHIPPED / MANIFEST).read_bytes()
    assert "holds no rows to score" in cli.told(*score[:-1], written(tmp_path / "none.jsonl"))


def test_what_own_comments_do_not_hold_is_no_score_of_theirs(cli: Cli, tmp_path: Path) -> None:
    """Cells without a row would count as zero; a baseline is trained on the corpora."""
    data = tmp_path / "my.jsonl"
    row = {"policy": "driving-restriction", "stance": "favor", "split": "val"}
    marked = row | {"text": "限行以后路上真的不堵了，效果很好", "evaluation": ["effect+"]}
    bare = row | {"text": "支持限行", "evaluation": []}
    data.write_text(f"{json.dumps(marked)}\n{json.dumps(bare)}\n")
    printed = cli("model", "score", "--artifact", SHIPPED, "--data", data)
    assert "my.jsonl: evaluation, macro-F1 of the 1 cells that are there" in printed
    assert "all 12 cells" not in printed
    assert "SVM" not in printed


def test_evaluation_is_judged_on_the_rows_that_have_one(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "my.jsonl"
    row = {"policy": "driving-restriction", "stance": "favor", "split": "val"}
    marked = row | {"text": "限行以后路上真的不堵了，效果很好", "evaluation": ["effect+"]}
    bare = row | {"text": "支持限行", "evaluation": []}
    unjudged = row | {"text": "早高峰还是堵，限行没有效果"}
    data.write_text("".join(f"{json.dumps(r)}\n" for r in (marked, unjudged, bare, unjudged)))
    figures = cli("model", "score", "--artifact", SHIPPED, "--data", data)
    assert rows_told(figures, "my.jsonl: stance, macro-F1") == 4
    assert rows_told(figures, "my.jsonl: evaluation, micro-F1") == 2
    compared = cli("model", "compare", SHIPPED, SHIPPED, "--data", data)
    assert rows_told(compared, "stance right") == 4
    assert rows_told(compared, "evaluation, macro-F1") == 2

    data.write_text(f"{json.dumps(unjudged)}\n")
    assert "evaluation" not in cli("model", "score", "--artifact", SHIPPED, "--data", data)


def rows_told(printed: str, name: str) -> int:
    """Return the last column of a score's line."""
    [line] = [line for line in printed.splitlines() if f" {name} " in line]
    return int(line.strip(" │|").split()[-1])
