"""A group's share beside the others', all together and within the groups of another facet. Pure.

Within, the differences of the strata are weighed as Mantel and Haenszel do (Greenland and Robins
1985, Biometrics 41:55; variance of Sato 1989, Biometrics 45:1323). All figures count authors: of a
share p of the opinions of a authors, p a are taken to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minyi.arrays import Bools, Floats
from minyi.disclosure import K, hidden
from minyi.groups.discoveries import LEAST, two_sided
from minyi.groups.grouping import By, Groups, stances
from minyi.query import Cell
from minyi.vocabulary import Stance

SIDES = (Stance.FAVOR, Stance.AGAINST)


@dataclass(frozen=True)
class Whole:
    """The groups of one facet beside the others, all strata together."""

    names: list[str]
    """Of time, only the first month of the later of two periods; months that are not shown belong
    to neither."""
    difference: Floats
    """Shape (groups, sides), as ``p``."""
    p: Floats


@dataclass(frozen=True)
class Table:
    """Groups by strata. The last row but one is all other opinions, the last holds what is compared
    with nothing: months that are not shown. The last stratum holds all groups of the second facet
    that are not shown."""

    by: By
    within: By
    names: list[str]
    strata: list[str | None]
    counts: Floats
    """Opinions by stance, shape (groups + 2, strata, 3)."""
    people: Floats
    """Authors with the totals, shape (groups + 3, strata + 1); who is in several of the cells that
    are added up is counted in each."""
    fewest: Floats
    """At least so many authors, as ``people``: those of the largest of the cells."""

    def sides(self) -> tuple[Floats, Floats, Floats]:
        """Return the shares of the groups and of the others, shape (2, groups, strata, sides),
        their opinions and their authors, shape (2, groups, strata)."""
        own = self.counts[:-2]
        counts = np.stack([own, self.counts[:-1].sum(0) - own])
        n = counts.sum(-1)
        shares = np.divide(counts, n[..., None], out=np.zeros_like(counts), where=n[..., None] > 0)
        people = self.people[:-3, :-1]
        people = np.stack([people, self.people[-1, :-1] - self.people[-2, :-1] - people])
        return shares[..., : len(SIDES)], n, np.where(n > 0, np.clip(people, 1, n), 0)


def whole(groups: Groups) -> Whole:
    """Compare each group, or the later of two periods, with all other opinions."""
    if groups.by is By.MONTH:
        if len(groups.shown) < 2:
            return Whole([], np.zeros((0, len(SIDES))), np.ones((0, len(SIDES))))
        # a period with months that are hidden, less those that are shown, would tell of them
        start = _half(groups)
        later = [cell for cell in groups.shown if (groups.label(cell) or "") >= start]
        names = [start]
        own = stances(later).sum(0, keepdims=True)
        people = np.array([[min(sum(cell.authors for cell in later), groups.total.authors)]])
        all_of_them = stances(groups.shown).sum(0, keepdims=True)
    else:
        named = [cell for cell in groups.shown if groups.label(cell) is not None]
        names = [groups.label(cell) or "" for cell in named]
        own = stances(named)
        people = np.array([cell.authors for cell in named]).reshape(-1, 1)
        all_of_them = stances([groups.total])
    rest = np.maximum(all_of_them - own, 0)
    own_n, rest_n = (np.maximum(each.sum(1, keepdims=True), 1) for each in (own, rest))
    one, other = (own / own_n)[:, : len(SIDES)], (rest / rest_n)[:, : len(SIDES)]
    others = np.maximum(groups.total.authors - people, 1)
    error = np.sqrt(one * (1 - one) / np.maximum(people, 1) + other * (1 - other) / others)
    enough = (people >= K) & (others >= K)
    return Whole(names, one - other, np.where(enough, beyond_least(one - other, error), 1))


def _half(groups: Groups) -> str:
    """Return the month at which the later half of the opinions begins."""
    months = sorted((groups.label(cell) or "", cell.counts.total) for cell in groups.shown)
    reached = np.cumsum([n for _, n in months])
    middle = int(np.searchsorted(reached, reached[-1] / 2))
    return months[max(middle, 1)][0]


def table(
    names: list[str], groups: Groups, strata: Groups, cells: Sequence[tuple[Cell, str, str]]
) -> Table | None:
    """Return the table of a pair of facets; None when there is nothing to compare.

    Args:
        names: the rows, as ``whole`` names them.
        groups: what is compared.
        strata: within which.
        cells: the index's, with the labels of both facets.
    """
    if not names:
        return None
    rows, elsewhere = {name: row for row, name in enumerate(names)}, len(names)
    if groups.by is By.MONTH:
        months = [groups.label(cell) or "" for cell in groups.shown]
        rows, elsewhere = {name: int(name < names[0]) for name in months}, len(names) + 1
    columns = {strata.label(cell) or "": i for i, cell in enumerate(strata.shown)}
    if len(columns) < 2:
        return None
    counts = np.zeros((len(names) + 2, len(columns) + 1, 3))
    people = np.zeros((len(names) + 3, len(columns) + 2))
    fewest = np.zeros_like(people)
    for cell, row, column in cells:
        i, j = rows.get(row, elsewhere), columns.get(column, len(columns))
        counts[i, j] += cell.counts.stances
        people[i, j] += cell.authors
        fewest[i, j] = max(fewest[i, j], cell.authors)
    # the authors of the totals are known
    people[-1, :-2] = [cell.authors for cell in strata.shown]
    people[-1, -1] = groups.total.authors
    people[-1, -2] = max(people[-1, -1] - people[-1, :-2].sum(), 0)
    people[:-1, -1] = people[:-1, :-1].sum(1)
    if groups.by is not By.MONTH:
        people[:-3, -1] = [cell.authors for cell in groups.shown if groups.label(cell) is not None]
    people[-3] = np.maximum(people[-1] - people[:-3].sum(0) - people[-2], 0)
    labels = [*map(strata.label, strata.shown), None]
    return Table(groups.by, strata.by, names, labels, counts, people, fewest)


def off(found: Table, rows: Sequence[int]) -> Bools:
    """Return which cells must be hidden of some groups, and in the last row of all others, by
    stratum. The totals are known from the facets' own tables."""
    counts = found.counts[[*rows, -2, -1]]
    counts[-2] = found.counts[:-1].sum(0) - counts[:-2].sum(0)
    picked = [*rows, -3, -2, -1]
    people, fewest = found.people[picked], found.fewest[picked]
    people[-3] = np.maximum(people[-1] - people[:-3].sum(0) - people[-2], 0)
    # a cell that may be of few is hidden; of those that are shown, all that they may be count
    few = fewest < K
    few[-3] = few[-1] = few[:, -1] = False
    people = np.where(few, fewest, people)
    shown = np.zeros(people.shape, dtype=bool)
    shown[-1] = True
    shown[:, -1] = True
    return hidden(counts, people, shown=shown)[:-2, :-1]


def within(shares: Floats, people: Floats) -> tuple[Floats, Floats, Floats]:
    """Weigh the differences of the strata.

    Args:
        shares: of the group and of the others, shape (2, …, strata, sides).
        people: their authors, shape (2, …, strata); zero where there are none.

    Returns:
        The difference and its standard error, shape (…, sides), and the weights of the strata,
        shape (…, strata), zero where the group or the others have no opinions.
    """
    n1, n0 = people[..., None]
    x1, x0 = shares * people[..., None]
    both = (n1 > 0) & (n0 > 0)
    size = np.maximum(n1 + n0, 1)
    weights = np.where(both, n1 * n0 / size, 0)
    weight = np.maximum(weights.sum(-2), 1e-9)
    difference = np.where(both, (x1 * n0 - x0 * n1) / size, 0).sum(-2) / weight
    first = (n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / size**2
    second = (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * size)
    variance = difference * np.where(both, first, 0).sum(-2) + np.where(both, second, 0).sum(-2)
    return difference, np.sqrt(np.maximum(variance, 0)) / weight, weights[..., 0]


def beyond_least(difference: Floats, error: Floats) -> Floats:
    """Return two-sided p-values against "no more than ``LEAST``"; 1 where the error is zero."""
    beyond = np.abs(difference) - LEAST
    return two_sided(np.divide(beyond, error, out=np.zeros_like(beyond), where=error > 0))
