"""Rows with what a tagger says of them, and how far its chances can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Bools, Floats, Integers
from models.deciding import cell_chances, stance_chances
from models.rows.examples import UNKNOWN, Example
from models.runtime import OnnxTagger
from models.scoring.metrics import Bin, calibration_error, chance_error, reliability


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the table; ``svm`` is the baseline's figure where there is one."""

    name: str
    model: float
    rows: int
    svm: float | None = None


class Judged:
    """Rows with what a tagger says of them."""

    def __init__(self, tagger: OnnxTagger, rows: Sequence[Example]) -> None:
        self.rows = rows
        self.truth: Integers = np.array([row.stance for row in rows], np.int64)
        self.cells: Integers = np.array([row.evaluation for row in rows], np.int64)
        self.groups = np.array([row.group for row in rows])
        decision = tagger.manifest.decision
        stance, cells = tagger.logits([row.pair for row in rows])
        self.chances = stance_chances(decision, stance)
        self.stance: Integers = self.chances.argmax(-1).astype(np.int64)
        self.found: Integers = (cell_chances(decision, cells) >= decision.thresholds).astype(
            np.int64
        )
        self.sure: Bools = self.confidence >= decision.sure_from

    @property
    def confidence(self) -> Floats:
        return np.asarray(self.chances.max(-1))

    @property
    def right(self) -> Bools:
        return np.asarray(self.stance == self.truth)

    @property
    def evaluated(self) -> Bools:
        """Whether each row has an evaluation; one that was not judged is not nothing."""
        return np.asarray((self.cells != UNKNOWN).all(1))

    def calibration(self, name: str) -> Iterator[Score]:
        """Yield the expected calibration error of the stance, and up to where chance explains
        one."""
        error = calibration_error(self.confidence, self.right)
        yield Score(f"{name}: calibration error", error, len(self))
        chance = chance_error(self.confidence)
        yield Score(f"{name}: calibration error of chance, 95 %", chance, len(self))

    @property
    def bins(self) -> list[Bin]:
        return reliability(self.confidence, self.right)

    def __len__(self) -> int:
        return len(self.rows)
