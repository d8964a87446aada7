"""Active labelling: which comments to label, and what their labels say of a policy's shares. Pure.

The tagger's calibrated probabilities give a first share of a stance, the mean of its probability f
over all opinions. What that mean is wrong by, the bias mean(Y - f), is unknown before anybody has
looked: its prior is Normal(0, spread²), the spread being how much the mean residual differs
between policies. Labels of comments drawn with known probabilities estimate the bias without
assuming that the tagger is right (active statistical inference: Zrnic & Candès 2024,
arXiv:2403.03208), and prior and estimate are weighed by their precision. Labels that contradict
the prior stand alone: a policy that the tagger misreads must not be taken for a usual one.

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
from math import sqrt

import numpy as np
import numpy.typing as npt

from minyi.domain import Opinion
from minyi.prevalence import Z95
from minyi.vocabulary import Stance

Floats = npt.NDArray[np.float64]

STANCES = tuple(Stance)
SPREAD = 0.08
"""How much a policy's mean residual is expected to be off, one standard deviation."""
EXPLORE = 0.1
"""Part of the draw that ignores what the tagger thinks, so that what it is sure of is seen too."""
ANSWERED = 0.5
"""Comments up to which at least this part has a label are taken as gone through."""
CHI2_95 = 5.991464547107979
"""95 % quantile of chi-square with two degrees of freedom."""
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its 95 % interval, within 0 and 1; ``margin`` is half its width before it is
    cut off there."""

    share: float
    low: float
    high: float
    margin: float


@dataclass(frozen=True, slots=True)
class Change:
    """The share of a stance as the tagger alone knows it, and with the labels."""

    before: Estimate
    after: Estimate

    @property
    def narrower(self) -> float:
        """By which part the interval has become narrower, 0 to 1."""
        return max(0.0, 1 - self.after.margin / self.before.margin)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What labels do to the shares of a policy.

    ``drawn`` labels stand for the comments without one; ``others`` are of comments that were not
    proposed and tell of themselves only; ``skipped`` comments were proposed and have no label,
    which is taken to be by chance. ``contradicted`` is whether the tagger is off by more than the
    prior allows for.
    """

    changes: dict[Stance, Change]
    drawn: int
    others: int
    skipped: int
    contradicted: bool


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


def narrowed(
    texts: Sequence[Candidate],
    labels: Mapping[str, Stance],
    spread: float = SPREAD,
    seed: int = 0,
    explore: float = EXPLORE,
) -> Narrowing:
    """Return the shares of all opinions before and after labels.

    An interval holds what the bias may still be and the sampling of the opinions (Agresti & Coull
    1998, Am. Stat. 52:119, the close relative of Wilson's interval; copies of a text count as one
    voice, Kish's effective sample size). Both sides take the sampling at the share with the
    labels, so that only the labels make the difference; then no margin grows.

    Args:
        texts: all texts on the policy.
        labels: stances by opinion id; the label of one copy counts for all. Ids that are of no
            text are passed over.
        spread: standard deviation of the mean residual between policies.
        seed, explore: as proposed with.

    Raises:
        ValueError: when there are no texts, or ``spread`` is not positive.
    """
    if not texts or spread <= 0:
        raise ValueError("needed are texts and a positive spread")
    probabilities = _probabilities(texts)
    copies = np.array([text.copies for text in texts], float)
    weights = copies / copies.sum()
    found = [next((labels[i] for i in t.opinion_ids if i in labels), None) for t in texts]
    labelled = np.array([stance is not None for stance in found])
    truth = np.array([[stance is s for s in STANCES] for stance in found], float)
    residuals = np.where(labelled[:, None], truth - probabilities, 0.0)

    draw = _draw(texts, seed, explore)
    reached = _reached(labelled[draw.order])
    sampled = np.zeros(len(texts), bool)
    sampled[draw.order[:reached]] = True
    sampled &= labelled
    others = labelled & ~sampled
    drawn = int(sampled.sum())

    # Others are known as they are; the sample speaks for the rest, all that is not among them.
    rest = weights[~others].sum()
    known = weights[others] @ residuals[others]
    prior = spread**2 * np.array([[1.0, -0.5], [-0.5, 1.0]])  # residuals sum to 0: var of each ²
    bias, covariance, contradicted = np.zeros(2), prior, False
    if drawn:
        inclusion = draw.inclusion(reached, ~others) * drawn / reached
        scale = weights / rest / inclusion
        pulls = (scale[:, None] * residuals)[sampled, :2]
        left_out = 1 - inclusion
        measured = (left_out[sampled, None] * pulls).T @ pulls
        expected = left_out * inclusion * scale**2 * ~others
        error = _at_least(measured, _expected_covariance(probabilities, expected))
        bias = pulls.sum(axis=0)
        precision = np.linalg.inv(prior + error)
        contradicted = bool(bias @ precision @ bias > CHI2_95)
        gain = np.eye(2) if contradicted else prior @ precision
        bias, covariance = gain @ bias, gain @ error
    to_three = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    variances = np.diag(to_three @ covariance @ to_three.T).clip(0, spread**2) * rest**2
    first = weights @ probabilities
    after = (first + known + rest * (to_three @ bias)).clip(0, 1)

    voices = 1 / float(weights @ weights)
    return Narrowing(
        {
            stance: Change(
                _estimate(first[i], spread**2, after[i], voices),
                _estimate(after[i], variances[i], after[i], voices),
            )
            for i, stance in enumerate(STANCES)
        },
        drawn,
        int(others.sum()),
        reached - drawn,
        contradicted,
    )


@dataclass(frozen=True, slots=True)
class _Draw:
    """Texts by priority: ``order`` has their places, the highest first."""

    sizes: Floats
    priorities: Floats
    order: npt.NDArray[np.intp]

    def inclusion(self, count: int, among: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Return for each text with which probability it was among the first ``count``, given the
        others; ``among`` narrows what was drawn from and must hold those."""
        order = self.order if among is None else self.order[among[self.order]]
        threshold = self.priorities[order[count]] if count < len(order) else 0.0
        with np.errstate(divide="ignore"):
            return np.minimum(1.0, self.sizes / threshold)


def _draw(texts: Sequence[Candidate], seed: int, explore: float) -> _Draw:
    if not 0 < explore <= 1:
        raise ValueError("explore must lie in (0, 1]")
    p = _probabilities(texts)
    copies = np.array([text.copies for text in texts], float)
    sizes = copies * np.sqrt((p * (1 - p)).sum(axis=1))
    sizes = (1 - explore) * sizes / sizes.sum() + explore * copies / copies.sum()
    priorities = sizes / np.array([_chance(seed, text.duplicate_key) for text in texts])
    return _Draw(sizes, priorities, np.argsort(-priorities, kind="stable"))


def _chance(seed: int, key: str) -> float:
    """Return a text's random number in (0, 1): its own, whatever comments come or go."""
    digest = hashlib.sha256(f"{seed}\x1f{key}".encode()).digest()
    return (int.from_bytes(digest[:6]) + 0.5) / 2**48


def _probabilities(texts: Sequence[Candidate]) -> Floats:
    """Return the texts' probabilities, shape (texts, stances), rows that sum to 1."""
    p = np.array([text.probabilities for text in texts], float).clip(min=TINY)
    normal: Floats = p / p.sum(axis=1, keepdims=True)
    return normal


def _reached(labelled: npt.NDArray[np.bool_]) -> int:
    """Return how many comments, in the order of proposing, were gone through: up to the last
    labelled one before which at least ``ANSWERED`` of all have a label."""
    share = np.cumsum(labelled) / np.arange(1, len(labelled) + 1)
    through = np.flatnonzero(labelled & (share >= ANSWERED))
    return int(through[-1]) + 1 if len(through) else 0


def _expected_covariance(probabilities: Floats, weights: Floats) -> Floats:
    """Return the weighed sum of the covariances diag(p) - pp' of single labels, of two stances."""
    p = probabilities[:, :2]
    covariance: Floats = np.diag(weights @ p) - (weights[:, None] * p).T @ p
    return covariance


def _at_least(measured: Floats, floor: Floats) -> Floats:
    """Return the smallest covariance that is no less than either in any direction: a few labels
    that happen to agree must not pass for certainty."""
    if not floor.any():
        return measured
    root = np.linalg.cholesky(floor)
    inverse = np.linalg.inv(root)
    values, vectors = np.linalg.eigh(inverse @ measured @ inverse.T)
    turned = root @ vectors
    larger: Floats = (turned * values.clip(min=1)) @ turned.T
    return larger


def _estimate(share: float, variance: float, sampled_at: float, voices: float) -> Estimate:
    """Return the interval of a share with a bias of that variance, as a sample of ``voices``."""
    trials = voices + Z95**2
    inner = (sampled_at * voices + Z95**2 / 2) / trials
    margin = Z95 * sqrt(variance + inner * (1 - inner) / trials)
    centre = (share * voices + Z95**2 / 2) / trials
    return Estimate(
        float(share), float(max(0, centre - margin)), float(min(1, centre + margin)), margin
    )
