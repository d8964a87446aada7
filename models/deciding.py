"""How the graph's outputs become a tagging: chances, thresholds, the abstain band. Pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from minyi.domain import Evaluation, StanceProbabilities, Tagging
from minyi.vocabulary import Stance
from models.artifact import Decision
from models.evidence import Clause
from models.inputs import CELLS, STANCES

Floats = npt.NDArray[np.float32]


def stance_chances(decision: Decision, logits: Floats) -> npt.NDArray[np.float64]:
    """Return calibrated probabilities (n, 3) of stance logits (n, 3)."""
    scaled = logits * np.array(decision.stance_scale) + np.array(decision.stance_bias)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def cell_chances(decision: Decision, logits: Floats) -> npt.NDArray[np.float64]:
    """Return calibrated probabilities (n, 12) of evaluation logits (n, 12)."""
    scaled = logits * np.array(decision.evaluation_scale) + np.array(decision.evaluation_bias)
    return np.asarray(1 / (1 + np.exp(-scaled)))


def decide(
    decision: Decision,
    stance: Floats,
    evaluation: Floats,
    clause: Callable[[], Clause | None],
) -> Tagging:
    """Turn one pair's outputs into a tagging.

    Args:
        decision: scales, thresholds and the abstain band.
        stance: logits (3,).
        evaluation: logits (12,).
        clause: finds what shows a stance; asked only where there is one.
    """
    shares = stance_chances(decision, stance)
    best = int(shares.argmax())
    favor, against, none = shares.round(4).tolist()
    chances = cell_chances(decision, evaluation).tolist()
    return Tagging(
        stance=STANCES[best],
        probabilities=StanceProbabilities(favor=favor, against=against, none=none),
        sure=bool(shares[best] >= decision.sure_from),
        evaluations=tuple(
            Evaluation(aspect=aspect, polarity=polarity, probability=round(chance, 4))
            for (aspect, polarity), chance, threshold in zip(
                CELLS, chances, decision.thresholds, strict=True
            )
            if chance >= threshold
        ),
        span=None if STANCES[best] is Stance.NONE else clause(),
    )
