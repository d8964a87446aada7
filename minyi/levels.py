"""Shares of a policy's cells from counts of output bins: its level, and each cell's change. Pure.

What ``minyi.reading`` has learnt from held-out rows is applied here; shapes are told there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minyi.labelling import CHI2_95
from minyi.prediction_powered import Labelled, prediction_powered
from minyi.prevalence import Z95, simplex
from minyi.reading import PRIOR_ROWS, USUAL, Reading

Floats = npt.NDArray[np.float64]

SAME = 0.2
"""Labels that stand for as many opinions as there are, up to this part, were drawn from them."""


@dataclass(frozen=True, slots=True)
class Read:
    """Shares of cells with 95 % intervals, all (C, K); ``error`` is one standard deviation."""

    value: Floats
    low: Floats
    high: Floats
    error: Floats


def read(
    found: Reading, cells: Floats, own: Labelled | None = None, fresh: Labelled | None = None
) -> Read:
    """Return the shares of cells of one policy, and how sure they are.

    All cells together say where the policy's level is, and each how far it lies from there.

    Args:
        found: what the bins say.
        cells: opinions by bin, shape (C, B), every row above zero.
        own: held-out rows of this policy; they tell what its level is off by.
        fresh: labels of opinions of this policy in the index; as ``own``, and where they contradict
            what was learnt from other policies, they stand alone.
    """
    d = len(found.mean)
    f, slope = found.chances[:, :d], found.slope
    n, pool = cells.sum(1), cells.sum(0)
    mean, pooled = cells @ f / n[:, None], pool @ f / pool.sum()
    level, doubt = _level(found, pool, own, fresh)
    steep = np.linalg.inv(found.following(pool[None])[0])
    change = (mean - pooled) @ steep
    # A cell's own opinions are also part of the policy's.
    away = f[None] - mean[:, None]
    varied = np.einsum("cb,cbi,cbj->cij", cells, away, away) + PRIOR_ROWS * found.variance
    varied /= (n + PRIOR_ROWS)[:, None, None]
    part = (n / pool.sum())[:, None, None]
    near, far = steep + part * (slope - steep), slope - steep
    error = near.transpose(0, 2, 1) @ varied @ near / n[:, None, None]
    error += (1 - part) / pool.sum() * (far.T @ varied @ far)
    error += doubt
    moved = np.concatenate([change, -change.sum(1, keepdims=True)], axis=1)
    error += steep.T @ np.einsum("ck,kij->cij", moved**2, found.bend) @ steep
    whole = np.concatenate([np.eye(d), -np.ones((1, d))])
    value = (level + change) @ whole.T
    value[:, d] += 1
    deviation = np.sqrt(np.einsum("ki,cij,kj->ck", whole, error, whole))
    shares, margin = simplex(value), Z95 * deviation
    return Read(
        shares,
        np.minimum(shares, (value - margin).clip(0, 1)),
        np.maximum(shares, (value + margin).clip(0, 1)),
        deviation,
    )


def _level(
    found: Reading, pool: Floats, own: Labelled | None, fresh: Labelled | None
) -> tuple[Floats, Floats]:
    """Return a policy's level (D,) and the covariance of what it is off by beyond sampling."""
    d = len(found.mean)
    level = pool @ found.guess / pool.sum()
    distance = pool @ found.chances[:, :d] / pool.sum() - found.mean
    reach = distance @ np.linalg.inv(found.spread + USUAL * np.eye(d)) @ distance
    # Mean and slope, too, are known from so many policies only.
    doubt = found.level * (1 + (1 + reach) / found.groups)
    for labelled in (own, fresh):
        if labelled is None or not labelled.total:
            continue
        whole = labelled is fresh and abs(labelled.total / pool.sum() - 1) < SAME
        powered = prediction_powered(labelled, found.guess, pool, None if whole else 1.0)
        n = labelled.size
        error = (n * powered.covariance + PRIOR_ROWS / n * found.residual) / (n + PRIOR_ROWS)
        off = powered.shares - level
        precision = np.linalg.inv(doubt + error)
        if labelled is fresh and off @ precision @ off > CHI2_95:
            level, doubt = powered.shares, error
            continue
        level = level + off @ precision @ doubt
        doubt = doubt - doubt @ precision @ doubt
    return level, doubt
