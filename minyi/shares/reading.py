"""From counts of what a tagger put out to shares of what is true, with intervals. Pure.

Inverting the confusion matrix (``minyi.shares.quantifying``) takes it to be the same for every
policy. A tagger that reads the policy beside the comment also learns what people mostly say of it:
where nearly all are against, it finds them better. So on real policies the inversion is further off
than plain counting (docs/honesty.md). Here what differs between policies and what moves within one
are told apart, as panel data are (Mundlak 1978, Econometrica 46:69). With f the chance of each
truth in an output bin on held-out rows:

- **level**: a policy's shares lie near mean + (its mean f - mean f) · ``slope``. The slope is
  1 + theta · (inverted confusion - 1), theta being how far the confusion is the same for all: 0
  takes the tagger's chances as they are, 1 inverts. It comes from how shares and mean f vary
  together between held-out policies.
- **change**: a window's shares lie near its policy's + (its mean f - the policy's) · T⁻¹, where T
  says how f follows the truth inside of the policy: label shift. T is a mixture, by theta, of the
  one that all policies share and of the policy's own, which follows from f and the bins' counts.

What levels and changes are off by beyond the sampling of rows is measured on the held-out policies,
as moments (one-way random effects, like ``policy_spread`` of the tagger's manifest): levels as a
part of p(1 - p), changes by class.

Shapes: P groups, K classes whose shares sum to 1, B output bins, C cells. D is K - 1: the last
class is what the others leave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import erfc, pi, sqrt

import numpy as np

from minyi.arrays import Floats
from minyi.prevalence import simplex

PRIOR_ROWS = 4.0
"""Rows' worth of belief that a bin holds the classes as they come overall, and opinions' worth of
belief that f varies as usual (Agresti & Coull 1998, Am. Stat. 52:119, add as many)."""
POOL_ROWS = 20.0
"""Opinions' worth of belief that a policy's bins are filled as they are overall."""
POOL_PART = 0.1
"""The part of that belief which no number of opinions takes away."""
USUAL = 0.06**2
"""Variance between policies that is expected before any is seen; theta is held to 0 by as much."""
USUAL_LEVEL = 0.03
"""The same for levels, in parts of p(1 - p): 0.08² where that is 0.2, as in ``minyi.labelling``."""
STEEPEST = 0.05
"""No direction of T is taken to be flatter: a change is stretched by 20 at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What output bins say of the truth, learnt from held-out rows.

    ``chances`` (B, K) are f, ``filled`` (B,) the part of rows in each bin. ``truth`` and ``mean``
    (D,) are the mean shares and the mean f of ``groups`` policies, ``theta`` is what confusions
    have in common, ``common`` (D, D) the T that they share. Covariances (D, D): ``spread`` of mean
    f between policies, ``variance`` of f and ``residual`` of truth less ``guess`` in one of them,
    ``bend`` (K, D, D) of a class's mean f inside of a policy. ``level`` times p(1 - p) is the
    variance of what a level p is off by.
    """

    chances: Floats
    filled: Floats
    truth: Floats
    mean: Floats
    groups: int
    theta: float
    common: Floats
    spread: Floats
    variance: Floats
    residual: Floats
    level: float
    bend: Floats

    @property
    def slope(self) -> Floats:
        """The slope of the level, (D, D), to be multiplied from the left."""
        eye = np.eye(len(self.mean))
        slope: Floats = eye + self.theta * (np.linalg.pinv(self.common) - eye)
        return slope

    @property
    def guess(self) -> Floats:
        """What an opinion in a bin counts toward the level of each share, (B, D)."""
        d = len(self.mean)
        guess: Floats = self.truth + (self.chances[:, :d] - self.mean) @ self.slope
        return guess

    def following(self, bins: Floats) -> Floats:
        """Return how mean f follows the shares inside of policies, T, shape (P, D, D).

        Args:
            bins: opinions by bin of each policy, shape (P, B).
        """
        d = len(self.mean)
        filled = (bins + POOL_ROWS * self.filled) / (bins.sum(1, keepdims=True) + POOL_ROWS)
        filled = (1 - POOL_PART) * filled + POOL_PART * self.filled
        joint = filled[:, :, None] * self.chances
        means = joint.transpose(0, 2, 1) @ self.chances[:, :d] / joint.sum(1)[:, :, None]
        own = means[:, :d] - means[:, d:]
        u, sizes, v = np.linalg.svd(self.theta * self.common + (1 - self.theta) * own)
        followed: Floats = (u * sizes.clip(min=STEEPEST)[:, None, :]) @ v
        return followed


def learn(rows: Floats) -> Reading:
    """Learn from held-out rows.

    Args:
        rows: how many rows of each group have each class and bin, shape (P, K, B).

    Raises:
        ValueError: when a class has no row.
    """
    rows = np.asarray(rows, float)
    rows = rows[rows.sum((1, 2)) > 0]
    total = rows.sum(0)
    if not total.sum(1).all():
        raise ValueError("held-out rows of every class are needed")
    d = total.shape[0] - 1
    overall = total.sum(1) / total.sum()
    chances = (total.T + PRIOR_ROWS * overall) / (total.sum(0)[:, None] + PRIOR_ROWS)
    truth = np.broadcast_to(np.eye(d + 1)[:, None, :d], (d + 1, total.shape[1], d))
    guess = np.broadcast_to(chances[None, :, :d], truth.shape)
    mean, inside, spread = _moments(rows, np.concatenate([truth, guess], axis=2))
    common = np.linalg.pinv(inside[:d, :d]) @ inside[:d, d:]
    stretch = guess @ (np.linalg.pinv(common) - np.eye(d))
    _, _, joint = _moments(rows, np.concatenate([truth - guess, stretch], axis=2))
    theta = float(np.trace(joint[:d, d:]) / (np.trace(joint[d:, d:]) + USUAL))
    found = Reading(
        chances=chances,
        filled=total.sum(0) / total.sum(),
        truth=mean[:d],
        mean=mean[d:],
        groups=len(rows),
        theta=min(1.0, max(0.0, theta)),
        common=common,
        spread=_covariance(spread[d:, d:]),
        variance=_covariance(inside[d:, d:]),
        residual=np.zeros((d, d)),
        level=0.0,
        bend=np.zeros((d + 1, d, d)),
    )
    _, noise, _ = _moments(rows, truth - guess @ found.slope)
    return replace(
        found, residual=_covariance(noise), level=_level(found, rows), bend=_bend(found, rows)
    )


def _moments(rows: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean, covariance inside of groups, and covariance between groups beyond what the first
    explains, of what rows of a class and bin are worth: ``values`` (K, B, V). The estimates are
    unbiased, so the last need not be a covariance."""
    n = rows.sum((1, 2))
    each = np.einsum("pkb,kbv->pv", rows, values) / n[:, None]
    mean = n @ each / n.sum()
    square = np.einsum("kb,kbv,kbw->vw", rows.sum(0), values, values)
    inside = (square - (n[:, None] * each).T @ each) / max(n.sum() - len(n), 1)
    if len(n) < 2:
        return mean, inside, np.zeros_like(inside)
    away = each - mean
    size = (n.sum() - n @ n / n.sum()) / (len(n) - 1)
    return mean, inside, ((n[:, None] * away).T @ away / (len(n) - 1) - inside) / size


def _level(found: Reading, rows: Floats) -> float:
    """Return what levels are off by between policies, in parts of p(1 - p).

    A policy that nearly all favor cannot be misjudged by much, so one number stands for all classes
    and policies, as in a beta-binomial distribution. Policies count by their rows, but many rows
    of one tell no more than ``1 / level`` of them.
    """
    rows = rows[rows.sum((1, 2)) > 1]
    if len(rows) < 3:
        return USUAL_LEVEL
    n = rows.sum((1, 2))
    guess = whole(found.guess)
    off = np.eye(guess.shape[1])[:, None] - guess[None]
    mean = np.einsum("pkb,kbj->pj", rows, off) / n[:, None]
    square = np.einsum("pkb,kbj->p", rows, off**2) / n
    noise = (square - (mean**2).sum(1)) / (n - 1)
    shares = simplex(rows.sum(1) @ guess / n[:, None])
    room = (1 - (shares**2).sum(1)).clip(min=0.05)
    weight = n / (1 + USUAL_LEVEL * n)
    square = (mean**2).sum(1) * len(n) / (len(n) - 2)  # mean and theta were fitted to them
    found_level = float(weight @ (square - noise) / (weight @ room))
    spread = weight * (noise + max(found_level, 0) * room)
    error = sqrt(2 / len(found.mean) * float(spread @ spread)) / float(weight @ room)
    return float(_plausible(np.array([found_level]), np.array([error]), USUAL_LEVEL)[0])


def whole(shares: Floats) -> Floats:
    """Return all K shares, in the last axis, of the first D."""
    return np.concatenate([shares, 1 - shares.sum(-1, keepdims=True)], axis=-1)


def _bend(found: Reading, rows: Floats) -> Floats:
    """Return how far the mean f of a class, inside of a policy, lies from where T has it."""
    d = len(found.mean)
    f = found.chances[:, :d]
    n = rows.sum((1, 2))
    shares = rows.sum(2) / n[:, None]
    centre = rows.sum(1) @ f / n[:, None]
    following = found.following(rows.sum(1))
    bend = np.zeros((d + 1, d, d))
    for place, unit in enumerate(np.eye(d + 1)):
        own = rows[:, place].sum(0)
        mean = own @ f / max(own.sum(), 1)
        variance = (own[:, None] * (f - mean)).T @ (f - mean) / max(own.sum(), 1)
        # A class that is nearly all of a policy cannot be told from its policy's mean.
        count, others = rows[:, place].sum(1), 1 - shares[:, place]
        seen = (count > 0) & (others > 0)
        if not seen.any():
            continue
        expected = np.einsum("pd,pde->pe", (unit - shares[seen])[:, :d], following[seen])
        off = rows[seen, place] @ f / count[seen, None] - centre[seen] - expected
        excess = (count[seen, None] * off).T @ off - others[seen].sum() * variance
        weight = count[seen] * others[seen]
        bend[place] = _likely(excess / weight.sum(), variance, weight)
    return bend


def _covariance(matrix: Floats) -> Floats:
    """Return the nearest covariance: no eigenvalue below zero."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    mended: Floats = (vectors * values.clip(min=0)) @ vectors.T
    return mended


def _likely(moment: Floats, noise: Floats, weights: Floats) -> Floats:
    """Return what a covariance between groups may be, given its moment estimate.

    Args:
        moment: the unbiased estimate, weighted by ``weights``.
        noise: covariance of one row's worth.
        weights: rows of each group.
    """
    values, vectors = np.linalg.eigh((moment + moment.T) / 2)
    axis = np.einsum("ij,ik,kj->j", vectors, noise, vectors)
    spread = axis[:, None] + values.clip(min=0)[:, None] * weights
    errors = np.sqrt(2 * (spread**2).sum(1)) / weights.sum()
    found: Floats = (vectors * _plausible(values, errors, USUAL)) @ vectors.T
    return found


def _plausible(moments: Floats, errors: Floats, usual: float) -> Floats:
    """Return variances between groups, given their moment estimates.

    The estimate of few small groups may well be zero where the truth is not. The estimate is taken
    to be normal and the truth, before, exponential with mean ``usual``: the mean of a truncated
    normal distribution.
    """
    errors = errors + 1e-12
    centres = (moments - errors**2 / usual).clip(min=-5 * errors)
    places = centres / errors
    bell = np.exp(-(places**2) / 2) / sqrt(2 * pi)
    below = np.array([erfc(-place / sqrt(2)) / 2 for place in places])
    found: Floats = (centres + errors * bell / below).clip(min=0)
    return found
