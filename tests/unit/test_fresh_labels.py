"""Labels that adjust the shares of their policies: as they are written, as they are read."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from minyi.cli.fresh_labels import fresh_labels
from minyi.cli.wiring import adjuster
from minyi.errors import SettingError
from minyi.settings import Settings
from minyi.vocabulary import Stance
from models.artifact import SHIPPED, load_manifest

ROW = {
    "opinion_id": "o1",
    "policy": "parking",
    "text": "停车难",
    "stance": "against",
    "model_id": "m1",
    "output": 14,
    "weight": 2.5,
}


def write(file: Path, *rows: dict[str, object]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_the_last_label_of_an_opinion_counts_and_empty_ones_do_not(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", ROW, {**ROW, "opinion_id": "o2", "stance": ""})
    write(tmp_path / "b.jsonl", {**ROW, "stance": "favor"}, {**ROW, "policy": "bus-service"})
    (tmp_path / "note.txt").write_text("not read")
    found = fresh_labels(tmp_path)
    assert set(found) == {"parking", "bus-service"}
    (label,) = found["parking"].items
    assert (label.stance, label.output, label.weight) == (Stance.FAVOR, 14, 2.5)


def test_labels_without_the_taggers_output_are_passed_over_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bare = {name: ROW[name] for name in ("opinion_id", "policy", "stance")}
    with caplog.at_level(logging.WARNING):
        assert fresh_labels(write(tmp_path / "old.jsonl", bare)) == {}
    assert "1 labels" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"output": 30}, "from 0 to 29"),
        ({"weight": 0}, "positive"),
        ({"weight": 10**400}, "too large"),
        ({"stance": "angry"}, "angry"),
        ({"policy": None, "weight": None}, "positive"),
    ],
)
def test_what_is_no_label_is_told_with_its_place(
    tmp_path: Path, wrong: dict[str, object], told: str
) -> None:
    file = write(tmp_path / "labels.jsonl", ROW, {**ROW, **wrong})
    with pytest.raises(SettingError, match=f"line 2: .*{told}"):
        fresh_labels(file)
    with pytest.raises(SettingError, match="cannot be read"):
        fresh_labels(tmp_path / "missing.jsonl")


def test_the_shipped_tagger_knows_what_it_mistakes(tmp_path: Path) -> None:
    found = adjuster(Settings(data=tmp_path, labels=write(tmp_path / "labels.jsonl", ROW)))
    assert len(found.models) == 1


def test_labels_of_another_model_are_told_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine = {**ROW, "opinion_id": "o2", "model_id": load_manifest(SHIPPED).model_id}
    labels = write(tmp_path / "labels.jsonl", ROW, mine)
    with caplog.at_level(logging.INFO):
        adjuster(Settings(data=tmp_path, labels=labels))
    assert "1 labels adjust the shares of parking" in caplog.text
    assert "1 labels of parking are of another model and adjust nothing" in caplog.text
    assert "minyi model label --policy parking" in caplog.text


def test_without_a_tagger_nothing_is_adjusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert adjuster(Settings(data=tmp_path, model=tmp_path)).models == ()
    assert "shares are not adjusted" in caplog.text
