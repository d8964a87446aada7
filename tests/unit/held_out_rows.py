"""Held-out rows for tests: policies of a tagger that is as good as it is told to be."""

from __future__ import annotations

import numpy as np

from minyi.outputs import OUTPUTS, STANCES
from minyi.query import Counts
from minyi.shares.held_out import Found, HeldOut, HeldOutPolicy
from minyi.vocabulary import Aspect, Polarity

MODEL = "m1"
SURE = (4, 14, 24)
"""A bin of each stance in which it is very probable."""


def held_out(right: float, policies: int = 60, rows: int = 30, seed: int = 1) -> HeldOut:
    """Return the table of a tagger that finds a stance with probability ``right``, and a criticism
    of cost as often; policies differ in their shares only."""
    random = np.random.default_rng(seed)
    others = (1 - right) / 2
    confusion = np.full((3, 3), others) + (right - others) * np.eye(3)
    found = {}
    for number in range(policies):
        joint = random.dirichlet(np.full(3, 2.0))[:, None] * confusion
        drawn = random.multinomial(rows, joint.ravel()).reshape(3, 3)
        held = random.binomial(rows, random.beta(2, 5))
        hits = random.binomial(held, right)
        alarms = random.binomial(rows - held, 1 - right)
        found[f"policy{number}"] = HeldOutPolicy(
            stances={
                stance: {SURE[k]: int(n) for k, n in enumerate(drawn[row]) if n}
                for row, stance in enumerate(STANCES)
            },
            judged=rows,
            evaluations={
                Aspect.COST: {
                    Polarity.CRITICISM: Found(hits=hits, misses=held - hits, alarms=alarms)
                }
            },
        )
    return HeldOut(model_id=MODEL, policies=found)


def counts(favor: int, against: int, none: int, costly: int = 0, model: str = MODEL) -> Counts:
    """Return a cell whose stances are all very probable."""
    numbers = (favor, against, none)
    return Counts(
        favor=favor,
        against=against,
        none=none,
        evaluations={Aspect.COST: {Polarity.CRITICISM: costly}} if costly else {},
        outputs={model: {SURE[k]: n for k, n in enumerate(numbers) if n}},
    )


def spread_out(bins: dict[int, int], model: str = MODEL) -> Counts:
    """Return the cell of opinions in any bins."""
    each = OUTPUTS // len(STANCES)
    favor, against, none = (
        sum(n for b, n in bins.items() if b // each == place) for place in range(len(STANCES))
    )
    return Counts(favor=favor, against=against, none=none, outputs={model: bins})
