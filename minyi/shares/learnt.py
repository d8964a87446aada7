"""What the held-out rows of one model id tell of it. Pure."""

from __future__ import annotations

import numpy as np

from minyi.arrays import Floats
from minyi.outputs import OUTPUTS, STANCES
from minyi.shares.held_out import Found, HeldOut, HeldOutPolicy
from minyi.shares.prediction_powered import Labelled
from minyi.shares.reading import PRIOR_ROWS, Reading, learn
from minyi.vocabulary import Aspect, Evaluated, Polarity


class Learnt:
    """How a tagger reads stances and evaluated cells, and the rows of each policy by its id."""

    def __init__(self, table: HeldOut) -> None:
        stances = {name: _stance_rows(policy) for name, policy in table.policies.items()}
        self.stances = learn(np.array(list(stances.values())))
        self.own = {name: Labelled(rows, rows) for name, rows in stances.items()}
        judged = {name: policy for name, policy in table.policies.items() if policy.judged}
        self.evaluations: dict[Evaluated, Reading] = {}
        self.own_cells: dict[Evaluated, dict[str, Labelled]] = {}
        for polarity in Polarity if judged else ():
            cells = {
                aspect: np.array([_cell_rows(p, aspect, polarity) for p in judged.values()])
                for aspect in Aspect
            }
            usual = sum((rows.sum(0) for rows in cells.values()), np.zeros((2, 2)))
            for aspect, rows in cells.items():
                few = _usual(usual, rows.sum(0))
                self.evaluations[aspect, polarity] = learn(np.concatenate([rows, few[None]]))
                self.own_cells[aspect, polarity] = {
                    name: Labelled(found, found) for name, found in zip(judged, rows, strict=True)
                }


def _stance_rows(policy: HeldOutPolicy) -> Floats:
    rows = np.zeros((len(STANCES), OUTPUTS))
    for row, stance in enumerate(STANCES):
        for place, count in policy.stances.get(stance, {}).items():
            rows[row, place] = count
    return rows


def _cell_rows(policy: HeldOutPolicy, aspect: Aspect, polarity: Polarity) -> Floats:
    """Return rows that hold a cell or not, by whether it was found, shape (2, 2)."""
    found = policy.evaluations.get(aspect, {}).get(polarity, Found())
    rest = policy.judged - found.hits - found.misses - found.alarms
    return np.array([[found.hits, found.misses], [found.alarms, rest]], float)


def _usual(usual: Floats, own: Floats) -> Floats:
    """Return a few rows for a cell that is rarely held: found as often as those of its polarity
    are, ``PRIOR_ROWS`` of them held."""
    often = (own[0].sum() + 1) / (own.sum() + 2)
    held = PRIOR_ROWS * (usual[0] + 0.5) / (usual[0].sum() + 1)
    others = PRIOR_ROWS * (1 - often) / often * (own[1] + 0.5) / (own[1].sum() + 1)
    return np.array([held, others])
