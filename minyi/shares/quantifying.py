"""The known ways from a classifier's outputs to shares, for comparison and for use elsewhere. Pure.

All of them take the confusion to be the same wherever one looks: only the shares have shifted
(label shift). ``minyi.shares.reading`` does not; what Minyi shows stands on that.

Shapes: C cells, K classes, V outputs: the classes for ACC, mean probabilities for PACC, output bins
for either.
"""

from __future__ import annotations

import numpy as np

from minyi.arrays import Floats
from minyi.prevalence import simplex


def inverted(confusion: Floats, observed: Floats) -> Floats:
    """Return the shares (C, K) under which the outputs come as they were observed: least squares,
    then the nearest shares.

    With counted classes as outputs this is ACC (Forman 2008, Data Min. Knowl. Discov. 17:164), with
    mean probabilities PACC (Bella et al. 2010, ICDM).

    Args:
        confusion: how outputs come given each true class, shape (K, V), rows summing to 1.
        observed: how outputs came, shape (C, V), rows summing to 1.
    """
    return simplex(observed @ np.linalg.pinv(confusion))


def adapted(
    chances: Floats, prior: Floats, counts: Floats, steps: int = 1000, close: float = 1e-8
) -> Floats:
    """Return the likeliest shares (C, K) by expectation maximisation: SLD, also called EMQ
    (Saerens, Latinne & Decaestecker 2002, Neural Comput. 14:21).

    Args:
        chances: calibrated probabilities of each kind of output, shape (V, K). For exact
            probabilities each opinion is a kind of its own.
        prior: shares (K,) among the rows that they were calibrated on.
        counts: opinions of each kind, shape (C, V).
        steps: at most.
        close: where no share moves further, it stops.
    """
    ratio = chances / np.maximum(prior, 1e-12)
    shares: Floats = np.broadcast_to(prior, (len(counts), len(prior))).copy()
    weights = counts / counts.sum(1, keepdims=True)
    for _ in range(steps):
        likely = np.maximum(shares @ ratio.T, 1e-300)
        moved: Floats = shares * ((weights / likely) @ ratio)
        moved /= moved.sum(1, keepdims=True)
        if np.abs(moved - shares).max() < close:
            return moved
        shares = moved
    return shares
