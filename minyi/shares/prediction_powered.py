"""Shares from a few labels and many guesses: prediction-powered inference. Pure.

The mean guess over all opinions, put right by how far the guesses are off where there are labels:
PPI++ (Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453). How much the guesses count, the power
lambda, is chosen so that the variance is least; guesses that say nothing get 0, which leaves the
labels alone. No guess needs to be right for the interval to hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled opinions by true class and output bin, shape (K, B) each.

    ``weights`` sum up how many opinions each label stands for, ``squares`` the squares of that.
    """

    weights: Floats
    squares: Floats

    @property
    def total(self) -> float:
        """How many opinions all labels stand for."""
        return float(self.weights.sum())

    @property
    def size(self) -> float:
        """How many labels of equal weight tell as much (Kish 1965, Survey Sampling, 11.7)."""
        return self.total**2 / float(self.squares.sum())


@dataclass(frozen=True, slots=True)
class Powered:
    """Shares of the first D classes (D,), their ``covariance`` (D, D) without that of the mean
    guess, and the ``power``, 0 to 1, that the guesses were given."""

    shares: Floats
    covariance: Floats
    power: float


def prediction_powered(
    labelled: Labelled, guess: Floats, bins: Floats, power: float | None = None
) -> Powered:
    """Return the shares among opinions of which some are labelled.

    Args:
        labelled: the labels; not empty.
        guess: what an opinion in a bin is guessed to count toward each share, shape (B, D).
        bins: all opinions by bin, shape (B,).
        power: how much the guesses count; None chooses it, which takes the labelled ones to be a
            sample of all.
    """
    d = guess.shape[1]
    weights = labelled.weights / labelled.total
    n, count = labelled.size, bins.sum()
    truth = np.broadcast_to(np.eye(len(weights))[:, None, :d], (*weights.shape, d))
    guesses = np.broadcast_to(guess, truth.shape)
    at = np.einsum("kb,kbd->d", weights, truth), np.einsum("kb,kbd->d", weights, guesses)
    if power is None:
        common = np.einsum("kb,kbd,kbd->", weights, truth - at[0], guesses - at[1])
        every = n * weights.sum(0) + bins
        away = guess - every @ guess / every.sum()
        spread = (every @ away**2).sum() / (every.sum() - 1)
        power = float(np.clip(common / (1 + n / count) / spread, 0, 1)) if spread > 0 else 0.0
    off = truth - power * guesses
    mean = np.einsum("kb,kbd->d", weights, off)
    covariance = np.einsum("kb,kbd,kbe->de", weights, off - mean, off - mean)
    return Powered(power * (bins @ guess / count) + mean, covariance / n, power)
