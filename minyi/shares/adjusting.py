"""Shares adjusted for what the tagger is known to mistake. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.domain import Model
from minyi.outputs import OUTPUTS
from minyi.prevalence import AspectShares
from minyi.query import Counts, Share
from minyi.shares.held_out import HeldOut
from minyi.shares.labels import Labels
from minyi.shares.learnt import Learnt
from minyi.shares.levels import Moves, Read, read
from minyi.shares.mixing import Part, moved, together, undivided
from minyi.shares.prediction_powered import Labelled
from minyi.vocabulary import Aspect, Evaluated, Polarity

OPINIONS = "opinions"
METHOD = "level and change, from held-out rows"
METHOD_LABELLED = "level and change, from held-out rows and labels of this policy"
STRANGE = "; of a few opinions no such rows are known, and the interval holds whatever they are"
MOST_STRANGE = 0.05
"""The largest part of opinions by unknown models that shares are adjusted with: an interval grows
by as much. Of more, the counted share says more."""


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


class Adjuster:
    """Adjusts shares by what held-out rows tell of each model id.

    Args:
        held_out: the table of each model id; an opinion of another cannot be adjusted, nor one of
            a table that is ``lacking`` a stance: of a few, the interval holds all that they may be.
        labels: fresh labels by policy id.
    """

    def __init__(
        self,
        held_out: Mapping[str, HeldOut] | None = None,
        labels: Mapping[str, Labels] | None = None,
    ) -> None:
        self._models = {
            name: Learnt(table) for name, table in (held_out or {}).items() if not table.lacking
        }
        self._labels = dict(labels or {})

    @property
    def models(self) -> tuple[str, ...]:
        """The model ids whose opinions can be adjusted."""
        return tuple(self._models)

    def adjust(
        self,
        policy_id: str,
        counts: Sequence[Counts],
        evaluations: bool = True,
        whole: Counts | None = None,
    ) -> list[Adjusted | None]:
        """Return the adjusted shares of each cell of a policy.

        The policy's level is that of all its opinions, its labels tell of all of them, and a cell
        is adjusted by how it differs from there. None stands for a cell without opinions or without
        counts of the tagger's output (collapsed, authors), or with opinions of a model id that no
        rows were held out for, where these are more than ``MOST_STRANGE`` of all cells.

        Args:
            policy_id: the policy.
            counts: of each cell; no opinion is in two of them.
            evaluations: whether they are wanted.
            whole: all opinions on the policy, where the cells are a part of them; None: the cells
                are all.
        """
        known = self._adjustable(counts)
        answer: list[Adjusted | None] = [None] * len(counts)
        if not known:
            return answer
        cells = [counts[place] for place in known]
        fresh = self._labels.get(policy_id, Labels()).by_model
        counted = np.array([cell.stances for cell in cells], float)
        stances = _rounded(together(self._parts(policy_id, cells, fresh, whole), counted))
        evaluated = self._evaluations(policy_id, cells, whole) if evaluations else {}
        found = {cell: _rounded(shares) for cell, shares in evaluated.items()}
        method = METHOD_LABELLED if fresh.keys() & self._models.keys() else METHOD
        for row, (place, cell) in enumerate(zip(known, cells, strict=True)):
            answer[place] = Adjusted(
                favor=_share(stances, row, 0, cell.favor, cell.total),
                against=_share(stances, row, 1, cell.against, cell.total),
                none=_share(stances, row, 2, cell.none, cell.total),
                evaluations=_aspects(found, row, cell) if found else None,
                method=method + (STRANGE if self._strange(cell) else ""),
            )
        return answer

    def moves(
        self, policy_id: str, counts: Sequence[Counts], whole: Counts | None = None
    ) -> Moves | None:
        """Return the shares of the stances in each cell, as ``adjust`` has them, for somebody who
        wants to join cells; None when not all of them can be adjusted."""
        if not counts or len(self._adjustable(counts)) < len(counts):
            return None
        fresh = self._labels.get(policy_id, Labels()).by_model
        counted = np.array([cell.stances for cell in counts], float)
        return moved(self._parts(policy_id, counts, fresh, whole), counted)

    def _adjustable(self, cells: Sequence[Counts]) -> list[int]:
        """Return the places of the cells that can be adjusted together."""
        strange = [self._strange(cell) for cell in cells]
        few = sum(strange) <= MOST_STRANGE * sum(cell.total for cell in cells)
        return [
            place
            for place, (cell, odd) in enumerate(zip(cells, strange, strict=True))
            if cell.total and (few or not odd)
        ]

    def _strange(self, cell: Counts) -> int:
        """Return the opinions of unknown models in a cell."""
        known = (sum(bins.values()) for name, bins in cell.outputs.items() if name in self._models)
        return max(0, cell.total - sum(known))

    def _parts(
        self,
        policy: str,
        cells: Sequence[Counts],
        fresh: Mapping[str, Labelled],
        whole: Counts | None,
    ) -> list[Part]:
        return [
            Part(
                reading=model.stances,
                bins=_bins(name, cells),
                own=model.own.get(policy),
                fresh=fresh.get(name),
                pool=_bins(name, [whole])[0] if whole else None,
            )
            for name, model in self._models.items()
        ]

    def _evaluations(
        self, policy: str, cells: Sequence[Counts], whole: Counts | None
    ) -> dict[Evaluated, Read]:
        """Return the shares that hold each evaluated cell, first of two classes; none where a model
        had no judged rows. A whole of which too much is of unknown models tells no level."""
        every = [*cells, whole] if whole else cells
        models = {
            name: model
            for name, model in self._models.items()
            if any(name in cell.outputs for cell in every)
        }
        if not all(model.evaluations for model in models.values()):
            return {}
        n = np.array([cell.total for cell in cells], float)
        tagged = np.array([_bins(name, cells).sum(1) for name in models])
        level = whole if whole and self._adjustable([whole]) else None
        answer = {}
        for cell in next(iter(models.values())).evaluations:
            found = _found(cell, cells)
            pool = _found(cell, [level])[0] if level else None
            each = [
                read(model.evaluations[cell], found, model.own_cells[cell].get(policy), pool=pool)
                for model in models.values()
            ]
            answer[cell] = undivided(each, tagged / n)
        return answer


NOTHING_KNOWN = Adjuster()
"""Adjusts nothing."""


def _bins(model: str, cells: Sequence[Counts]) -> Floats:
    """Return the opinions of a model id by cell and bin, (C, B)."""
    bins = np.zeros((len(cells), OUTPUTS))
    for row, cell in enumerate(cells):
        outputs = cell.outputs.get(model)
        if outputs:
            bins[row, list(outputs)] = list(outputs.values())
    return bins


def _found(evaluated: Evaluated, cells: Sequence[Counts]) -> Floats:
    """Return the opinions in which an evaluated cell was found, and the others, (C, 2)."""
    found = [cell.evaluated(*evaluated) for cell in cells]
    return np.array([found, [c.total - n for c, n in zip(cells, found, strict=True)]], float).T


@dataclass(frozen=True, slots=True)
class _Rounded:
    """Shares of cells, rounded to four decimals."""

    value: list[list[float]]
    low: list[list[float]]
    high: list[list[float]]


def _rounded(found: Read) -> _Rounded:
    return _Rounded(*(each.round(4).tolist() for each in (found.value, found.low, found.high)))


def _share(found: _Rounded, row: int, column: int, count: int, n: int) -> Share:
    return Share(
        value=found.value[row][column],
        low=found.low[row][column],
        high=found.high[row][column],
        count=count,
        n=n,
        denominator=OPINIONS,
    )


def _aspects(
    found: Mapping[Evaluated, _Rounded], row: int, cell: Counts
) -> tuple[AspectShares, ...]:
    n = cell.total

    def evaluated(aspect: Aspect, polarity: Polarity) -> Share:
        return _share(found[aspect, polarity], row, 0, cell.evaluated(aspect, polarity), n)

    return tuple(
        AspectShares(
            aspect=aspect,
            praise=evaluated(aspect, Polarity.PRAISE),
            criticism=evaluated(aspect, Polarity.CRITICISM),
        )
        for aspect in Aspect
    )
