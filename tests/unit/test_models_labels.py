"""Labelled comments: those of users, line by line, and those that come with the project."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minyi.errors import SettingError
from minyi.text import fold, normalise
from minyi.vocabulary import Stance
from models import labels
from models.config import SHARED_VARIABLE
from models.examples import (
    CELL_INDEX,
    STANCE_INDEX,
    UNKNOWN,
    Example,
    cells_of,
    held_out,
    policies,
)
from models.inputs import CELLS, policy_context, policy_names
from models.labels import (
    LABELS,
    LETTERS,
    UNSEEN,
    challenge,
    comments,
    gold_labels,
    held_back,
    others,
    stream,
)
from models.own import read_labelled

GOOD: dict[str, Any] = {
    "text": "限号限得好，路上不堵了",
    "policy": "driving-restriction",
    "stance": "favor",
    "split": "train",
}


@pytest.fixture(autouse=True)
def no_corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of this needs the public corpora."""
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)


def written(path: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def row_of(label: dict[str, Any]) -> tuple[str, int]:
    return label["dataset"], label["id"] if "id" in label else label["row"]


def table(name: str) -> list[list[str]]:
    with (LABELS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_a_row_on_a_policy_of_the_registry_is_read_as_that_policy(tmp_path: Path) -> None:
    path = written(tmp_path / "my.jsonl", GOOD | {"evaluation": ["effect+", "cost-"]})
    [row] = read_labelled(path, "train")
    policy = policies()["driving-restriction"]
    assert (row.context, row.names) == (policy_context(policy), policy_names(policy))
    assert row.text == GOOD["text"]
    assert row.stance == STANCE_INDEX[Stance.FAVOR]
    assert row.evaluation == cells_of(["effect+", "cost-"])


def test_a_policy_may_be_any_title(tmp_path: Path) -> None:
    path = written(tmp_path / "my.jsonl", GOOD | {"policy": "校園ＷiFi全覆蓋", "stance": "Against"})
    [row] = read_labelled(path, "train")
    assert row.context == fold("校園ＷiFi全覆蓋") == "校园wifi全覆盖"
    assert row.names == (row.context,)
    assert row.stance == STANCE_INDEX[Stance.AGAINST]


def test_what_was_not_judged_is_unknown_and_an_empty_list_is_nothing(tmp_path: Path) -> None:
    path = written(
        tmp_path / "my.jsonl", GOOD, GOOD | {"evaluation": None}, GOOD | {"evaluation": []}
    )
    absent, null, nothing = (row.evaluation for row in read_labelled(path, "train"))
    assert absent == null == (UNKNOWN,) * len(CELLS)
    assert nothing == (0,) * len(CELLS)


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "my.jsonl"
    path.write_text(f"\n{json.dumps(GOOD)}\n   \n{json.dumps(GOOD)}\n", "utf-8-sig")
    assert len(read_labelled(path, "train")) == 2
    assert read_labelled(written(path, ""), "train") == []


def test_a_text_keeps_whatever_characters_it_has(tmp_path: Path) -> None:
    text = "第一段\u2028第二段\x85第三段\x0b完"
    path = tmp_path / "my.jsonl"
    path.write_text(
        json.dumps(GOOD | {"text": text}, ensure_ascii=False) + "\r\n" + json.dumps(GOOD), "utf-8"
    )
    assert [row.text for row in read_labelled(path, "train")] == [text, GOOD["text"]]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text("一二三四五六七八九十", min_size=1), min_size=1, max_size=60))
def test_without_a_split_every_row_is_in_one_and_where_does_not_depend_on_others(
    tmp_path: Path, texts: set[str]
) -> None:
    own = [GOOD | {"split": None, "text": text} for text in sorted(texts)]
    path = written(tmp_path / "my.jsonl", *own)
    train, val = ({row.text for row in read_labelled(path, s)} for s in ("train", "val"))
    assert train | val == texts
    assert not train & val
    half = written(tmp_path / "half.jsonl", *own[::2])
    assert {row.text for row in read_labelled(half, "val")} <= val


def test_without_a_split_a_tenth_is_held_out_and_a_given_one_counts(tmp_path: Path) -> None:
    rows = [GOOD | {"text": f"第{number}条评论"} for number in range(1000)]
    given_split = written(
        tmp_path / "given.jsonl", *rows[:10], *(r | {"split": "val"} for r in rows[10:])
    )
    assert len(read_labelled(given_split, "train")) == 10
    assert len(read_labelled(given_split, "val")) == 990
    free = written(tmp_path / "free.jsonl", *(row | {"split": None} for row in rows))
    assert 70 < len(read_labelled(free, "val")) < 130


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{", ""),
        ("[1, 2]", ""),
        ("支持限行", ""),
        (GOOD | {"text": ""}, "text missing"),
        (GOOD | {"policy": None, "stance": ""}, "policy, stance missing; needed are text"),
        ({}, "text, policy, stance missing"),
        (GOOD | {"stance": "pro"}, "pro"),
        (GOOD | {"stance": 1}, ""),
        (GOOD | {"policy": ["限行"]}, ""),
        (GOOD | {"evaluation": ["price-"]}, "no such evaluation: price-; known: effect+"),
        (GOOD | {"evaluation": "cost-"}, "no such evaluation"),
        (GOOD | {"evaluation": 5}, ""),
        (GOOD | {"text": 5}, ""),
        (GOOD | {"text": 5, "split": None}, ""),
        (GOOD | {"split": "dev"}, "dev"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(
    tmp_path: Path, wrong: dict[str, Any] | str, said: str
) -> None:
    path = written(tmp_path / "my.jsonl", GOOD, "", wrong, GOOD)
    with pytest.raises(SettingError, match=rf"my\.jsonl, line 3: .*{re.escape(said)}"):
        read_labelled(path, "train")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.jsonl"):
        read_labelled(tmp_path / "none.jsonl", "train")
    (tmp_path / "gbk.jsonl").write_bytes("支持限行".encode("gbk"))
    with pytest.raises(SettingError, match=r"gbk\.jsonl"):
        read_labelled(tmp_path / "gbk.jsonl", "train")


def test_gold_labels_name_policies_stances_cells_and_splits_that_there_are() -> None:
    for label in gold_labels():
        assert label["policy"] in policies()
        assert label["stance"] in set(Stance)
        assert set(label["evaluation"]) <= set(CELL_INDEX)
        assert label["split"] in {"train", "val", "test"}
        assert ("id" in label) != ("row" in label)
        assert "text" not in label
        for start, end in label.get("spans", ()):
            assert 0 <= start < end
    counts = Counter(label["split"] for label in gold_labels())
    assert min(counts.values()) > 0.05 * counts.total()


def test_a_row_that_only_touches_a_word_says_nothing_of_the_policy() -> None:
    apart = [label for label in gold_labels() if not label.get("about", True)]
    assert apart
    for label in apart:
        assert (label["stance"], label["evaluation"]) == ("none", [])
        assert "spans" not in label


def test_the_pairs_of_a_row_share_one_split_and_none_stands_twice() -> None:
    splits, pairs = defaultdict(set), Counter[tuple[tuple[str, int], str]]()
    for label in gold_labels():
        splits[row_of(label)].add(label["split"])
        pairs[row_of(label), label["policy"]] += 1
    assert {len(found) for found in splits.values()} == {1}
    assert set(pairs.values()) == {1}


def test_unseen_policies_are_only_tested_on() -> None:
    assert set(policies()) >= UNSEEN
    pairs = {(label["policy"], label["split"]) for label in gold_labels()}
    assert {pair for pair in pairs if pair[0] in UNSEEN} == {(name, "test") for name in UNSEEN}


@pytest.mark.parametrize("dataset", ["nlpcc2016_stance", "c_stance"])
def test_rows_of_a_training_corpus_that_gold_holds_out_are_known(dataset: str) -> None:
    own = [label for label in gold_labels() if label["dataset"] == dataset]
    out = {row_of(label)[1] for label in own if label["split"] in {"val", "test"}}
    assert held_back(dataset) == out
    assert out
    assert not out & {row_of(label)[1] for label in own if label["split"] == "train"}


@pytest.mark.parametrize(
    ("name", "longest"),
    [("targets.tsv", 24), ("nouns.tsv", 16), ("inferred.tsv", 16), ("measures.tsv", 16)],
)
def test_what_a_text_speaks_of_is_named_once_and_takes_a_side_or_none(
    name: str, longest: int
) -> None:
    rows = table(name)
    assert {row[3] for row in rows} == set(LETTERS)
    assert all(0 < len(row[2]) <= longest and row[1].isdecimal() for row in rows)
    assert max(Counter((*row[:2], fold(row[2])) for row in rows).values()) == 1


@pytest.mark.parametrize("name", ["targets.tsv", "nouns.tsv", "inferred.tsv"])
def test_no_text_that_gold_holds_out_has_a_target(name: str) -> None:
    apart = {row_of(label) for label in gold_labels() if label["split"] != "train"}
    assert not apart & {(row[0], int(row[1])) for row in table(name)}


@pytest.mark.parametrize("name", ["nouns.tsv", "inferred.tsv", "measures.tsv"])
def test_no_target_is_an_unseen_policy(name: str) -> None:
    unseen = {word for policy in UNSEEN for word in policy_names(policies()[policy])}
    assert [row[2] for row in table(name) if any(word in row[2] for word in unseen)] == []


def test_evaluations_of_measures_are_cells() -> None:
    rows = table("measures.tsv")
    assert {cell for row in rows if row[4] != "-" for cell in row[4].split(",")} <= set(CELL_INDEX)


@pytest.mark.parametrize("source", [labels.nouns, labels.inferred, labels.nlpcc_unlabelled])
def test_some_sources_only_train(source: Callable[[str], list[Example]]) -> None:
    assert source("val") == source("test") == []


def test_a_text_with_measures_and_policies_stands_in_one_split() -> None:
    split = {row_of(label): label["split"] for label in gold_labels()}
    for row in table("measures.tsv"):
        place = row[0], int(row[1])
        measured = "val" if held_out(f"{row[0]}:{row[1]}", 0.1) else "train"
        assert split.get(place, measured) == measured, row


def test_clauses_of_a_measure_are_marked_for_a_side_only() -> None:
    marked = [row for row in table("measures.tsv") if row[5] != "-"]
    assert marked
    for row in marked:
        spans = [tuple(map(int, span.split("-"))) for span in row[5].split(",")]
        assert row[3] != "n"
        assert 1 <= len(set(spans)) == len(spans) <= 4
        assert all(0 <= start < end for start, end in spans)


def test_unlabelled_rows_of_nlpcc_are_read_once() -> None:
    rows = table("nlpcc_unlabelled.tsv")
    assert {row[1] for row in rows} == set(LETTERS)
    assert len({int(row[0]) for row in rows}) == len(rows) > 2000


def test_all_sides_and_a_third_of_the_others_are_read_of_nlpccs_unlabelled_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = table("nlpcc_unlabelled.tsv")
    posts = [{"id": int(r[0]), "split": "unlabelled", "target": "t", "text": r[0]} for r in rows]
    monkeypatch.setattr(labels, "corpus", lambda name: posts)
    read = Counter(row.stance for row in labels.nlpcc_unlabelled("train"))
    held = Counter(STANCE_INDEX[LETTERS[row[1]]] for row in rows)
    none = STANCE_INDEX[Stance.NONE]
    assert {**read, none: 0} == {**held, none: 0}
    assert read[none] == pytest.approx(held[none] / 3, rel=0.1)


def test_no_nlpcc_row_that_validates_is_trained_on() -> None:
    """``models.corpora.nlpcc`` keeps this tenth; our labels of its rows keep to it."""
    own = [label for label in gold_labels() if label["dataset"] == "nlpcc2016_stance"]
    trained = [label["id"] for label in own if label["split"] == "train"]
    assert trained
    assert not [number for number in trained if held_out(f"nlpcc{number}", 0.1)]


def test_challenge_cases_are_many_and_never_trained_on() -> None:
    rows = table("challenge.tsv")
    assert len(challenge()) == len(rows) >= 200
    assert len({row[0] for row in rows}) == len(rows)
    assert all(row[0].startswith(f"{row[1]}-") for row in rows)
    trained = {normalise(row[5]) for row in table("train_comments.tsv")}
    assert not trained & {normalise(row[5]) for row in rows}


WRITTEN = ("train_comments.tsv", "train_contrasts.tsv", "train_others.tsv")


def test_no_comment_is_written_twice_or_in_the_challenge_or_the_stream() -> None:
    texts = Counter(normalise(row[5]) for name in WRITTEN for row in table(name))
    assert [text for text, count in texts.items() if count > 1] == []
    scored = {normalise(row.text) for row in (*challenge(), *stream())}
    assert not scored & texts.keys()


@pytest.mark.parametrize("name", WRITTEN)
def test_training_comments_are_well_formed(name: str) -> None:
    rows = table(name)
    assert {len(row) for row in rows} == {6}
    for ids, stances, cells, style, title, text in rows:
        assert style
        assert title.strip()
        assert text.strip()
        if ids == "-":
            continue
        known = policies() if name != "train_others.tsv" else {ids}
        assert set(ids.split(";")) <= set(known)
        assert set(stances.split(";")) <= set(LETTERS)
        assert len(ids.split(";")) == len(stances.split(";")) == len(cells.split(";"))
        named = {cell for part in cells.split(";") if part != "-" for cell in part.split(",")}
        assert named <= set(CELL_INDEX)
    assert len(comments("train")) > len(comments("val")) > 0


def test_a_policy_outside_the_registry_is_trained_on_or_validates() -> None:
    train, val = others("train"), others("val")
    assert val
    assert len(train) + len(val) == len(table("train_others.tsv"))
    assert not {row.context for row in train} & {row.context for row in val}
    own = {policy_context(policy) for policy in policies().values()}
    for row in train + val:
        assert row.context not in own
        assert row.context.startswith(row.names[0])
        assert fold(row.group) == row.names[0]
