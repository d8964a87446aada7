"""Shares that borrow strength from their neighbours in time. Pure.

A share in a small window is mostly noise. The local level model (Harvey 1989, *Forecasting,
structural time series models and the Kalman filter*, ch. 2) says that what is looked for moves by
small steps and is seen with an error of known variance::

    level[t] = level[t-1] + step,   step ~ N(0, q · time between them)
    share[t] = level[t] + error,    error ~ N(0, variance[t])

The Kalman filter and the smoother of Rauch, Tung and Striebel (1965, AIAA J. 3:1445) give the level
at every bucket, a window without opinions included. How far a step goes is not known: instead of
the one likeliest q, the answers of a grid are weighed by their likelihoods, so that the band holds
that doubt, too. A few windows that look alike are no proof that nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.prevalence import Z95, score_interval

STEPS = np.concatenate([[0.0], np.geomspace(0.003, 0.3, 12)])
"""Standard deviations of a step that are weighed, in shares a unit of time: none to 30 points."""
PRIOR = np.maximum(STEPS, STEPS[1])
"""What each weighs at first: every size of step up to the largest is as likely, and the grid is as
dense as its steps are small. Equal weights would prefer small steps, and miss fast turns."""
START = (0.5, 1.0)
"""Mean and variance of the level before anything is seen: wider than any share can be off."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of several series at the same places, each array of shape (series, places)."""

    mean: Floats
    variance: Floats


def level(times: Floats, shares: Floats, variances: Floats) -> Level:
    """Return the level at every time.

    Args:
        times: of the buckets, rising strictly, shape (places,); ``STEPS`` are for one unit.
        shares: what was seen, shape (series, places); NaN where nothing was.
        variances: of the errors, above 0, shape (series, places); of no account where nothing was
            seen.

    Raises:
        ValueError: when the times do not rise or the shapes do not fit.
    """
    if shares.shape != variances.shape or shares.shape[1:] != times.shape:
        raise ValueError(f"{shares.shape}, {variances.shape}, {times.shape} do not fit together")
    if not times.size or not (np.diff(times) > 0).all():
        raise ValueError("the times have to rise")
    seen = ~np.isnan(shares)
    values = np.where(seen, shares, 0).T[:, :, None]
    errors = np.where(seen, variances, np.inf).T[:, :, None]
    steps = np.diff(times, prepend=times[0])[:, None] * STEPS**2
    shape = (len(times), len(shares), len(STEPS))
    means, spreads, before, ahead = (np.empty(shape) for _ in range(4))
    mean, spread = np.full(shape[1:], START[0]), np.full(shape[1:], START[1])
    for place in range(len(times)):
        spread = spread + steps[place]
        before[place], ahead[place] = mean, spread
        gain = spread / (spread + errors[place])
        mean = mean + gain * (values[place] - mean)
        spread = spread * (1 - gain)
        means[place], spreads[place] = mean, spread
    totals = np.where(seen.T[:, :, None], ahead + errors, 1)
    surprises = np.where(seen.T[:, :, None], values - before, 0)
    likelihood = -(np.log(totals) + surprises**2 / totals).sum(0) / 2
    for place in range(len(times) - 2, -1, -1):
        back = spreads[place] / ahead[place + 1]
        means[place] += back * (means[place + 1] - means[place])
        spreads[place] += back**2 * (spreads[place + 1] - ahead[place + 1])
    weights = PRIOR * np.exp(likelihood - likelihood.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    middle = (means * weights).sum(2)
    variance = ((spreads + means**2) * weights).sum(2) - middle**2
    return Level(mean=middle.T, variance=np.maximum(variance, 0).T)


def straight(found: Level) -> tuple[Floats, Floats, Floats]:
    """Return value, low and high at 95 %, cut at 0 and 1: for errors that are not of sampling."""
    value, margin = found.mean, Z95 * np.sqrt(found.variance)
    inside = np.clip(value, 0, 1)
    low, high = np.clip(value - margin, 0, inside), np.clip(value + margin, inside, 1)
    return inside, low, high


def band(found: Level, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Return value, low and high of shares of a sample at 95 %, all within 0 and 1.

    The interval is Wilson's for the number of opinions that would leave the variance: lopsided near
    the ends, as it has to be. ``n`` is what all windows hold; no share is taken for surer than one
    of so many; shape (series, 1).
    """
    value = np.clip(found.mean, 0, 1)
    inner = (value * n + 1) / (n + 2)
    size = inner * (1 - inner) / np.maximum(found.variance, 1e-12)
    low, high = score_interval(value, size)
    return value, np.clip(low, 0, value), np.clip(high, value, 1)
