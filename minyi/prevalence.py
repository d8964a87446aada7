"""Counts to shares with intervals. Pure.

The interval is Wilson's score interval at 95 % (Wilson 1927, J. Am. Stat. Assoc. 22:209). It covers
the sampling of opinions only, not the tagger's errors.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from minyi.arrays import Floats, Integers
from minyi.domain import Model
from minyi.query import Share
from minyi.vocabulary import Aspect

F = TypeVar("F", float, Floats)

FLOOR = 10
"""Opinions that a window needs for a share of its own; below it says that they are too few."""
Z95 = 1.959963984540054
"""97.5 % quantile of the standard normal distribution."""


class AspectShares(Model):
    """How often an aspect is praised and criticised."""

    aspect: Aspect
    praise: Share
    criticism: Share


def wilson(count: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Return the bounds of Wilson's score interval for ``count`` successes in ``n`` trials; an
    effective size may be a fraction.

    Raises:
        ValueError: unless 0 ≤ count ≤ n and n > 0.
    """
    if not 0 <= count <= n or n == 0:
        raise ValueError(f"{count} of {n} is no proportion")
    low, high = score_interval(count / n, n, z)
    return max(0.0, low) if count else 0.0, min(1.0, high) if count < n else 1.0


def wilsons(counts: Integers, n: Integers) -> tuple[Floats, Floats]:
    """Return the bounds of ``wilson`` at 95 % for arrays of one shape, every n above zero."""
    low, high = score_interval(counts / n, n.astype(np.float64))
    return np.where(counts > 0, low, 0).clip(min=0), np.where(counts < n, high, 1).clip(max=1)


def score_interval(p: F, n: F, z: float = Z95) -> tuple[F, F]:
    """Return Wilson's bounds for shares in samples of these sizes; rounding may take them a little
    beyond 0 and 1."""
    centre = p + z * z / (2 * n)
    spread = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    scale = 1 + z * z / n
    return (centre - spread) / scale, (centre + spread) / scale


def share(count: int, n: int, denominator: str) -> Share:
    """Return the share of ``count`` in ``n``, rounded to four decimals, with its 95 % interval."""
    if n == 0:
        return Share(value=None, low=None, high=None, count=count, n=0, denominator=denominator)
    low, high = wilson(count, n)
    return Share(
        value=round(count / n, 4),
        low=round(low, 4),
        high=round(high, 4),
        count=count,
        n=n,
        denominator=denominator,
    )


def simplex(points: Floats) -> Floats:
    """Return the nearest points whose coordinates are not negative and sum to 1 (Duchi et al. 2008,
    ICML, figure 1), shape (C, K) as given."""
    falling = -np.sort(-points, axis=1)
    excess = np.cumsum(falling, axis=1) - 1
    places = np.arange(1, points.shape[1] + 1)
    kept = (falling - excess / places > 0).sum(axis=1)
    cut = excess[np.arange(len(points)), kept - 1] / kept
    nearest: Floats = (points - cut[:, None]).clip(min=0)
    return nearest
