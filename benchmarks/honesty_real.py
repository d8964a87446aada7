"""Labelled comments as cells to be read. Only the bundled stream is part of the held-out table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np
from rich.progress import track

from benchmarks.honesty_worlds import WINDOWS, World
from minyi.arrays import Floats, Integers
from minyi.outputs import OUTPUTS, STANCES
from minyi.shares.held_out import HeldOut
from minyi.shares.prediction_powered import Labelled
from minyi.vocabulary import Stance
from models.artifact import SHIPPED
from models.deciding import cell_chances
from models.exporting.hold_out import output_bins
from models.rows.corpora import nlpcc
from models.rows.examples import STANCE_INDEX, UNKNOWN, Example, corpus
from models.rows.labels import gold, stream
from models.runtime import OnnxTagger

LEAST = 20
"""Rows that a policy needs to be a cell of its own."""
SLICE = 200
DRAWN = 300
"""Opinions of a redrawn window."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of several policies: for each its bins (C, B) and true shares (C, K)."""

    name: str
    policies: list[tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a policy: true stance and bin of each (n,), evaluated cells that it holds (-1:
    not judged) and that were found (n, 12)."""

    truth: Integers
    bins: Integers
    held: Integers
    found: Integers


@cache
def _tagged(shared: bool) -> dict[str, list[Rows]]:
    """Tag every set once; return the rows of each policy."""
    sets = {"bundled stream (in the table)": stream()}
    if shared:
        sets["gold test rows"] = gold("test")
        sets["NLPCC test, by target"] = nlpcc("test")
        sets["C-STANCE test nouns, by domain"] = c_stance_domains()
    tagger = OnnxTagger(SHIPPED)
    answer = {}
    for name, rows in sets.items():
        groups: dict[str, list[Example]] = defaultdict(list)
        for row in rows:
            groups[row.group if name.startswith("C-") else row.context].append(row)
        large = [group for group in groups.values() if len(group) >= LEAST]
        flat = [row for group in large for row in group]
        logits = [
            tagger.logits([(r.context, r.text, r.names) for r in flat[i : i + SLICE]])
            for i in track(range(0, len(flat), SLICE), f"tagging {name}", transient=True)
        ]
        decision = tagger.manifest.decision
        chances = cell_chances(decision, np.concatenate([cells for _, cells in logits]))
        columns = (
            np.array([row.stance for row in flat]),
            output_bins(decision, np.concatenate([stance for stance, _ in logits])),
            np.array([row.evaluation for row in flat]),
            (chances >= np.array(decision.thresholds)).astype(np.int64),
        )
        ends = np.cumsum([len(group) for group in large])[:-1]
        parts = zip(*(np.split(column, ends) for column in columns), strict=True)
        answer[name] = [Rows(*part) for part in parts]
    return answer


def c_stance_domains() -> list[Example]:
    """Return the test rows of C-STANCE on noun phrases, grouped by domain."""
    return [
        Example(
            row["target"],
            row["text"],
            STANCE_INDEX[Stance(row["stance"].lower())],
            group=row["domain"],
        )
        for row in corpus("c_stance")
        if row["split"] == "test" and row["target_type"] == "noun_phrase"
    ]


def tagged(shared: bool) -> list[Cells]:
    """Return each policy as one cell; the truth is that of its rows."""
    return [
        Cells(name, [_counted(rows.truth[None], rows.bins[None]) for rows in groups])
        for name, groups in _tagged(shared).items()
    ]


def shifted(shared: bool, seed: int = 5) -> list[Cells]:
    """Return each policy as windows, its rows redrawn so that their shares drift; the truth is what
    they were drawn by."""
    random = np.random.default_rng(seed)
    answer = []
    for name, groups in _tagged(shared).items():
        policies = []
        for rows in groups:
            truth, bins = rows.truth, rows.bins
            own = [bins[truth == k] for k in range(len(STANCES))]
            there = np.array([len(part) > 0 for part in own])
            usual = np.bincount(truth, minlength=len(STANCES)) / len(truth)
            shares = np.array([random.dirichlet((usual * 8 + 0.3)[there]) for _ in range(WINDOWS)])
            whole = np.zeros((WINDOWS, len(STANCES)))
            whole[:, there] = shares
            cells = np.zeros((WINDOWS, OUTPUTS))
            for window, row in enumerate(whole):
                counts = random.multinomial(DRAWN, row)
                drawn = [random.choice(p, c) for p, c in zip(own, counts, strict=True) if c]
                cells[window] = np.bincount(np.concatenate(drawn), minlength=OUTPUTS)
            policies.append((cells, whole))
        answer.append(Cells(name, policies))
    return answer


def judged(shared: bool) -> dict[str, list[Rows]]:
    """Return the policies whose evaluations were judged, by the name of their set."""
    sets = {
        name: [rows for rows in groups if (rows.held != UNKNOWN).all()]
        for name, groups in _tagged(shared).items()
    }
    return {name: groups for name, groups in sets.items() if groups}


@dataclass(frozen=True, slots=True)
class WithLabels:
    """A policy's bins (1, B) and true shares (K,), and the labels of some of its opinions."""

    cells: Floats
    truth: Floats
    labels: Labelled


def labelled(shared: bool, count: int, times: int = 20, seed: int = 7) -> list[WithLabels]:
    """Return each policy with twice as many rows as labels or more, labels drawn several times."""
    random = np.random.default_rng(seed)
    answer = []
    for groups in _tagged(shared).values():
        for group in groups:
            truth, bins = group.truth, group.bins
            if len(truth) < 2 * count:
                continue
            cells, shares = _counted(truth[None], bins[None])
            for _ in range(times):
                chosen = random.choice(len(truth), count, replace=False)
                weight = len(truth) / count
                rows = np.zeros((len(STANCES), OUTPUTS))
                np.add.at(rows, (truth[chosen], bins[chosen]), 1.0)
                answer.append(
                    WithLabels(cells, shares[0], Labelled(weight * rows, weight**2 * rows))
                )
    return answer


def _counted(truth: Integers, bins: Integers) -> tuple[Floats, Floats]:
    cells = np.array([np.bincount(row, minlength=OUTPUTS) for row in bins], float)
    shares = np.array([np.bincount(row, minlength=len(STANCES)) / len(row) for row in truth])
    return cells, shares


def votes(table: HeldOut, seed: int = 11) -> Cells:
    """Return the weeks of vTaiwan's consultation: agree, disagree and pass are the truth, a sample
    of the votes gets the outputs of a tagger as the world half way has it."""
    random = np.random.default_rng(seed)
    by_comment: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for vote in corpus("vtaiwan_uberx_votes"):
        week = int(vote["timestamp"]) // (7 * 86_400_000)
        by_comment[vote["comment-id"]].append((week, (1, -1, 0).index(vote["vote"])))
    world = World(table, same=0.5, varied=100, seed=seed)
    policies = []
    for cast in by_comment.values():
        weeks: dict[int, Integers] = {}
        for week, choice in cast:
            weeks.setdefault(week, np.zeros(len(STANCES), np.int64))[choice] += 1
        large = [counts for counts in weeks.values() if counts.sum() >= LEAST]
        if len(large) < 2:
            continue
        truth = np.array([counts / counts.sum() for counts in large])
        confusion = world.confusion_at(np.sum(large, axis=0) / np.sum(large))
        sizes = [max(LEAST, int(counts.sum()) // 2) for counts in large]
        cells = [random.multinomial(n, s @ confusion) for n, s in zip(sizes, truth, strict=True)]
        policies.append((np.array(cells, float), truth))
    return Cells("votes on a statement, by week", policies)
