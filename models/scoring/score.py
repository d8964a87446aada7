"""How good an artifact is, beside an honest baseline, on rows it has not been trained on.

Works on the exported graph, as the service runs it. Choices are made on validation rows; the test
splits are for the final figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from minyi.arrays import Bools, Integers
from minyi.shares.quantifying import adapted
from minyi.text import normalise
from models.evidence import clauses
from models.inputs import STANCES
from models.rows.corpora import c_stance, nlpcc, unrelated
from models.rows.examples import Example, policies, policies_by_context
from models.rows.framed import as_of_a_hotline
from models.rows.labels import (
    challenge,
    comments,
    gold,
    measures,
    nlpcc_unlabelled,
    others,
    stream,
    targets,
)
from models.runtime import OnnxTagger
from models.scoring import baseline
from models.scoring.judged import Judged, Score
from models.scoring.metrics import Bin, f_avg, macro_f1, micro_f1

NEAR = 0.6
"""Jaccard similarity of character trigrams from which a test text counts as a near-duplicate."""
ENOUGH = 20
"""Rows that a cell needs for its F1 to be more than an anecdote."""
Metric = Callable[[Integers, Integers], float]


class Exam:
    """The sets of a split, each tagged once.

    Args:
        tagger: the artifact.
        split: val or test.
    """

    def __init__(self, tagger: OnnxTagger, split: str) -> None:
        self.tagger, self.split = tagger, split

    @cached_property
    def gold(self) -> Judged:
        return Judged(self.tagger, gold(self.split))

    @cached_property
    def stream(self) -> Judged:
        return Judged(self.tagger, stream())

    @cached_property
    def nlpcc(self) -> Judged:
        return Judged(self.tagger, nlpcc(self.split))

    @cached_property
    def c_stance(self) -> Judged:
        return Judged(self.tagger, c_stance(self.split))

    def nothing_said(self, rows: list[Example], name: str) -> Score:
        """Return the share of rows without an opinion that come out as none."""
        judged = Judged(self.tagger, rows)
        return Score(f"{name}: stance none", judged.right.mean(), len(judged))


def policy_scores(judged: Judged, name: str, machine: Machine | None = None) -> Iterator[Score]:
    """Score stance and evaluation, the latter on the rows that have one."""
    count = len(judged)
    guess = machine.stance.predict(judged.rows) if machine else None
    yield Score(
        f"{name}: stance, macro-F1",
        macro_f1(judged.truth, judged.stance),
        count,
        macro_f1(judged.truth, guess) if guess is not None else None,
    )
    yield from judged.calibration(name)
    if judged.sure.any():
        right = judged.right[judged.sure].mean()
        yield Score(f"{name}: stance right, where sure", right, judged.sure.sum())
    rows = judged.evaluated
    truth, found = judged.cells[rows], judged.found[rows]
    rows_of_cell = truth.sum(0)
    if not rows_of_cell.any():
        return
    plain = machine.cells.predict(judged.rows)[rows] if machine else None
    common, there = rows_of_cell >= ENOUGH, rows_of_cell > 0
    every = f"all {len(there)} cells" if there.all() else f"the {there.sum()} cells that are there"
    parts: list[tuple[str, Metric, Bools]] = [
        (f"macro-F1 of the {common.sum()} cells with {ENOUGH} rows", macro_f1, common),
        (f"macro-F1 of {every}", macro_f1, there),
        ("micro-F1", micro_f1, np.ones(len(there), bool)),
    ]
    for title, metric, columns in parts:
        if columns.any():
            yield Score(
                f"{name}: evaluation, {title}",
                metric(truth[:, columns], found[:, columns]),
                len(truth),
                metric(truth[:, columns], plain[:, columns]) if plain is not None else None,
            )


def evidence_scores(tagger: OnnxTagger, rows: Sequence[Example], name: str) -> Iterator[Score]:
    """Score the evidence span on rows whose telling clauses were all marked: the share of the
    rightly read stances that show one of these, and what a clause drawn at random would reach."""
    by_context = policies_by_context(policies())
    marked = [row for row in rows if row.spans and row.context in by_context]
    taggings = tagger.tag([(by_context[row.context], row.text) for row in marked])
    right = [
        (row, tagging.span)
        for row, tagging in zip(marked, taggings, strict=True)
        if tagging.stance is STANCES[row.stance]
    ]
    if right:
        hits = float(np.mean([span in row.spans for row, span in right]))
        chance = float(np.mean([len(row.spans) / len(clauses(row.text)) for row, _ in right]))
        yield Score(f"{name}: evidence is a clause that shows the stance", hits, len(right))
        yield Score(f"{name}: the same of a clause drawn at random", chance, len(right))


def hotline_scores(tagger: OnnxTagger, judged: Judged, name: str) -> Iterator[Score]:
    """Score the stance of rows within a hotline's words, which should change nothing."""
    within = Judged(tagger, as_of_a_hotline(judged.rows))
    said = f"{name}, within a hotline's words: stance"
    yield Score(f"{said}, macro-F1", macro_f1(judged.truth, within.stance), len(judged))
    same = float((judged.stance == within.stance).mean())
    yield Score(f"{said} as without them", same, len(judged))


def group_scores(judged: Judged, name: str) -> Iterator[Score]:
    """Return the share of stances that are right, by group."""
    for group in sorted(set(judged.groups.tolist())):
        rows = judged.groups == group
        yield Score(f"{name}, {group}: stance right", judged.right[rows].mean(), rows.sum())


class Machine:
    """The baseline of stance and evaluation, trained on the rows that the tagger has of them."""

    @cached_property
    def train(self) -> list[Example]:
        return gold("train") + gold("train", linked=False) + measures("train") + comments("train")

    @cached_property
    def stance(self) -> baseline.PairMachine:
        return baseline.PairMachine(self.train)

    @cached_property
    def cells(self) -> baseline.CellMachines:
        return baseline.CellMachines(self.train)


def nlpcc_scores(exam: Exam) -> Iterator[Score]:
    """Score NLPCC 2016 Task 4 A by its own metric; the baseline is one machine per target, taught
    what the tagger is: NLPCC's rows, ours on its unlabelled ones, posts written on its targets."""
    judged = exam.nlpcc
    written = [row for row in others("train") if row.group in judged.groups]
    train = nlpcc("train") + nlpcc_unlabelled("train") + written
    plain = baseline.stance_by_target(train, judged.rows)
    new = fresh(train + nlpcc("val") * (exam.split == "test"), judged.rows)
    every = np.ones(len(judged), bool)
    yield _beside("NLPCC-2016 A: F_avg", f_avg, judged, plain, every)
    yield _beside("NLPCC-2016 A, without near-duplicates: F_avg", f_avg, judged, plain, new)
    prior = np.maximum(exam.tagger.manifest.decision.prior, 1e-6)
    moved = judged.stance.copy()
    for target in sorted(set(judged.groups.tolist())):
        rows = judged.groups == target
        chances = judged.chances[rows]
        shares = adapted(chances, prior, np.ones((1, len(chances))))[0]
        moved[rows] = (chances * shares / prior).argmax(-1)
    yield Score(
        "NLPCC-2016 A, shares adapted per target without labels: F_avg",
        f_avg(judged.truth, moved),
        len(judged),
    )
    for target in sorted(set(judged.groups.tolist())):
        rows = judged.groups == target
        yield _beside(f"NLPCC-2016 A, {target}: F_avg", f_avg, judged, plain, rows)
    yield from judged.calibration("NLPCC-2016 A")


def c_stance_scores(exam: Exam) -> Iterator[Score]:
    """Score C-STANCE subtask A, whole and on noun phrases."""
    judged = exam.c_stance
    plain = baseline.PairMachine(c_stance("train")).predict(judged.rows)
    every, noun = np.ones(len(judged), bool), judged.groups == "noun_phrase"
    yield _beside("C-STANCE A: macro-F1", macro_f1, judged, plain, every)
    yield _beside("C-STANCE A, noun phrases: macro-F1", macro_f1, judged, plain, noun)
    yield from judged.calibration("C-STANCE A")


def _beside(name: str, metric: Metric, judged: Judged, plain: Integers, rows: Bools) -> Score:
    """Score the stance of some of the rows, the tagger's beside the baseline's ``plain``."""
    truth = judged.truth[rows]
    tagged, machine = metric(truth, judged.stance[rows]), metric(truth, plain[rows])
    return Score(name, tagged, rows.sum(), machine)


def fresh(train: Sequence[Example], rows: Sequence[Example]) -> Bools:
    """Return which rows have no (near-)duplicate text in the training rows."""
    grams = CountVectorizer(analyzer="char", ngram_range=(3, 3), binary=True)
    known = grams.fit_transform([normalise(row.text) for row in train])
    new = grams.transform([normalise(row.text) for row in rows])
    split = CountVectorizer(analyzer="char", ngram_range=(3, 3)).build_analyzer()
    sizes = np.array([len(set(split(normalise(row.text)))) for row in rows])
    known_sizes = np.asarray(known.sum(1)).ravel()
    shared = (new @ known.T).toarray()
    union = sizes[:, None] + known_sizes[None, :] - shared
    return (shared / np.maximum(union, 1)).max(1) < NEAR  # type: ignore[no-any-return]


def scores(exam: Exam) -> Iterator[Score]:
    """Score an artifact on everything that the project and the corpora hold.

    Raises:
        SettingError: when the corpora are missing.
    """
    machine, split = Machine(), exam.split
    yield from policy_scores(exam.gold, "real rows", machine)
    yield from hotline_scores(exam.tagger, exam.gold, "real rows")
    yield from evidence_scores(exam.tagger, exam.gold.rows, "real rows")
    if split == "test":
        unseen = Judged(exam.tagger, gold("unseen"))
        yield from policy_scores(unseen, "real rows, policies never trained on", machine)
    yield exam.nothing_said(gold(split, linked=False), "real rows that only touch a word")
    if split == "val":
        yield from policy_scores(Judged(exam.tagger, measures("val")), "public measures", machine)
        written = Judged(exam.tagger, comments("val"))
        yield from policy_scores(written, "our comments", machine)
        yield from hotline_scores(exam.tagger, written, "our comments")
        # most of these texts train, too, with C-STANCE's own targets
        yield from policy_scores(Judged(exam.tagger, targets("val")), "posts on our targets")
        yield exam.nothing_said(unrelated("val"), "comments beside another policy")
    else:
        hard = Judged(exam.tagger, challenge())
        yield from policy_scores(exam.stream, "bundled stream", machine)
        yield from hotline_scores(exam.tagger, exam.stream, "bundled stream")
        yield from group_scores(exam.stream, "bundled stream")
        yield from policy_scores(hard, "challenge", machine)
        yield from group_scores(hard, "challenge")
    yield from nlpcc_scores(exam)
    yield from c_stance_scores(exam)


def reliabilities(exam: Exam) -> dict[str, list[Bin]]:
    """Return what a reliability diagram shows, by the name of the rows."""
    sets = {
        "real rows": exam.gold,
        "NLPCC-2016 A": exam.nlpcc,
        "C-STANCE A": exam.c_stance,
    }
    if exam.split == "test":
        sets["bundled stream"] = exam.stream
    return {name: judged.bins for name, judged in sets.items()}
