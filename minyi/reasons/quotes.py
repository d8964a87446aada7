"""Quotes that stand for many and differ from one another, chosen by a rule. Pure.

Maximal marginal relevance (Carbonell & Goldstein 1998, SIGIR 335): one after the other the text is
taken that is most like all texts together and least like those that were taken already. Likeness is
the cosine of the texts' phrases, the rarer the heavier. Nothing is ever generated or shortened.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log, sqrt

RELEVANCE = 0.6
"""How much a quote must stand for all, over how much it must differ from the other quotes."""


def choose(texts: Sequence[frozenset[str]], count: int) -> list[int]:
    """Return the places of the texts to quote, the most representative first.

    Args:
        texts: the phrases of each text.
        count: how many at most; texts without phrases are never chosen.
    """
    holding = Counter(phrase for text in texts for phrase in text)
    weights = {phrase: log(1 + len(texts) / n) ** 2 for phrase, n in holding.items()}
    # the sum of all unit vectors, one weight squared a phrase: it points where the texts do
    norms = [sqrt(sum(sorted(weights[phrase] for phrase in text))) for text in texts]
    together: defaultdict[str, float] = defaultdict(float)
    for text, norm in zip(texts, norms, strict=True):
        for phrase in text:
            together[phrase] += 1 / norm
    length = sqrt(sum(sorted(weights[p] * n * n for p, n in together.items()))) or 1.0

    def relevance(place: int) -> float:
        mass = sum(sorted(weights[phrase] * together[phrase] for phrase in texts[place]))
        return mass / (norms[place] * length)

    def alike(one: int, other: int) -> float:
        mass = sum(sorted(weights[phrase] for phrase in texts[one] & texts[other]))
        return mass / (norms[one] * norms[other])

    left = {place: relevance(place) for place, text in enumerate(texts) if text}
    nearest = dict.fromkeys(left, 0.0)
    chosen: list[int] = []
    while left and len(chosen) < count:
        best = max(
            left,
            key=lambda p: (round(RELEVANCE * left[p] - (1 - RELEVANCE) * nearest[p], 12), -p),
        )
        chosen.append(best)
        del left[best]
        for place in left:
            nearest[place] = max(nearest[place], alike(place, best))
    return chosen
