"""Our own labels, as rows: formats and splits are told in ``data/labels/README.md``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from minyi.errors import SettingError
from minyi.settings import ROOT
from minyi.text import fold
from minyi.vocabulary import Stance
from models.inputs import CELLS, context_of
from models.rows.examples import (
    STANCE_INDEX,
    UNKNOWN,
    Example,
    about,
    cells_of,
    corpus,
    held_out,
    policies,
)

LABELS = ROOT / "data" / "labels"
STREAM = ROOT / "data" / "stream"
UNSEEN = frozenset({"parking", "wage-arrears", "waste-sorting", "maternity-support"})
"""Policies that no training row speaks of, so that scores say what a new policy gets."""
PETITIONS = "taidi2020_messages"
"""The data set whose rows have titles, and stand under ids."""
LETTERS = {"f": Stance.FAVOR, "a": Stance.AGAINST, "n": Stance.NONE}
SPANS = re.compile(r"-|\d+-\d+(,\d+-\d+)*")
"""Clauses in a field: ``3-17,40-52``, or ``-`` for none."""


def _table(name: str, fields: int, spans: bool = False) -> Iterator[list[str]]:
    """Yield the rows of a table; with ``spans`` the last field names clauses."""
    lines = (LABELS / name).read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        found = line.split("\t")
        if len(found) != fields:
            raise SettingError(f"{name}, line {number}: {len(found)} fields, not {fields}")
        if spans and not SPANS.fullmatch(found[-1]):
            raise SettingError(
                f"{name}, line {number}: {found[-1]!r} names no clauses; write 3-17,40-52 or -"
            )
        yield found


def comments(split: str) -> list[Example]:
    """Comments written for the project; ``val`` is a tenth of them, by text."""
    rows = _table("train_comments.tsv", 6)
    return [
        pair for row in rows if held_out(row[5], 0.1) == (split == "val") for pair in _pairs(row)
    ]


def contrasts() -> list[Example]:
    """Comments written on what is hard, most in families that share words and differ in what
    decides. All to train: parts of a family would give each other away."""
    return [pair for row in _table("train_contrasts.tsv", 6) for pair in _pairs(row)]


def others(split: str) -> list[Example]:
    """Comments written on policies that the registry does not have; ``val`` are all on a tenth of
    the policies. Grouped by policy."""
    found = []
    for policy, stance, cells, _, title, text in _table("train_others.tsv", 6):
        if held_out(policy, 0.1) == (split == "val"):
            name, _, more = policy.partition("：")
            aliases = more.split("、") if more else []
            found.append(
                Example(
                    context_of(name, aliases),
                    _whole(title, text),
                    STANCE_INDEX[LETTERS[stance]],
                    cells_of(_cells(cells)),
                    tuple(map(fold, (name, *aliases))),
                    name,
                )
            )
    return found


def _pairs(row: Sequence[str]) -> list[Example]:
    """Return a written comment with each policy that it speaks of, but for the unseen ones."""
    ids, stances, cells, style, title, text = row
    if ids == "-":
        return []
    labels = zip(ids.split(";"), stances.split(";"), cells.split(";"), strict=True)
    whole = _whole(title, text)
    return [_row(*label, whole, style) for label in labels if label[0] not in UNSEEN]


def _whole(title: str, text: str) -> str:
    return text if title == "-" else f"{title}\n{text}"


def challenge() -> list[Example]:
    """Cases written by phenomenon, only scored on. Grouped by phenomenon."""
    return [
        _row(policy, stance, cells, text, phenomenon)
        for _, phenomenon, policy, stance, cells, text, _ in _table("challenge.tsv", 7)
    ]


def _row(policy: str, stance: str, cells: str, text: str, group: str) -> Example:
    return about(policies()[policy], text, STANCE_INDEX[LETTERS[stance]], _cells(cells), group)


def _cells(field: str) -> list[str]:
    """Return the cells that a field of a table names."""
    return [] if field == "-" else field.split(",")


@lru_cache(maxsize=1)
def gold_labels() -> tuple[dict[str, Any], ...]:
    """Return the labels of real rows as they stand in the file."""
    lines = (LABELS / "opinions_gold.jsonl").read_text("utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def gold(split: str, linked: bool = True) -> list[Example]:
    """Real rows with labels of our own, texts looked up in the shared folder. Grouped by corpus.

    Args:
        split: train, val or test; ``unseen`` are the test rows of policies that no training row
            speaks of, which ``test`` has too.
        linked: rows that speak of the policy; False gives those in which only a word of it occurs
            (stance none, nothing evaluated).
    """
    return [
        about(
            policies()[label["policy"]],
            _texts(label["dataset"])[_key(label)],
            STANCE_INDEX[Stance(label["stance"])],
            label["evaluation"],
            label["dataset"],
            [(start, end) for start, end in label.get("spans", ())],
        )
        for label in gold_labels()
        if label["split"] == ("test" if split == "unseen" else split)
        and (split != "unseen" or label["policy"] in UNSEEN)
        and label.get("about", True) == linked
    ]


def _key(label: dict[str, Any]) -> int:
    """Return what names a label's text in its corpus: the id, or the row where there is none."""
    return int(label["id"] if "id" in label else label["row"])


@lru_cache(maxsize=8)
def _texts(dataset: str) -> dict[int, str]:
    """Return title and text by what a label names. An id that stands on several rows names the
    first."""
    if dataset == PETITIONS:
        return {row["id"]: f"{row['topic']}\n{row['text']}" for row in reversed(corpus(dataset))}
    if dataset == "nlpcc2016_stance":
        return {row["id"]: row["text"] for row in corpus(dataset) if row["split"] == "train"}
    return {number: row["text"] for number, row in enumerate(corpus(dataset))}


def held_back(dataset: str) -> frozenset[int]:
    """Return the rows of a stance corpus that our gold labels hold out: not to be trained on."""
    return frozenset(
        _key(label)
        for label in gold_labels()
        if label["dataset"] == dataset and label["split"] != "train"
    )


def targets(split: str) -> list[Example]:
    """Real posts with targets of our own choice, texts looked up in the shared folder; ``val`` is a
    twentieth, by text. Grouped by corpus."""
    return [_chosen(row) for row in _table("targets.tsv", 4) if _part(row, 0.05) == split]


def nouns(split: str) -> list[Example]:
    """Real posts with noun phrases that they speak of, made to read as C-STANCE's annotators did,
    who take a mood for a side. All to train. Texts and groups are as for ``targets``."""
    return [_chosen(row) for row in _table("nouns.tsv", 4)] if split == "train" else []


def measures(split: str) -> list[Example]:
    """Real texts with the public measures that they speak of, beside the registry's policies:
    stance and evaluation, and the clauses that show the stance. ``val`` is a tenth, by text; texts
    and groups are as for ``targets``."""
    return [
        _chosen(row[:4], cells_of(_cells(row[4])), _spans(row[5]))
        for row in _table("measures.tsv", 6, spans=True)
        if _part(row, 0.1) == split
    ]


def _part(row: Sequence[str], validates: float) -> str:
    """Return the split of a text that is named by data set and place."""
    return "val" if held_out(f"{row[0]}:{row[1]}", validates) else "train"


def _spans(field: str) -> tuple[tuple[int, int], ...]:
    """Return the clauses that a field of a table names."""
    parts = [] if field == "-" else [part.split("-") for part in field.split(",")]
    return tuple((int(start), int(end)) for start, end in parts)


def _chosen(
    row: Sequence[str],
    cells: tuple[int, ...] = (UNKNOWN,) * len(CELLS),
    spans: tuple[tuple[int, int], ...] = (),
) -> Example:
    """Return the row of a text and a target that was chosen for it, of data set, place, target and
    letter."""
    dataset, place, target, letter = row
    context, text = fold(target), _texts(dataset)[int(place)]
    return Example(context, text, STANCE_INDEX[LETTERS[letter]], cells, (context,), dataset, spans)


def inferred(split: str) -> list[Example]:
    """Real posts with what was talked of where they were written, made to read as NLPCC's
    annotators did. All to train, a third of those without a side. Texts and groups are as for
    ``targets``."""
    if split != "train":
        return []
    return [_chosen(row) for row in _table("inferred.tsv", 4) if _kept(":".join(row[:2]), row[3])]


def nlpcc_unlabelled(split: str) -> list[Example]:
    """NLPCC's unlabelled rows with labels of our own, made to read as NLPCC's annotators did: they
    infer a side where ``gold`` asks for words. All to train, a third of those without a side.
    Grouped by target.
    """
    if split != "train":
        return []
    corpus_rows = corpus("nlpcc2016_stance")
    rows = {row["id"]: row for row in corpus_rows if row["split"] == "unlabelled"}
    found = []
    for place, letter in _table("nlpcc_unlabelled.tsv", 2):
        if _kept(f"nlpcc_unlabelled:{place}", letter):
            row = rows[int(place)]
            stance = STANCE_INDEX[LETTERS[letter]]
            found.append(Example(row["target"], row["text"], stance, group=row["target"]))
    return found


def _kept(key: str, letter: str) -> bool:
    """Whether training reads a row: of those without a side there are more than among NLPCC's own,
    so a third is."""
    return LETTERS[letter] is not Stance.NONE or held_out(key, 1 / 3)


def stream() -> list[Example]:
    """The bundled stream with its ground truth: scored on, never trained on. Grouped by style."""
    texts = {}
    for line in (STREAM / "comments.jsonl").read_text("utf-8").splitlines():
        comment = json.loads(line)
        texts[comment["id"]] = "\n".join(filter(None, (comment.get("title"), comment["text"])))
    found = []
    for line in (STREAM / "truth.jsonl").read_text("utf-8").splitlines():
        truth = json.loads(line)
        found += [
            about(
                policies()[label["policy"]],
                texts[truth["id"]],
                STANCE_INDEX[Stance(label["stance"])],
                label["evaluations"],
                truth["style"],
            )
            for label in truth["labels"]
        ]
    return found
