"""Which phrases set one side apart from another. Pure.

The log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin'
Words", Political Analysis 16:372, equations 16, 20 and 22): how much likelier a phrase is on one
side than on the other, both drawn towards how frequent it is in everything that was said, over its
standard error. Rare phrases thus need more than a chance occurrence, and frequent ones more than a
small difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import log, sqrt

from minyi.prevalence import Z95

PRIOR = 100.0
"""Phrases that the prior weighs as much as: those of some four comments."""
FEWEST = 3
"""Texts of a side that must hold a phrase."""
TELLING = Z95
"""z-scores from here on tell, as in the paper: one phrase in forty would reach it by chance."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A phrase and how much more it belongs to one side; ``texts`` and ``others`` are how many of
    the two sides hold it."""

    phrase: str
    texts: int
    others: int
    log_odds: float
    z: float


def log_odds(
    one: Mapping[str, int], other: Mapping[str, int], everything: Mapping[str, int]
) -> dict[str, tuple[float, float]]:
    """Return the log-odds ratio and its z-score for every phrase of the first side.

    Args:
        one: texts of a side that hold each phrase.
        other: the same of the other side.
        everything: the same of all texts, both sides included: the prior.
    """
    # one more for what nobody has said yet: a side of a single phrase has odds, too
    sizes = sum(one.values()) + PRIOR + 1, sum(other.values()) + PRIOR + 1
    scale = PRIOR / max(1, sum(everything.values()))
    found = {}
    for phrase, count in one.items():
        prior = scale * max(1, everything.get(phrase, 0))
        here, there = count + prior, other.get(phrase, 0) + prior
        odds = log(here / (sizes[0] - here)) - log(there / (sizes[1] - there))
        found[phrase] = odds, odds / sqrt(1 / here + 1 / there)
    return found


def telling(
    one: Collection[frozenset[str]],
    other: Collection[frozenset[str]],
    rest: Iterable[frozenset[str]] = (),
    limit: int = 12,
) -> tuple[list[Telling], int]:
    """Return the phrases that set one side apart, those of the highest z-score first, and how many
    were compared.

    Of phrases that contain one another and stand in mostly the same texts the one of the highest
    score is kept.

    Args:
        one: the phrases of each text of a side.
        other: those of the other side.
        rest: those of texts on neither, which belong to everything that was said.
        limit: how many at most.
    """
    counts = [Counter(phrase for text in side for phrase in text) for side in (one, other, rest)]
    here, there, beside = counts
    scores = log_odds(here, there, here + there + beside)
    ranked = sorted(
        (
            Telling(phrase, here[phrase], there[phrase], round(odds, 4), round(z, 4))
            for phrase, (odds, z) in scores.items()
            if z >= TELLING and here[phrase] >= FEWEST
        ),
        key=lambda found: (-found.z, found.phrase),
    )
    kept: list[Telling] = []
    holding: dict[str, set[int]] = {}
    for found in ranked:
        texts = {place for place, text in enumerate(one) if found.phrase in text}
        if not any(_same(found.phrase, texts, known, at) for known, at in holding.items()):
            kept.append(found)
            holding[found.phrase] = texts
        if len(kept) == limit:
            break
    return kept, sum(n >= FEWEST for n in here.values())


def _same(phrase: str, texts: set[int], known: str, at: set[int]) -> bool:
    """Whether one of two phrases contains the other, and they stand in mostly the same texts."""
    if phrase not in known and known not in phrase:
        return False
    return 2 * len(texts & at) > min(len(texts), len(at))
