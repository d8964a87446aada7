"""Whether one artifact is better than another: the same rows, the difference with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Integers
from models.scoring.judged import Judged
from models.scoring.metrics import macro_f1

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """Second less first, with a 95 % interval."""

    name: str
    first: float
    second: float
    low: float
    high: float
    rows: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def differences(first: Judged, second: Judged, seed: int = 1) -> list[Difference]:
    """Compare two artifacts on the rows that both have judged, their evaluations on those that
    have one.

    The interval is the paired bootstrap's (Berg-Kirkpatrick et al., 2012): rows are drawn again,
    with what both artifacts say of them.
    """

    def difference(
        name: str,
        metric: Callable[[Integers, Integers], float],
        truth: Integers,
        one: Integers,
        two: Integers,
    ) -> Difference:
        count = len(truth)
        drawn = np.random.default_rng(seed).integers(0, count, (DRAWS, count))
        gaps = [metric(truth[rows], two[rows]) - metric(truth[rows], one[rows]) for rows in drawn]
        low, high = np.quantile(gaps, (0.025, 0.975))
        return Difference(
            name, metric(truth, one), metric(truth, two), float(low), float(high), count
        )

    found = [
        difference("stance, macro-F1", macro_f1, first.truth, first.stance, second.stance),
        difference("stance right", _right, first.truth, first.stance, second.stance),
    ]
    evaluated = first.evaluated
    there = first.cells[evaluated].any(0)
    if there.any():
        cells = np.ix_(evaluated, there)
        parts = [part[cells] for part in (first.cells, first.found, second.found)]
        found.append(difference("evaluation, macro-F1", macro_f1, *parts))
    return found


def _right(truth: Integers, found: Integers) -> float:
    return float((truth == found).mean())
