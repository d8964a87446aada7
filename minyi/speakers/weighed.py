"""Shares of cells that weigh differently. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats, Integers
from minyi.outputs import stance_of
from minyi.prevalence import AspectShares, wilson
from minyi.query import Cell, Counts, Share
from minyi.shares.adjusting import Adjusted
from minyi.speakers.raking import apportion
from minyi.vocabulary import Aspect, Polarity, Stance


@dataclass(frozen=True)
class Weighed:
    """Cells and what they count for.

    A share's ``count`` and ``n`` are whole opinions; its value and interval are weighted.
    """

    cells: Sequence[Cell]
    mass: Floats
    """What the opinions of a cell count for together, shape (cells,)."""
    effective: float
    """So many opinions of equal weight would say as much."""
    denominator: str

    def share(self, counts: Iterable[int]) -> Share:
        """Return the weighted share of what has been counted in each cell."""
        each = np.array(list(counts))
        value = self._value(each)
        low, high = wilson(value * self.effective, self.effective)
        return Share(
            value=round(value, 4),
            low=round(low, 4),
            high=round(high, 4),
            count=int(each.sum()),
            n=int(self._sizes.sum()),
            denominator=self.denominator,
        )

    def stance(self, stance: Stance) -> Share:
        """Return the weighted share of a stance."""
        return self.share(getattr(cell.counts, stance) for cell in self.cells)

    def evaluations(self) -> tuple[AspectShares, ...]:
        """Return the weighted shares of all six aspects."""
        return tuple(
            AspectShares(
                aspect=aspect,
                praise=self.share(self._found(aspect, Polarity.PRAISE)),
                criticism=self.share(self._found(aspect, Polarity.CRITICISM)),
            )
            for aspect in Aspect
        )

    def counts(self) -> Counts:
        """Return counts of the effective size that hold the weighted shares, to be adjusted as any
        others. They are whole: each is at most one off. Without outputs where a cell has none."""
        size = round(self.effective)
        weighted: defaultdict[tuple[str, int], float] = defaultdict(float)
        for cell, each in zip(self.cells, self.mass / self._sizes, strict=True):
            for model, bins in cell.counts.outputs.items():
                for number, count in bins.items():
                    weighted[model, number] += count * each
        if not np.isclose(sum(weighted.values()), self.mass.sum()):
            return Counts()
        outputs: defaultdict[str, dict[int, int]] = defaultdict(dict)
        stances = dict.fromkeys(Stance, 0)
        whole = apportion(np.array(list(weighted.values())), size)
        for (model, number), count in zip(weighted, whole, strict=True):
            if count:
                outputs[model][number] = int(count)
                stances[stance_of(number)] += int(count)
        return Counts(
            **{stance.value: count for stance, count in stances.items()},
            evaluations={
                aspect: {
                    polarity: round(self._value(np.array(self._found(aspect, polarity))) * size)
                    for polarity in Polarity
                }
                for aspect in Aspect
            },
            outputs=outputs,
        )

    def named(self, adjusted: Adjusted) -> Adjusted:
        """Return what ``counts`` came to, with the whole opinions behind it."""

        def of(share: Share, counted: Share) -> Share:
            more = {"count": counted.count, "n": counted.n, "denominator": counted.denominator}
            return share.model_copy(update=more)

        evaluations = None
        if adjusted.evaluations is not None:
            evaluations = tuple(
                AspectShares(
                    aspect=own.aspect,
                    praise=of(found.praise, own.praise),
                    criticism=of(found.criticism, own.criticism),
                )
                for found, own in zip(adjusted.evaluations, self.evaluations(), strict=True)
            )
        return Adjusted(
            favor=of(adjusted.favor, self.stance(Stance.FAVOR)),
            against=of(adjusted.against, self.stance(Stance.AGAINST)),
            none=of(adjusted.none, self.stance(Stance.NONE)),
            evaluations=evaluations,
            method=adjusted.method,
        )

    @property
    def _sizes(self) -> Floats:
        return np.array([cell.counts.total for cell in self.cells], dtype=np.float64)

    def _value(self, counts: Integers) -> float:
        return float(np.clip(self.mass @ (counts / self._sizes) / self.mass.sum(), 0, 1))

    def _found(self, aspect: Aspect, polarity: Polarity) -> list[int]:
        return [cell.counts.evaluated(aspect, polarity) for cell in self.cells]
