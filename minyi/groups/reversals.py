"""Simpson's reversals: a group that is lower than the others overall and higher within. Pure.

A group's share is compared with the others' with all opinions together, and within the groups of a
second facet (``minyi.groups.stratifying``). A reversal is reported where both differences are real
and point in opposite directions. The p-value of a pair is the larger of the two, as both must hold;
all pairs are held to one false-discovery rate. A pair can only be a discovery where the difference
of the whole has a small p, so that the index is asked for no other. Strata that would tell of fewer
than ten people are left out of every figure; those that are left, and most of their weight, must
bear the reversal out. Strata of a part of the opinions would tell, beside those of all, of the
rest, and what they say together would tell of them: whoever tries all strata that add up to what
is shown finds few that have such a difference and interval. Of a part only the direction is told.

Simpson 1951, J. R. Stat. Soc. B 13:238; Bickel, Hammel, O'Connell 1975, Science 187:398.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from minyi.arrays import Bools, Floats
from minyi.domain import Model
from minyi.groups.discoveries import FALSE_DISCOVERIES, discoveries
from minyi.groups.grouping import By, Groups, ask_pair
from minyi.groups.stratifying import SIDES, Table, Whole, beyond_least, off, table, whole, within
from minyi.groups.wording import reversal_sentence
from minyi.ports import Index
from minyi.prevalence import Z95
from minyi.query import Filters
from minyi.vocabulary import Stance

MOST_REVERSALS = 20


class StratumFigures(Model):
    """One stratum; where ``hidden``, of too few people to be shown."""

    value: str | None
    hidden: bool = False
    opinions: int | None = None
    """Of the group in the stratum."""
    share: float | None = None
    other_opinions: int | None = None
    others: float | None = None
    """The others' share in the stratum."""
    difference: float | None = None


class Reversal(Model):
    """A difference that turns around within the strata of another facet."""

    by: By
    value: str
    """The group; for ``month`` the first day of the later of two periods."""
    within: By
    stance: Stance
    overall: float
    """The group's share less the others', all together."""
    inside: float | None
    """Within the strata that are shown, weighed as Mantel and Haenszel do; None for a part of the
    opinions, as ``low`` and ``high``."""
    low: float | None
    high: float | None
    """95 % interval of ``inside``."""
    agreeing: int | None
    """Strata that point against the whole; None where ``of`` is."""
    of: int | None
    """Strata that are shown; None for a part of the opinions."""
    strata: tuple[StratumFigures, ...]
    """Those in which both the group and the others have opinions; all hidden for a part."""
    sentence: str
    """In Chinese."""


def find(
    index: Index, filters: Filters, groups: Mapping[By, Groups], *, part: bool
) -> list[Reversal]:
    """Return the reversals among a policy's opinions, the widest first; those of a part in the
    order of their groups.

    Args:
        index: where the opinions are.
        filters: which opinions.
        groups: the facets' groups, as they are shown.
        part: whether the filters leave out any opinions on the policy; of a part no stratum is
            shown, and no figure of them all.

    Raises:
        IndexUnavailable: when the store cannot be reached.
    """
    wholes = {by: whole(each) for by, each in groups.items()}
    pairs = len(groups) - 1
    hypotheses = pairs * sum(each.p.size for each in wholes.values())
    worth = _worth([each.p for each in wholes.values()], pairs, hypotheses)
    tested: list[tuple[Table, Whole, Floats]] = []
    for one, other in combinations(groups, 2):
        worthy = [by for by in (one, other) if (wholes[by].p <= worth).any()]
        if not worthy:
            continue
        cells = ask_pair(index, filters, one, other)
        for by in worthy:
            inner = other if by is one else one
            given = cells if by is one else [(cell, b, a) for cell, a, b in cells]
            found = table(wholes[by].names, groups[by], groups[inner], given)
            if found is not None:
                tested.append((found, wholes[by], _p(found, wholes[by])))
    return _discovered(tested, hypotheses, part)


def _worth(wholes: Sequence[Floats], pairs: int, hypotheses: int) -> float:
    """Return the largest p that a pair may have and be a discovery: there are no more discoveries
    than pairs whose whole has that p."""
    p = np.concatenate([each.ravel() for each in wholes]) if wholes else np.zeros(0)
    worth, before = FALSE_DISCOVERIES, 1.0
    while worth < before:
        before = worth
        worth = FALSE_DISCOVERIES * pairs * int((p <= worth).sum()) / max(hypotheses, 1)
    return worth


def _p(found: Table, of: Whole) -> Floats:
    """Return p-values by group and side; 1 where both point in the same direction."""
    shares, _, people = found.sides()
    inside, error, _ = within(shares, people)
    return np.where(of.difference * inside < 0, np.maximum(of.p, beyond_least(inside, error)), 1.0)


def _discovered(
    tested: Sequence[tuple[Table, Whole, Floats]], hypotheses: int, part: bool
) -> list[Reversal]:
    every = np.concatenate([p.ravel() for _, _, p in tested] or [np.zeros(0)])
    real = discoveries(np.append(every, np.ones(hypotheses - every.size)))
    found: list[Reversal] = []
    at = 0
    for of, overall, p in tested:
        flags = real[at : at + p.size].reshape(p.shape)
        at += p.size
        if flags.any():
            found += _reversals(of, overall, flags, part)
    found.sort(key=lambda r: (-_width(r), r.by, r.value, r.within, r.stance))
    return found[:MOST_REVERSALS]


def _width(reversal: Reversal) -> float:
    """Return how far it turns; zero where that is not told: the order would tell it."""
    return 0.0 if reversal.inside is None else abs(reversal.inside - reversal.overall)


def _reversals(found: Table, of: Whole, real: Bools, part: bool) -> list[Reversal]:
    """Return the real ones that what can be shown of them bears out."""
    rows = sorted({int(row) for row in np.argwhere(real)[:, 0]})
    hidden = off(found, rows)
    shares, n, people = found.sides()
    told = []
    for place, row in enumerate(rows):
        both = (n[:, row] > 0).all(0)
        shown = both & ~hidden[place] & ~hidden[-1]
        shown[-1] = False  # no group of its own
        seen = np.zeros_like(shown) if part else shown
        inside, error, weights = within(shares[:, row, shown], people[:, row, shown])
        for side in np.flatnonzero(real[row]):
            overall, value = float(of.difference[row, side]), float(inside[side])
            half = Z95 * float(error[side])
            each = shares[0, row, shown, side] - shares[1, row, shown, side]
            with_it = each * value > 0
            most = weights[with_it].sum() > 0.5 * weights.sum() > 0
            if overall * value >= 0 or abs(value) <= half or not most:
                continue
            figures = None if part else (value, value - half, value + half)
            agreeing, strata = (None, None) if part else (int(with_it.sum()), int(shown.sum()))
            sentence = reversal_sentence(
                found.by, found.names[row], found.within, SIDES[side], overall, figures,
                agreeing, strata,
            )  # fmt: skip
            told.append(
                Reversal(
                    by=found.by,
                    value=found.names[row],
                    within=found.within,
                    stance=SIDES[side],
                    overall=round(overall, 4),
                    inside=None if part else round(value, 4),
                    low=None if part else round(value - half, 4),
                    high=None if part else round(value + half, 4),
                    agreeing=agreeing,
                    of=strata,
                    strata=tuple(
                        _stratum(found, bool(seen[i]), shares[:, row, i, side], n[:, row, i], i)
                        for i in map(int, np.flatnonzero(both))
                    ),
                    sentence=sentence,
                )
            )
    return told


def _stratum(found: Table, shown: bool, shares: Floats, n: Floats, place: int) -> StratumFigures:
    if not shown:
        return StratumFigures(value=found.strata[place], hidden=True)
    share, others = (float(each) for each in shares)
    return StratumFigures(
        value=found.strata[place],
        opinions=int(n[0]),
        share=round(share, 4),
        other_opinions=int(n[1]),
        others=round(others, 4),
        difference=round(share - others, 4),
    )
