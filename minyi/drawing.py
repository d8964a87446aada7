"""Drawing comments to be labelled: which come first, and for how many each stands. Pure.

Comments are drawn by priority sampling (Duffield, Lund & Thorup 2007, J. ACM 54(6):32): each text
has a size q and a fixed random number u, and those of the highest q/u come first. For every number
of labels, the first k are a sample of exactly k, in which a text was included with probability
min(1, q/t), t being the priority of the first one that was left out; weighing by it is unbiased.
So one may stop at any comment, and go on later with a larger budget.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minyi.arrays import Bools, Floats
from minyi.domain import Opinion
from minyi.outputs import STANCES
from minyi.vocabulary import Stance

EXPLORE = 0.1
"""Part of the draw that ignores what the tagger thinks, so that what it is sure of is seen too."""
ANSWERED = 0.5
"""Comments up to which at least this part has a label are taken as gone through."""
TINY = 1e-6
"""No probability is taken as smaller; a tagger is never certain."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text on a policy, with all opinions that are copies of it.

    ``probabilities`` are those of ``STANCES``, the copies' mean. ``opinion_ids`` begin with the
    oldest, which is the one that is shown.
    """

    duplicate_key: str
    opinion_ids: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def opinion_id(self) -> str:
        return self.opinion_ids[0]

    @property
    def copies(self) -> int:
        return len(self.opinion_ids)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A comment to label: the id of its opinion, and with which probability it was drawn."""

    opinion_id: str
    inclusion: float


def candidates(opinions: Iterable[Opinion]) -> list[Candidate]:
    """Return the distinct texts of opinions on one policy, in order of their duplicate keys."""
    copies: dict[str, list[Opinion]] = {}
    for opinion in opinions:
        copies.setdefault(opinion.duplicate_key, []).append(opinion)
    return [
        Candidate(
            key,
            tuple(o.id for o in sorted(same, key=lambda o: (o.created_at, o.id))),
            tuple(
                sum(getattr(o.probabilities, stance) for o in same) / len(same)
                for stance in STANCES
            ),
        )
        for key, same in sorted(copies.items())
    ]


def propose(
    texts: Sequence[Candidate], budget: int, seed: int = 0, explore: float = EXPLORE
) -> list[Proposal]:
    """Return the comments whose labels would narrow the shares' intervals most, best first.

    A text's size is its copies times the square root of the squared residual that the tagger
    expects, summed over the stances: the probabilities that make the variance least (Zrnic &
    Candès 2024, section 3). The first of a larger budget are those of a smaller.

    Args:
        texts: all texts on the policy.
        budget: how many to propose; all, when there are fewer.
        seed: of the draw; the same proposes the same.
        explore: part of the draw that goes by the copies alone; 1 ignores the tagger.

    Raises:
        ValueError: unless the budget is positive and ``explore`` lies in (0, 1].
    """
    if budget < 1:
        raise ValueError("the budget must be at least 1")
    draw = _draw(texts, seed, explore)
    drawn = draw.order[:budget]
    inclusion = draw.inclusion(len(drawn))
    return [Proposal(texts[i].opinion_id, float(inclusion[i])) for i in drawn]


def stands_for(
    texts: Sequence[Candidate],
    labels: Mapping[str, Stance],
    seed: int = 0,
    explore: float = EXPLORE,
) -> dict[str, float]:
    """Return for how many opinions each label stands, by the opinion id that it was given for.

    A label of the sample stands for its copies over the probability with which they came into it,
    another for its copies alone. What labels of several copies of a text stand for is shared out
    among them.

    Args:
        texts: all texts on the policy.
        labels: stances by opinion id; ids that are of no text are passed over.
        seed, explore: as proposed with.
    """
    sample = Sample(texts, labels, seed, explore)
    chance = np.where(sample.others, 1.0, sample.inclusion)
    given = [[i for i in text.opinion_ids if i in labels] for text in texts]
    return {
        name: text.copies / float(chance[place]) / len(names)
        for place, (text, names) in enumerate(zip(texts, given, strict=True))
        for name in names
    }


class Sample:
    """What of the labels can speak for the texts without one.

    ``found`` are the labels by text, ``drawn`` those texts that were gone through and labelled,
    ``others`` those that have a label and were not proposed. ``inclusion`` is with which
    probability a text that is not among the others came into the sample: comments that were
    passed over are taken to be so by chance. ``reached`` is how many were gone through.
    """

    def __init__(
        self, texts: Sequence[Candidate], labels: Mapping[str, Stance], seed: int, explore: float
    ) -> None:
        self.found = [next((labels[i] for i in t.opinion_ids if i in labels), None) for t in texts]
        labelled = np.array([stance is not None for stance in self.found])
        draw = _draw(texts, seed, explore)
        self.reached = _reached(labelled[draw.order])
        self.drawn: Bools = np.zeros(len(texts), bool)
        self.drawn[draw.order[: self.reached]] = True
        self.drawn &= labelled
        self.others: Bools = labelled & ~self.drawn
        answered = self.drawn.sum() / max(1, self.reached)
        self.inclusion: Floats = draw.inclusion(self.reached, ~self.others) * answered


@dataclass(frozen=True, slots=True)
class _Draw:
    """Texts by priority: ``order`` has their places, the highest first."""

    sizes: Floats
    priorities: Floats
    order: npt.NDArray[np.intp]

    def inclusion(self, count: int, among: Bools | None = None) -> Floats:
        """Return for each text with which probability it was among the first ``count``, given the
        others; ``among`` narrows what was drawn from and must hold those."""
        order = self.order if among is None else self.order[among[self.order]]
        threshold = self.priorities[order[count]] if count < len(order) else 0.0
        with np.errstate(divide="ignore"):
            return np.minimum(1.0, self.sizes / threshold)


def _draw(texts: Sequence[Candidate], seed: int, explore: float) -> _Draw:
    if not 0 < explore <= 1:
        raise ValueError("explore must lie in (0, 1]")
    p = probabilities_of(texts)
    copies = np.array([text.copies for text in texts], float)
    sizes = copies * np.sqrt((p * (1 - p)).sum(axis=1))
    sizes = (1 - explore) * sizes / sizes.sum() + explore * copies / copies.sum()
    priorities = sizes / np.array([_chance(seed, text.duplicate_key) for text in texts])
    return _Draw(sizes, priorities, np.argsort(-priorities, kind="stable"))


def _chance(seed: int, key: str) -> float:
    """Return a text's random number in (0, 1): its own, whatever comments come or go."""
    digest = hashlib.sha256(f"{seed}\x1f{key}".encode()).digest()
    return (int.from_bytes(digest[:6]) + 0.5) / 2**48


def probabilities_of(texts: Sequence[Candidate]) -> Floats:
    """Return the texts' probabilities, shape (texts, stances), rows that sum to 1."""
    p = np.array([text.probabilities for text in texts], float).clip(min=TINY)
    normal: Floats = p / p.sum(axis=1, keepdims=True)
    return normal


def _reached(labelled: Bools) -> int:
    """Return how many comments, in the order of proposing, were gone through: up to the last
    labelled one before which at least ``ANSWERED`` of all have a label."""
    share = np.cumsum(labelled) / np.arange(1, len(labelled) + 1)
    through = np.flatnonzero(labelled & (share >= ANSWERED))
    return int(through[-1]) + 1 if len(through) else 0
