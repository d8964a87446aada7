"""The tagger's output in a few kinds, so that an index can count them. Pure.

Adjusted shares need more of each opinion than its stance, and a store can only add up whole
numbers. An opinion's probabilities are therefore put in one of thirty bins: its stance, the
runner-up, and how probable the stance is. How often each bin comes with each true stance is known
from held-out rows (``minyi.shares.held_out``); counts of the bins are all that is then needed.
"""

from __future__ import annotations

from bisect import bisect

from minyi.domain import StanceProbabilities
from minyi.vocabulary import Stance

STANCES = tuple(Stance)
LEVELS = (0.5, 0.65, 0.8, 0.9)
"""Where a stance's probability passes from one level to the next."""
OUTPUTS = len(STANCES) * (len(STANCES) - 1) * (len(LEVELS) + 1)
"""How many bins there are: 30. A change needs new versions of both indices."""


def output(stance: Stance, probabilities: StanceProbabilities) -> int:
    """Return the bin of an opinion, 0 to ``OUTPUTS`` - 1; of equal runners-up the first counts."""
    others = [other for other in STANCES if other is not stance]
    second = max(others, key=lambda other: getattr(probabilities, other))
    pair = STANCES.index(stance) * len(others) + others.index(second)
    return pair * (len(LEVELS) + 1) + bisect(LEVELS, getattr(probabilities, stance))


def stance_of(number: int) -> Stance:
    """Return the stance of all opinions in a bin."""
    return STANCES[number // (OUTPUTS // len(STANCES))]
