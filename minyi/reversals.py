"""Simpson's reversals: a group that is lower than the others overall and higher within. Pure.

For each group of one facet, its share is compared with the others' twice: with all opinions
together, and within the groups of a second facet, the differences weighed as Mantel and Haenszel do
(Greenland and Robins 1985, Biometrics 41:55; variance of Sato 1989, Biometrics 45:1323). A reversal
is reported where both differences are real and point in opposite directions; the p-value of a pair
is the larger of the two (both must hold), and all pairs are held to one false-discovery rate. The
strata that point against the whole carry most of the weight.

Simpson 1951, J. R. Stat. Soc. B 13:238; Bickel, Hammel, O'Connell 1975, Science 187:398.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from minyi.difference_words import reversal_sentence
from minyi.disclosure import K, Mask, hidden
from minyi.discoveries import LEAST, discoveries, two_sided
from minyi.domain import Model
from minyi.grouping import By, Floats, Groups, ask_pair
from minyi.ports import Index
from minyi.prevalence import Z95
from minyi.query import Cell, Filters
from minyi.vocabulary import Stance

SIDES = (Stance.FAVOR, Stance.AGAINST)
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
    inside: float
    """Within the strata, weighed as Mantel and Haenszel do."""
    low: float
    high: float
    """95 % interval of ``inside``."""
    agreeing: int
    """Strata that point against the whole."""
    of: int
    """Strata in which both the group and the others have opinions."""
    strata: tuple[StratumFigures, ...]
    sentence: str
    """In Chinese."""


@dataclass(frozen=True)
class _Table:
    """Groups by strata. The last row is all other opinions, the last stratum all groups of the
    second facet that are not shown."""

    by: By
    within: By
    groups: list[str]
    strata: list[str | None]
    counts: Floats
    """Opinions by stance, shape (groups + 1, strata, 3)."""
    people: Floats
    """Authors with the totals, shape (groups + 2, strata + 1)."""


@dataclass(frozen=True)
class _Test:
    table: _Table
    overall: Floats
    inside: Floats
    error: Floats
    """Standard error of ``inside``; all three of shape (groups, sides)."""
    p: Floats
    """As ``overall``; 1 where both point in the same direction."""
    shares: Floats
    """Of the group and of the others by stratum, shape (2, groups, strata, sides)."""
    n: Floats
    """Opinions likewise, shape (2, groups, strata)."""
    weights: Floats
    """Of the strata, shape (groups, strata); zero where one has no opinions."""


def find(index: Index, filters: Filters, groups: Mapping[By, Groups]) -> list[Reversal]:
    """Return the reversals among a policy's opinions, the widest first.

    Asks the index for every pair of facets that have at least two groups.

    Args:
        index: where the opinions are.
        filters: which opinions.
        groups: the facets' groups, as they are shown.

    Raises:
        IndexUnavailable: when the store cannot be reached.
    """
    tested = []
    for one, other in combinations(groups, 2):
        cells = ask_pair(index, filters, one, other)
        swapped = [(cell, b, a) for cell, a, b in cells]
        for by, within, given in ((one, other, cells), (other, one, swapped)):
            table = _table(groups[by], groups[within], given)
            if table is not None:
                tested.append(_test(table))
    if not tested:
        return []
    real = discoveries(np.concatenate([t.p.ravel() for t in tested]))
    found, at = [], 0
    for test in tested:
        flags = real[at : at + test.p.size].reshape(test.p.shape)
        at += test.p.size
        if flags.any():
            found += _reversals(test, flags)
    found.sort(key=lambda r: (-abs(r.inside - r.overall), r.by, r.value, r.within, r.stance))
    return found[:MOST_REVERSALS]


def _table(groups: Groups, strata: Groups, cells: Sequence[tuple[Cell, str, str]]) -> _Table | None:
    """Return the table of a pair of facets; None when there is nothing to compare."""
    if groups.by is By.MONTH:
        start = _half(groups)
        rows = {name: 0 for name in groups.labels if name is not None and name >= start}
        names = [start]
    else:
        names = [name for name in map(groups.label, groups.shown) if name is not None]
        rows = {name: row for row, name in enumerate(names)}
    columns = {strata.label(cell) or "": i for i, cell in enumerate(strata.shown)}
    if not rows or len(columns) < 2:
        return None
    counts = np.zeros((len(names) + 1, len(columns) + 1, 3))
    people = np.zeros((len(names) + 2, len(columns) + 2))
    for cell, row, column in cells:
        place = rows.get(row, -1), columns.get(column, -1)
        counts[place] += (cell.counts.favor, cell.counts.against, cell.counts.none)
        people[place[0] - (place[0] < 0), place[1] - (place[1] < 0)] += cell.authors
    # who is in several cells is counted in each, but a total's authors are known
    people[-1, : len(columns)] = [cell.authors for cell in strata.shown]
    people[-1, -2] = max(strata.total.authors - people[-1, : len(columns)].sum(), 0)
    people[:-2, -1] = people[:-2, :-1].sum(1)
    if groups.by is not By.MONTH:
        people[:-2, -1] = [cell.authors for cell in groups.shown if groups.label(cell) is not None]
    people[-2] = np.maximum(people[-1] - people[:-2].sum(0), 0)
    people[-1, -1] = groups.total.authors
    people[-2, -1] = max(people[-1, -1] - people[:-2, -1].sum(), 0)
    labels = [*map(strata.label, strata.shown), None]
    return _Table(groups.by, strata.by, names, labels, counts, people)


def _half(groups: Groups) -> str:
    """Return the month at which the later half of the opinions begins."""
    months = sorted((groups.label(cell) or "", cell.counts.total) for cell in groups.cells)
    reached = np.cumsum([n for _, n in months])
    middle = int(np.searchsorted(reached, reached[-1] / 2))
    return months[max(middle, 1)][0]


def _test(table: _Table) -> _Test:
    own = table.counts[:-1]
    rest = table.counts.sum(0) - own
    n = np.stack([own.sum(-1), rest.sum(-1)])
    people = table.people[:-2, :-1]
    people = np.stack([people, np.maximum(table.people[-1, :-1] - people, 1)])
    people = np.minimum(np.where(n > 0, np.maximum(people, 1), 0), n)
    counted = np.stack([own, rest])[..., : len(SIDES)]
    shares = np.divide(counted, n[..., None], out=np.zeros_like(counted), where=n[..., None] > 0)
    n1, n0 = people[..., None]
    x1, x0 = shares * people[..., None]
    both = (n1 > 0) & (n0 > 0)
    size = np.maximum(n1 + n0, 1)
    weights = np.where(both, n1 * n0 / size, 0)
    weight = np.maximum(weights.sum(1), 1e-9)
    inside = np.where(both, (x1 * n0 - x0 * n1) / size, 0).sum(1) / weight
    first = (n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / size**2
    second = (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * size)
    variance = inside * np.where(both, first, 0).sum(1) + np.where(both, second, 0).sum(1)
    error = np.sqrt(np.maximum(variance, 0)) / weight
    total = np.maximum(n.sum(2), 1)[..., None]
    p1, p0 = counted.sum(2) / total
    a1 = np.maximum(table.people[:-2, -1:], 1)
    a0 = np.maximum(table.people[-1, -1] - a1, 1)
    overall = p1 - p0
    p_overall = two_sided(_beyond(overall, np.sqrt(p1 * (1 - p1) / a1 + p0 * (1 - p0) / a0)))
    p_inside = two_sided(_beyond(inside, error))
    opposite = (overall * inside < 0) & (a1 >= K) & (a0 >= K)
    return _Test(
        table=table,
        overall=overall,
        inside=inside,
        error=error,
        p=np.where(opposite, np.maximum(p_overall, p_inside), 1.0),
        shares=shares,
        n=n,
        weights=weights[..., 0],
    )


def _beyond(difference: Floats, error: Floats) -> Floats:
    beyond = np.abs(difference) - LEAST
    return np.divide(beyond, error, out=np.zeros_like(beyond), where=error > 0)


def _reversals(test: _Test, real: Mask) -> list[Reversal]:
    """Return those that are real, that most of the weight bears out, and that can be shown."""
    table = test.table
    turned = sorted({int(row) for row in np.argwhere(real)[:, 0]})
    off = _off(table, turned)
    found = []
    for place, row in enumerate(turned):
        differences = test.shares[0, row] - test.shares[1, row]  # shape (strata, sides)
        weights = test.weights[row] / test.weights[row].sum()
        visible = ~(off[place] | off[-1])
        for side in np.flatnonzero(real[row]):
            stance = SIDES[int(side)]
            with_it = (differences[:, side] * test.inside[row, side] > 0) & (weights > 0)
            if weights[with_it].sum() <= 0.5 or weights[visible].sum() <= 0.5:
                continue
            found.append(_reversal(test, row, int(side), stance, with_it, visible))
    return found


def _off(table: _Table, rows: list[int]) -> Mask:
    """Return which cells must be hidden of these groups and of all others, by stratum; their
    totals are known."""
    few = [*rows, -1]
    counts = table.counts[few]
    counts[-1] = table.counts.sum(0) - counts[:-1].sum(0)
    people = table.people[[*rows, -2, -1]]
    people[-2] = np.maximum(people[-1] - people[:-2].sum(0), 0)
    shown = np.zeros(people.shape, dtype=bool)
    shown[-1] = True
    shown[:, -1] = True
    return hidden(counts, people, shown=shown)[:-1, :-1]


def _reversal(
    test: _Test, row: int, side: int, stance: Stance, with_it: Mask, visible: Mask
) -> Reversal:
    table = test.table
    half = Z95 * float(test.error[row, side])
    inside, overall = float(test.inside[row, side]), float(test.overall[row, side])
    agreeing, of = int(with_it.sum()), int((test.weights[row] > 0).sum())
    strata = []
    for column, value in enumerate(table.strata):
        if test.weights[row, column] == 0:
            continue
        if not visible[column] or column == len(table.strata) - 1:
            strata.append(StratumFigures(value=value, hidden=True))
            continue
        share, others = (float(part[row, column, side]) for part in test.shares)
        strata.append(
            StratumFigures(
                value=value,
                opinions=int(test.n[0, row, column]),
                share=round(share, 4),
                other_opinions=int(test.n[1, row, column]),
                others=round(others, 4),
                difference=round(share - others, 4),
            )
        )
    figures = (inside, inside - half, inside + half)
    return Reversal(
        by=table.by,
        value=table.groups[row],
        within=table.within,
        stance=stance,
        overall=round(overall, 4),
        inside=round(inside, 4),
        low=round(inside - half, 4),
        high=round(inside + half, 4),
        agreeing=agreeing,
        of=of,
        strata=tuple(strata),
        sentence=reversal_sentence(
            table.by, table.groups[row], table.within, stance, overall, figures, agreeing, of
        ),
    )
