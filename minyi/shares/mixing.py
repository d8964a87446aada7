"""Shares of cells whose opinions were tagged by several models. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.outputs import STANCES
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


def together(parts: Sequence[Part], n: Floats) -> Read:
    """Return the shares of cells whose opinions were tagged by several models: the mean of each
    one's, by its opinions. Their errors are taken to go together, which is the wider interval."""
    parts = [part for part in parts if part.bins.any()]
    shape = len(n), len(STANCES)
    value, low, high, error = (np.zeros(shape) for _ in range(4))
    for part in parts:
        rows = part.bins.sum(1) > 0
        one = read(part.reading, part.bins[rows], part.own, part.fresh, part.pool)
        weight = (part.bins[rows].sum(1) / n[rows])[:, None]
        value[rows] += weight * one.value
        low[rows] += weight * one.low
        high[rows] += weight * one.high
        error[rows] += weight * one.error
    return Read(value, low, high, error)


def moved(parts: Sequence[Part]) -> Moves:
    """As ``together``: what models have in common goes together, what is sampled does not."""
    parts = [part for part in parts if part.bins.any()]
    n = sum((part.bins.sum(1) for part in parts), np.zeros(len(parts[0].bins)))
    shape = len(n), len(STANCES)
    value, sampled = np.zeros(shape), np.zeros(shape)
    level, shared, bend = (np.zeros(shape[1]) for _ in range(3))
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
