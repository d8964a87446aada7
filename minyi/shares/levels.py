"""Shares of a policy's cells from counts of output bins: its level, and each cell's change. Pure.

What ``minyi.shares.reading`` has learnt from held-out rows is applied here; shapes are told there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.labelling import CHI2_95
from minyi.prevalence import Z95, simplex
from minyi.shares.prediction_powered import Labelled, prediction_powered
from minyi.shares.reading import PRIOR_ROWS, USUAL, Reading, whole

LEAST = 1e-12
"""Smallest variance of a share: it is never known to more than a millionth."""
SAME = 0.2
"""Labels that stand for as many opinions as there are, up to this part, were drawn from them."""


@dataclass(frozen=True, slots=True)
class Read:
    """Shares of cells with 95 % intervals, all (C, K)."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Moves:
    """Shares of cells before anything holds them within 0 and 1, and variances of their errors.

    ``value`` and what is ``sampled`` in it are each cell's own, (C, K). All cells have the policy's
    ``level`` (K,) in common and what that is off by, ``shared`` (K,); what a cell has moved from
    there is off by ``bend`` (K, K), for the square of each class's move, in all that move alike.
    """

    value: Floats
    sampled: Floats
    level: Floats
    shared: Floats
    bend: Floats


def read(
    found: Reading,
    cells: Floats,
    own: Labelled | None = None,
    fresh: Labelled | None = None,
    pool: Floats | None = None,
) -> Read:
    """Return the shares of cells of one policy, and how sure they are.

    All its opinions together say where the policy's level is, and each cell how far it lies from
    there.

    Args:
        found: what the bins say.
        cells: opinions by bin, shape (C, B), every row above zero.
        own: held-out rows of this policy; they tell what its level is off by.
        fresh: labels of opinions of this policy in the index; as ``own``, and where they contradict
            what was learnt from other policies, they stand alone.
        pool: all opinions on the policy by bin, shape (B,), where the cells are a part of them;
            None, or where it holds fewer: the cells are all.
    """
    d = len(found.mean)
    parts = _parts(found, cells, own, fresh, pool)
    error = parts.sampled + parts.shared
    error += np.einsum("ck,kij->cij", _moved(parts.change) ** 2, parts.bend)
    value = whole(parts.level + parts.change)
    shares, margin = simplex(value), Z95 * np.sqrt(_variances(error, d))
    return Read(
        shares,
        np.minimum(shares, (value - margin).clip(0, 1)),
        np.maximum(shares, (value + margin).clip(0, 1)),
    )


def moves(
    found: Reading,
    cells: Floats,
    own: Labelled | None = None,
    fresh: Labelled | None = None,
    pool: Floats | None = None,
) -> Moves:
    """Return the same shares as ``read``, for somebody who wants to join cells: with the errors
    that are a cell's own apart from those that all cells have together."""
    d = len(found.mean)
    parts = _parts(found, cells, own, fresh, pool)
    n = cells.sum(1)
    return Moves(
        value=whole(parts.level + parts.change),
        sampled=_variances(parts.sampled, d),
        level=whole(parts.level),
        shared=n @ _variances(parts.shared, d) / n.sum(),
        bend=_variances(parts.bend, d),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What shares are made of, in the first D classes: a policy's ``level`` (D,), the ``change`` of
    each cell from there (C, D), the covariances of what is ``sampled`` in it and of what it has in
    common with the others, ``shared`` (C, D, D), and ``bend`` (K, D, D) for each class's change
    squared."""

    level: Floats
    change: Floats
    sampled: Floats
    shared: Floats
    bend: Floats


def _parts(
    found: Reading,
    cells: Floats,
    own: Labelled | None,
    fresh: Labelled | None,
    pool: Floats | None,
) -> _Parts:
    d = len(found.mean)
    f, slope = found.chances[:, :d], found.slope
    n = cells.sum(1)
    # The two are counted one after the other, and between them opinions may be deleted.
    if pool is None or pool.sum() < n.sum():
        pool = cells.sum(0)
    mean, pooled = cells @ f / n[:, None], pool @ f / pool.sum()
    level, doubt = _level(found, pool, own, fresh)
    steep = np.linalg.inv(found.following(pool[None])[0])
    # A cell's own opinions are also part of the policy's.
    away = f[None] - mean[:, None]
    varied = np.einsum("cb,cbi,cbj->cij", cells, away, away) + PRIOR_ROWS * found.variance
    varied /= (n + PRIOR_ROWS)[:, None, None]
    part = (n / pool.sum())[:, None, None]
    near, far = steep + part * (slope - steep), slope - steep
    return _Parts(
        level=level,
        change=(mean - pooled) @ steep,
        sampled=near.transpose(0, 2, 1) @ varied @ near / n[:, None, None],
        shared=(1 - part) / pool.sum() * (far.T @ varied @ far) + doubt,
        bend=steep.T @ found.bend @ steep,
    )


def _moved(change: Floats) -> Floats:
    """Add what the last class has moved by, (C, D) to (C, K)."""
    return np.concatenate([change, -change.sum(1, keepdims=True)], axis=1)


def _variances(covariances: Floats, d: int) -> Floats:
    """Return the variance of each class, (C, D, D) to (C, K); never below zero, as rounding may
    leave what cancels."""
    rest = np.concatenate([np.eye(d), -np.ones((1, d))])
    variances: Floats = np.einsum("ki,cij,kj->ck", rest, covariances, rest)
    return np.maximum(variances, LEAST)


def _level(
    found: Reading, pool: Floats, own: Labelled | None, fresh: Labelled | None
) -> tuple[Floats, Floats]:
    """Return a policy's level (D,) and the covariance of what it is off by beyond sampling."""
    d = len(found.mean)
    level = pool @ found.guess / pool.sum()
    distance = pool @ found.chances[:, :d] / pool.sum() - found.mean
    reach = distance @ np.linalg.inv(found.spread + USUAL * np.eye(d)) @ distance
    # A policy at the edge is never taken to be just there. Mean and slope, too, are known from so
    # many policies only.
    shares = 0.9 * simplex(whole(level)[None])[0, :d] + 0.1 * found.truth
    doubt = np.diag(shares) - np.outer(shares, shares)
    doubt *= found.level * (1 + (1 + reach) / found.groups)
    for labelled in (own, fresh):
        if labelled is None or not labelled.total:
            continue
        drawn = labelled is fresh and abs(labelled.total / pool.sum() - 1) < SAME
        powered = prediction_powered(labelled, found.guess, pool, None if drawn else 1.0)
        n = labelled.size
        error = (n * powered.covariance + PRIOR_ROWS / n * found.residual) / (n + PRIOR_ROWS)
        if labelled is own:  # comments from elsewhere: what is off there may be so only half here
            error = error + doubt
        off = powered.shares - level
        precision = np.linalg.inv(doubt + error)
        if labelled is fresh and off @ precision @ off > CHI2_95:
            level, doubt = powered.shares, error
            continue
        level = level + off @ precision @ doubt
        doubt = doubt - doubt @ precision @ doubt
    return level, doubt
