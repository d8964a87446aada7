"""The labels that come with the project."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minyi.errors import SettingError
from minyi.text import fold, normalise
from minyi.vocabulary import Stance
from models.inputs import policy_context, policy_names
from models.rows import labels
from models.rows.examples import (
    CELL_INDEX,
    STANCE_INDEX,
    Example,
    held_out,
    policies,
)
from models.rows.labels import (
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
from models.rows.shared import SHARED_VARIABLE


@pytest.fixture(autouse=True)
def no_corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of this needs the public corpora."""
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)


def row_of(label: dict[str, Any]) -> tuple[str, int]:
    return label["dataset"], label["id"] if "id" in label else label["row"]


def table(name: str) -> list[list[str]]:
    with (LABELS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


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


def test_no_post_on_what_was_talked_of_validates_elsewhere() -> None:
    validates = {"targets.tsv": 0.05, "measures.tsv": 0.1}
    apart = {
        tuple(row[:2])
        for name, share in validates.items()
        for row in table(name)
        if held_out(":".join(row[:2]), share)
    }
    assert not apart & {tuple(row[:2]) for row in table("inferred.tsv")}


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


@pytest.mark.parametrize("spans", ["", "3", "3-", "3-17,", "3-17-20", "a-b", "3–17"])
def test_clauses_that_cannot_be_read_are_told_with_their_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spans: str
) -> None:
    rows = [f"posts\t{place}\t停车\tf\t-\t{field}\n" for place, field in ((0, "3-17"), (1, spans))]
    (tmp_path / "measures.tsv").write_text("".join(rows), "utf-8")
    monkeypatch.setattr(labels, "LABELS", tmp_path)
    monkeypatch.setattr(labels, "_texts", lambda dataset: {0: "停车", 1: "停车"})
    for split in ("train", "val"):
        with pytest.raises(SettingError, match=r"measures\.tsv, line 2: .*3-17,40-52"):
            labels.measures(split)


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
    """``models.rows.corpora.nlpcc`` keeps this tenth; our labels of its rows keep to it."""
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
