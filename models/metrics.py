"""The figures that scores are made of, computed as their tasks define them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score

from minyi.vocabulary import Stance
from models.inputs import STANCES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def f_avg(truth: Ints, found: Ints) -> float:
    """Return the mean of F1(FAVOR) and F1(AGAINST) over all rows: the metric of NLPCC 2016
    Task 4, in which NONE counts only as an error."""
    labels = [STANCES.index(Stance.FAVOR), STANCES.index(Stance.AGAINST)]
    return float(f1_score(truth, found, labels=labels, average="macro", zero_division=0))


def macro_f1(truth: Ints, found: Ints) -> float:
    """Return the mean F1 over the classes that are there (or, for 0/1 columns, over columns)."""
    return float(f1_score(truth, found, average="macro", zero_division=0))


def micro_f1(truth: Ints, found: Ints) -> float:
    """Return the F1 of all 0/1 cells taken together."""
    return float(f1_score(truth.ravel(), found.ravel(), zero_division=0))


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """Return probabilities, row by row."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def sigmoid(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """Return probabilities, cell by cell."""
    return 1 / (1 + np.exp(-logits.astype(np.float64) / temperature))


def calibration_error(confidence: Floats, right: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Return the expected calibration error over equal-width bins (Guo et al., 2017, eq. 3)."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == b].mean() - right[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def stance_temperature(logits: npt.NDArray[np.floating], truth: Ints) -> float:
    """Return the temperature with the least negative log-likelihood (Guo et al., 2017, 4.2)."""

    def loss(log_temperature: float) -> float:
        shares = softmax(logits, float(np.exp(log_temperature)))
        return float(-np.log(shares[np.arange(len(truth)), truth] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def cell_temperature(logits: npt.NDArray[np.floating], truth: Ints) -> float:
    """As ``stance_temperature`` for independent cells; one temperature for all."""

    def loss(log_temperature: float) -> float:
        chance = np.clip(sigmoid(logits, float(np.exp(log_temperature))), 1e-12, 1 - 1e-12)
        return float(-(truth * np.log(chance) + (1 - truth) * np.log(1 - chance)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def thresholds(chances: Floats, truth: Ints, enough: int = 20) -> list[float]:
    """Return a threshold per cell: the one best for the macro-F1 of all cells together, or, for a
    cell with ``enough`` positive rows, the one best for its own F1."""
    grid = np.arange(0.15, 0.86, 0.05)
    together = max(grid, key=lambda t: macro_f1(truth, (chances >= t).astype(np.int64)))
    found = []
    for cell in range(truth.shape[1]):
        best = together
        if truth[:, cell].sum() >= enough:
            scores = [
                f1_score(truth[:, cell], chances[:, cell] >= t, zero_division=0) for t in grid
            ]
            best = grid[int(np.argmax(scores))]
        found.append(round(float(best), 2))
    return found
