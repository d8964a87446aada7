"""Shares adjusted for what the tagger is known to mistake. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minyi.domain import Model
from minyi.held_out import HeldOut
from minyi.outputs import OUTPUTS, STANCES
from minyi.prevalence import AspectShares, wilson
from minyi.query import Counts, Share

Floats = npt.NDArray[np.float64]
OPINIONS = "opinions"


class Adjusted(Model):
    """What a cell says once the tagger's known errors are taken out.

    A share's ``value`` and interval are adjusted, and the interval holds the classifier's error
    beside the sampling's; ``count`` is what the tagger counted, of ``n``.
    """

    favor: Share
    against: Share
    none: Share
    evaluations: tuple[AspectShares, ...] | None = None
    """All six aspects in the order of the vocabulary; None where no judged rows were held out."""
    method: str
    """How it was done, in a few words."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Fresh labels of one policy."""


class Adjuster:
    """Adjusts shares by what held-out rows tell of each model id.

    Args:
        held_out: the table of each model id. An opinion of another model id cannot be adjusted.
        labels: fresh labels by policy id.
    """

    def __init__(
        self,
        held_out: Mapping[str, HeldOut] | None = None,
        labels: Mapping[str, Labels] | None = None,
    ) -> None:
        self._weights = {name: _weights(table) for name, table in (held_out or {}).items()}
        self._labels = dict(labels or {})

    def adjust(self, policy_id: str, counts: Sequence[Counts]) -> list[Adjusted | None]:
        """Return the adjusted shares of each cell.

        None stands for a cell without opinions or without counts of the tagger's output (collapsed,
        authors), or with opinions of a model id that no rows were held out for.
        """
        return [self._adjust(cell) for cell in counts]

    def _adjust(self, cell: Counts) -> Adjusted | None:
        known = all(model in self._weights for model in cell.outputs)
        if not cell.total or not cell.outputs or not known:
            return None
        n = cell.total
        weighed = np.zeros(len(STANCES))
        for model, outputs in cell.outputs.items():
            for place, count in outputs.items():
                weighed += count * self._weights[model][place]
        shares = np.maximum(weighed / n, 0)
        shares /= shares.sum()
        found = {}
        for stance, value in zip(STANCES, shares, strict=True):
            low, high = wilson(round(value * n), n)
            found[stance.value] = Share(
                value=round(float(value), 4),
                low=round(low, 4),
                high=round(high, 4),
                count=getattr(cell, stance.value),
                n=n,
                denominator=OPINIONS,
            )
        return Adjusted(**found, method="adjusted count")


def _weights(table: HeldOut) -> Floats:
    """Return for each output bin what an opinion in it counts toward each stance."""
    seen = np.full((len(STANCES), OUTPUTS), 0.1)
    for policy in table.policies.values():
        for row, stance in enumerate(STANCES):
            for place, count in policy.stances.get(stance, {}).items():
                seen[row, place] += count
    chance = seen / seen.sum(1, keepdims=True)
    scaled = chance / chance.mean(0)
    solved: Floats = np.linalg.solve(scaled @ chance.T, scaled).T
    return solved
