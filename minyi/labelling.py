"""Active labelling: what labels say of a policy's shares. Pure.

The tagger's calibrated probabilities give a first share of a stance, the mean of its probability f
over all opinions. What that mean is wrong by, the bias mean(Y - f), is unknown before anybody has
looked: its prior is Normal(0, spread²), the spread being how much the mean residual differs
between policies. Labels of comments drawn with known probabilities estimate the bias without
assuming that the tagger is right (active statistical inference: Zrnic & Candès 2024,
arXiv:2403.03208), and prior and estimate are weighed by their precision. Labels that contradict
the prior stand alone: a policy that the tagger misreads must not be taken for a usual one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from minyi.arrays import Floats
from minyi.drawing import EXPLORE, Candidate, Sample, probabilities_of
from minyi.outputs import STANCES
from minyi.prevalence import Z95
from minyi.vocabulary import Stance

SPREAD = 0.08
"""How much a policy's mean residual is expected to be off, one standard deviation."""
CHI2_95 = 5.991464547107979
"""95 % quantile of chi-square with two degrees of freedom."""


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
    probabilities = probabilities_of(texts)
    copies = np.array([text.copies for text in texts], float)
    weights = copies / copies.sum()
    sample = Sample(texts, labels, seed, explore)
    sampled, others, drawn = sample.drawn, sample.others, int(sample.drawn.sum())
    truth = np.array([[stance is s for s in STANCES] for stance in sample.found], float)
    residuals = np.where((sampled | others)[:, None], truth - probabilities, 0.0)

    # Others are known as they are; the sample speaks for the rest, all that is not among them.
    rest = weights[~others].sum()
    known = weights[others] @ residuals[others]
    prior = spread**2 * np.array([[1.0, -0.5], [-0.5, 1.0]])  # residuals sum to 0: var of each ²
    bias, covariance, contradicted = np.zeros(2), prior, False
    if drawn:
        inclusion = sample.inclusion
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
        sample.reached - drawn,
        contradicted,
    )


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
