"""What many cells say, as shares of what was counted in each. Pure.

A trend may have thousands of cells with fifteen shares each, so they are computed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from pydantic import TypeAdapter

from minyi.arrays import Integers
from minyi.domain import Model
from minyi.prevalence import FLOOR, AspectShares, wilsons
from minyi.query import Counts, Share
from minyi.shares.denominators import Count, Denominator
from minyi.vocabulary import EVALUATIONS, Aspect, Polarity, Stance

OPINIONS = Denominator()


class Summary(Model):
    """What a set of opinions says, as the tagger counted it."""

    n: int
    """How many there are of what is counted."""
    too_few: bool
    """Fewer than ``FLOOR`` in the denominator: the shares of the stances have no value."""
    favor: Share
    against: Share
    none: Share
    evaluations: tuple[AspectShares, ...]
    """All six aspects, in the order of the vocabulary; empty for authors, who have votes only, and
    where they were not asked for."""


_SHARES = TypeAdapter(list[Share])
_SUMMARIES = TypeAdapter(list[Summary])


def summarise(counts: Counts, of: Denominator = OPINIONS) -> Summary:
    """Return the shares of a cell."""
    return summaries([counts], of)[0]


def summaries(
    cells: Sequence[Counts], of: Denominator = OPINIONS, evaluated: bool = True
) -> list[Summary]:
    """Return the shares of each cell, with those of evaluations if they are wanted."""
    stances = np.array([c.stances for c in cells], np.int64).reshape(-1, 3)
    n = stances.sum(1)
    sides = stances[:, :2].sum(1) if of.sided else n
    words, sided = of.words(), of.words(of.sided)
    favor = _shares(stances[:, 0], sides, sided)
    against = _shares(stances[:, 1], sides, sided)
    none = _shares(stances[:, 2], n, words)
    evaluations: Iterable[tuple[object, ...]] = [()] * len(cells)
    if evaluated and of.count is not Count.AUTHORS:
        found = [_shares(column, n, words) for column in _evaluations(cells).T]
        aspects = [
            [
                {"aspect": aspect, Polarity.PRAISE.value: praise, Polarity.CRITICISM.value: other}
                for praise, other in zip(found[2 * place], found[2 * place + 1], strict=True)
            ]
            for place, aspect in enumerate(Aspect)
        ]
        evaluations = zip(*aspects, strict=True)
    return _SUMMARIES.validate_python(
        [
            {
                "n": total,
                "too_few": few,
                Stance.FAVOR.value: one,
                Stance.AGAINST.value: other,
                Stance.NONE.value: neither,
                "evaluations": aspects_found,
            }
            for total, few, one, other, neither, aspects_found in zip(
                n.tolist(), (sides < FLOOR).tolist(), favor, against, none, evaluations, strict=True
            )
        ]
    )


def shares(counts: Sequence[int], n: Sequence[int], words: str) -> list[Share]:
    """Return the share of each count in each n; one of fewer than ``FLOOR`` has no value."""
    found = _shares(np.array(counts, np.int64), np.array(n, np.int64), words)
    return _SHARES.validate_python(found)


def _evaluations(cells: Sequence[Counts]) -> Integers:
    """Return praise and criticism of each aspect, shape (cells, 12)."""
    counts = np.zeros((len(cells), len(EVALUATIONS)), np.int64)
    place = {pair: number for number, pair in enumerate(EVALUATIONS)}
    for row, cell in zip(counts, cells, strict=True):
        for aspect, found in cell.evaluations.items():
            for polarity, count in found.items():
                row[place[aspect, polarity]] = count
    return counts


def _shares(counts: Integers, n: Integers, words: str) -> list[dict[str, object]]:
    low, high = wilsons(counts, np.maximum(n, 1))
    value = counts / np.maximum(n, 1)
    return [
        {"value": v, "low": lo, "high": hi, "count": count, "n": of, "denominator": words}
        if of >= FLOOR
        else _nothing(count, of, words)
        for v, lo, hi, count, of in zip(
            value.round(4).tolist(),
            low.round(4).tolist(),
            high.round(4).tolist(),
            counts.tolist(),
            n.tolist(),
            strict=True,
        )
    ]


def _nothing(count: int, n: int, words: str) -> dict[str, object]:
    return {"value": None, "low": None, "high": None, "count": count, "n": n, "denominator": words}
