"""The figures that scores are made of, computed as their tasks define them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import f1_score

from minyi.arrays import Bools, Floats, Integers
from minyi.labelling import SPREAD
from minyi.vocabulary import Stance
from models.inputs import STANCES


def f_avg(truth: Integers, found: Integers) -> float:
    """Return the mean of F1(FAVOR) and F1(AGAINST) over all rows: the metric of NLPCC 2016
    Task 4, in which NONE counts only as an error."""
    labels = [STANCES.index(Stance.FAVOR), STANCES.index(Stance.AGAINST)]
    return float(f1_score(truth, found, labels=labels, average="macro", zero_division=0))


def macro_f1(truth: Integers, found: Integers) -> float:
    """Return the mean F1 over the classes that are there (or, for 0/1 columns, over columns)."""
    return float(f1_score(truth, found, average="macro", zero_division=0))


def micro_f1(truth: Integers, found: Integers) -> float:
    """Return the F1 of all 0/1 cells taken together."""
    return float(f1_score(truth.ravel(), found.ravel(), zero_division=0))


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram."""

    rows: int
    confidence: float
    right: float


def reliability(confidence: Floats, right: Bools, bins: int = 10) -> list[Bin]:
    """Return the filled bins of equal width, least confident first."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(
            int((place == b).sum()),
            float(confidence[place == b].mean()),
            float(right[place == b].mean()),
        )
        for b in range(bins)
        if (place == b).any()
    ]


def calibration_error(confidence: Floats, right: Bools, bins: int = 15) -> float:
    """Return the expected calibration error over equal-width bins (Guo et al., 2017, eq. 3)."""
    filled = reliability(confidence, right, bins)
    return sum(abs(b.confidence - b.right) * b.rows for b in filled) / len(confidence)


def chance_error(confidence: Floats, draws: int = 400, share: float = 0.95) -> float:
    """Return the calibration error that a perfectly calibrated tagger with these confidences stays
    below in ``share`` of the draws: up to there an error is no sign that it is not one (consistency
    resampling, Bröcker and Smith, 2007, "Increasing the reliability of reliability diagrams", with
    the confidences as they are)."""
    choice = np.random.default_rng(0)
    drawn = (choice.random(len(confidence)) < confidence for _ in range(draws))
    return float(np.quantile([calibration_error(confidence, right) for right in drawn], share))


def inverse_temperature(logits: npt.NDArray[np.floating], truth: Integers) -> float:
    """Return the scale with the least negative log-likelihood of softmax(scale * logits): one over
    the temperature of Guo et al. (2017, section 4.2). The likeliest class stays what it is; a scale
    and a bias for each class would learn how rare a stance is in these rows, and unlearn how it
    sounds."""
    rows = np.arange(len(truth))

    def loss(log_scale: float) -> float:
        shares = softmax(logits * np.exp(log_scale), axis=1)
        return float(-np.log(shares[rows, truth] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


LEANS = tuple(step / 20 for step in range(9))
"""What may be added to the rarest stance's logit, 0 to 0.4."""


def rare_bias(logits: npt.NDArray[np.floating], truth: Integers) -> tuple[float, ...]:
    """Return what is added to the scaled logits of each stance: zero but for the rarest, which the
    likeliest class names too seldom. It gets the least of ``LEANS`` with which the macro-F1 lies
    within 0.002 of the best."""
    rarest = np.bincount(truth, minlength=logits.shape[1]).argmin()
    biases = [tuple(lean * (np.arange(logits.shape[1]) == rarest)) for lean in LEANS]
    scores = [macro_f1(truth, (logits + bias).argmax(1)) for bias in biases]
    good = max(scores) - 0.002
    return next(bias for bias, score in zip(biases, scores, strict=True) if score >= good)


def stance_loss(logits: npt.NDArray[np.floating], truth: Integers) -> float:
    """Return the negative log-likelihood of a row at the best temperature."""
    scaled = logits * inverse_temperature(logits, truth)
    return float(-log_softmax(scaled, axis=1)[np.arange(len(truth)), truth].mean())


def cell_loss(logits: npt.NDArray[np.floating], truth: Integers) -> float:
    """Return the negative log-likelihood of a cell after Platt scaling."""
    scale, bias = platt_scaling(logits, truth)
    chance = np.clip(expit(logits * scale + bias), 1e-9, 1 - 1e-9)
    return float(-np.where(truth == 1, np.log(chance), np.log(1 - chance)).mean())


WIDE_WEIGHTS = tuple(step / 10 for step in range(16))
"""Of the wide half beside the network, 0 to 1.5."""


def wide_weight(
    deep: npt.NDArray[np.floating],
    wide: npt.NDArray[np.floating],
    truth: Integers,
    loss: Callable[[npt.NDArray[np.floating], Integers], float],
) -> float:
    """Return the least weight of ``WIDE_WEIGHTS`` with which the loss of deep + weight * wide lies
    within a hundredth of the least: what hardly helps on these rows may harm on others."""
    losses = [loss(deep + weight * wide, truth) for weight in WIDE_WEIGHTS]
    good = 1.01 * min(losses)
    return next(w for w, found in zip(WIDE_WEIGHTS, losses, strict=True) if found <= good)


PRIOR = 10.0
"""Rows' worth of belief that a cell needs what all cells together need: rare cells have few."""


def platt_scaling(logits: npt.NDArray[np.floating], truth: Integers) -> tuple[Floats, Floats]:
    """Return scale and bias of each cell for sigmoid(scale * logit + bias) (Platt, 1999).

    All cells together are fitted first; each cell's own fit is held to that.
    """

    def fit(logit: Floats, right: Integers, centre: Floats, weight: float) -> Floats:
        def loss(values: Floats) -> float:
            chance = np.clip(expit(np.exp(values[0]) * logit + values[1]), 1e-9, 1 - 1e-9)
            likely = right * np.log(chance) + (1 - right) * np.log(1 - chance)
            return float(-likely.sum() + weight * ((values - centre) ** 2).sum())

        return np.asarray(minimize(loss, centre, method="L-BFGS-B").x)

    values: Floats = np.asarray(logits, np.float64)
    common = fit(values.ravel(), truth.ravel(), np.zeros(2), 0.0)
    each = np.array([fit(values[:, c], truth[:, c], common, PRIOR) for c in range(truth.shape[1])])
    return np.exp(each[:, 0]), each[:, 1]


def policy_spread(
    chances: Floats, truth: Integers, groups: Sequence[str], enough: int = 10
) -> float:
    """Return the standard deviation between groups of the mean residual, indicator less chance,
    over all stances: what is left of its variance after that of the mean (the moment estimate of
    one-way random effects), 0.02 at least; the usual one where too few groups have rows."""
    residual = np.eye(chances.shape[1])[truth] - chances
    names = np.array(groups)
    parts = [residual[names == name] for name in sorted(set(groups))]
    parts = [part for part in parts if len(part) >= enough]
    if len(parts) < 2:
        return SPREAD
    between = np.var([part.mean(0) for part in parts], axis=0, ddof=1)
    within = np.mean([part.var(0, ddof=1) / len(part) for part in parts], axis=0)
    return float(np.sqrt(np.maximum(between - within, 0.02**2).mean()))


def sure_from(confidence: Floats, right: Bools, wanted: float = 0.8) -> float:
    """Return the least confidence from which at least ``wanted`` of the rows are right, at most
    that above which a third of the rows still lies; in steps of 0.01."""
    highest = int(np.quantile(confidence, 2 / 3) * 100)  # rounded down: that third is kept
    for step in range(33, highest):
        if right[confidence >= step / 100].mean() >= wanted:
            return step / 100
    return highest / 100


def thresholds(
    chances: Floats, truth: Integers, positive: Integers | None = None, enough: int = 20
) -> list[float]:
    """Return a threshold per cell: the one best for the macro-F1 of all cells together, or, for a
    cell with ``enough`` positive rows, the one best for its own F1. ``positive`` tells how many
    there are where rows are repeated to weigh more."""
    positive = truth.sum(0) if positive is None else positive
    grid = np.arange(0.15, 0.86, 0.05)
    together = max(grid, key=lambda t: macro_f1(truth, (chances >= t).astype(np.int64)))
    found = []
    for cell in range(truth.shape[1]):
        best = together
        if positive[cell] >= enough:
            scores = [
                f1_score(truth[:, cell], chances[:, cell] >= t, zero_division=0) for t in grid
            ]
            best = grid[int(np.argmax(scores))]
        found.append(round(float(best), 2))
    return found
