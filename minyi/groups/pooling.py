"""Partial pooling: the shares of groups, each drawn towards all as far as its size allows. Pure.

A normal-normal hierarchical model on the arcsine scale, where the variance of a share does not
depend on it: x = asin √((h + 1/4) / (a + 1/2)) has variance 1 / (4 a) for h of a authors (Brown
2008, Ann. Appl. Stat. 2:113). Groups are spread around their mean with standard deviation τ. All τ
are weighed by how likely they make the data, with a half-Cauchy prior (Gelman 2006, Bayesian Anal.
1:515; Röver 2020, J. Stat. Softw. 93(6)), so that the intervals hold the doubt about τ; a single
estimate of it would be zero too often where there are three or four groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.prevalence import Z95

SPREADS: Floats = np.concatenate([[0.0], np.geomspace(0.004, 0.8, 40)])
"""The τ that are tried; 0.8 is as far as from 5 % to 85 %."""


@dataclass(frozen=True)
class Pooled:
    """Shares drawn together; all arrays of shape (groups, measures) but ``spread``, (measures,)."""

    share: Floats
    low: Floats
    high: Floats
    """95 % interval."""
    error: Floats
    """Standard error of ``share``."""
    spread: Floats
    """Mean of τ: how far groups differ, on the arcsine scale."""

    def first(self, groups: int) -> Pooled:
        """Return the first groups only."""
        share, low, high, error = (
            part[:groups] for part in (self.share, self.low, self.high, self.error)
        )
        return Pooled(share, low, high, error, self.spread)


def pool(shares: Floats, authors: Floats) -> Pooled:
    """Draw the shares of groups together, each measure on its own.

    Args:
        shares: raw shares, shape (groups, measures).
        authors: how many people they stand on, above zero, shape (groups,). An author's opinions
            count as one: they are not independent of each other.
    """
    a = authors[:, None]
    x = np.arcsin(np.sqrt((shares * a + 0.25) / (a + 0.5)))[None]
    variance = 1 / (4 * authors)[None, :, None]
    tau = SPREADS[:, None, None]
    weight = 1 / (variance + tau**2)  # shape (τ, groups, 1)
    total = weight.sum(1, keepdims=True)
    mean = (weight * x).sum(1, keepdims=True) / total
    fit = np.log(weight).sum(1) - np.log(total[:, 0]) - (weight * (x - mean) ** 2).sum(1)
    plausible = _weights(fit / 2)[:, None, :]  # shape (τ, 1, measures)
    drawn = variance * weight  # how far to the mean
    centre = x + drawn * (mean - x)
    around = variance * (1 - drawn) + drawn**2 / total
    middle = (plausible * centre).sum(0)
    sd = np.sqrt((plausible * (around + (centre - middle) ** 2)).sum(0))
    return Pooled(
        share=_share(middle),
        low=_share(middle - Z95 * sd),
        high=_share(middle + Z95 * sd),
        error=(_share(middle + sd) - _share(middle - sd)) / 2,
        spread=(plausible[:, 0] * SPREADS[:, None]).sum(0),
    )


def _weights(fit: Floats) -> Floats:
    """Return how plausible each τ is; ``fit`` are log likelihoods, shape (τ, measures)."""
    edges = np.concatenate([[0.0], (SPREADS[1:] + SPREADS[:-1]) / 2, SPREADS[-1:]])
    found: Floats = np.exp(fit - fit.max(0)) * np.diff(edges)[:, None]
    found /= found.sum(0)
    return found


def _share(angle: Floats) -> Floats:
    shares: Floats = np.sin(np.clip(angle, 0, np.pi / 2)) ** 2
    return shares
