"""Shares of cells whose opinions were tagged by several models. Pure.

Opinions of a model that nothing is known of are left as they were counted, and the interval goes
as far as they could: all of them, or none, may truly be of a stance (worst-case bounds: Horowitz &
Manski 1995, Econometrica 63:281).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.outputs import OUTPUTS, STANCES
from minyi.shares.levels import Moves, Read, moves, read
from minyi.shares.prediction_powered import Labelled
from minyi.shares.reading import Reading


@dataclass(frozen=True, slots=True)
class Part:
    """The opinions of one model id, by cell and bin, and what they are a part of
    (``minyi.shares.levels.read``)."""

    reading: Reading
    bins: Floats
    own: Labelled | None
    fresh: Labelled | None
    pool: Floats | None = None


def together(parts: Sequence[Part], counted: Floats) -> Read:
    """Return the shares of cells whose opinions were tagged by several models: the mean of each
    one's, by its opinions. Their errors are taken to go together, which is the wider interval.

    Args:
        parts: the opinions of each known model.
        counted: all opinions by stance, shape (C, K); those in no part are of unknown models.
    """
    parts = [part for part in parts if part.bins.any()]
    n = counted.sum(1)
    value = _strange(parts, counted) / n[:, None]
    low, high = np.zeros_like(value), np.zeros_like(value)
    high += value.sum(1, keepdims=True)
    for part in parts:
        rows = part.bins.sum(1) > 0
        one = read(part.reading, part.bins[rows], part.own, part.fresh, part.pool)
        weight = (part.bins[rows].sum(1) / n[rows])[:, None]
        value[rows] += weight * one.value
        low[rows] += weight * one.low
        high[rows] += weight * one.high
    return Read(value, low, high)


def moved(parts: Sequence[Part], counted: Floats) -> Moves:
    """As ``together``: what models have in common goes together, what is sampled does not. An
    opinion of an unknown model is off by a standard deviation of 1, both in its cell and in what
    all cells have in common: a band or difference then holds its worst case."""
    parts = [part for part in parts if part.bins.any()]
    n, strange = counted.sum(1), _strange(parts, counted)
    value = strange / n[:, None]
    sampled = np.repeat(value.sum(1, keepdims=True) ** 2, len(STANCES), axis=1)
    level = strange.sum(0) / n.sum()
    shared, bend = np.full(len(STANCES), level.sum()), np.zeros(len(STANCES))
    for part in parts:
        rows = part.bins.sum(1) > 0
        one = moves(part.reading, part.bins[rows], part.own, part.fresh, part.pool)
        weight = (part.bins[rows].sum(1) / n[rows])[:, None]
        whole = part.bins.sum() / n.sum()
        value[rows] += weight * one.value
        sampled[rows] += weight**2 * one.sampled
        level = level + whole * one.level
        shared = shared + whole * np.sqrt(one.shared)
        bend = bend + whole * np.sqrt(one.bend)
    return Moves(value, sampled, level, shared**2, bend**2)


def undivided(each: Sequence[Read], parts: Floats) -> Read:
    """Return shares of what is not counted by model: the mean of what each model's errors make of
    all opinions, by those that it tagged; the interval holds what any of them makes of it.

    Args:
        each: by model, what it makes of all opinions.
        parts: which part of each cell it tagged, shape (models, C); the rest is of unknown models.
    """
    known = parts.sum(0)
    weights = np.where(known > 0, parts / np.maximum(known, 1e-12), 1 / len(parts))[:, :, None]
    strange = (1 - known).clip(0, 1)[:, None]
    return Read(
        (weights * [one.value for one in each]).sum(0),
        (np.min([one.low for one in each], axis=0) - strange).clip(min=0),
        (np.max([one.high for one in each], axis=0) + strange).clip(max=1),
    )


def _strange(parts: Sequence[Part], counted: Floats) -> Floats:
    """Return the opinions of unknown models by stance, (C, K)."""
    known = sum((part.bins for part in parts), np.zeros((len(counted), OUTPUTS)))
    strange: Floats = (counted - known.reshape(len(counted), len(STANCES), -1).sum(2)).clip(min=0)
    return strange
