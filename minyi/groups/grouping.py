"""A policy's opinions by one facet at a time, with the groups that may be shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from minyi.arrays import Bools, Floats
from minyi.disclosure import hidden, with_totals
from minyi.ports import Index
from minyi.query import Cell, Counts, Facet, Filters, Interval
from minyi.vocabulary import EVALUATIONS, Evaluated, Stance

MOST_GROUPS = 200
"""Of one facet; those with the fewest opinions beyond are counted together."""


class By(StrEnum):
    """What the opinions on a policy are compared by."""

    REGION = "region"
    CHANNEL = "channel"
    SOURCE = "source"
    AGE = "age"
    MONTH = "month"

    @property
    def facet(self) -> Facet | None:
        """None for time."""
        return None if self is By.MONTH else Facet(self.value)


Measure = Stance | Evaluated
MEASURES: tuple[Measure, ...] = (Stance.FAVOR, Stance.AGAINST, *EVALUATIONS)
"""What is compared: two stances, and praise and criticism of each aspect."""


def label(cell: Cell, by: By) -> str | None:
    """Return the group of a cell; a month is its first day, None where the field is lacking."""
    if by is By.MONTH:
        return cell.bucket.isoformat() if cell.bucket else None
    return cell.values[0]


def hits(counts: Counts) -> list[int]:
    """Return how many opinions show each measure."""
    return [
        getattr(counts, measure.value)
        if isinstance(measure, Stance)
        else counts.evaluated(*measure)
        for measure in MEASURES
    ]


def stances(cells: Sequence[Cell]) -> Floats:
    """Return the opinions by cell and stance, shape (cells, 3)."""
    return np.array([c.counts.stances for c in cells], dtype=np.float64).reshape(-1, 3)


@dataclass(frozen=True)
class Asked:
    """What the index says of one policy, all together and by one facet each."""

    total: Cell | None
    """None without opinions."""
    groups: dict[By, list[Cell]]


def ask(index: Index, filters: Filters) -> Asked:
    """Ask for the opinions together and by every facet: six questions.

    Raises:
        IndexUnavailable: when the store cannot be reached.
    """
    everything = index.cells(filters, [])
    return Asked(
        total=everything[0] if everything else None,
        groups={
            by: index.cells(filters, [by.facet] if by.facet else [], _interval(by)) for by in By
        },
    )


def ask_pair(index: Index, filters: Filters, one: By, other: By) -> list[tuple[Cell, str, str]]:
    """Ask for the opinions by two facets; return cells with both labels ("" where lacking).

    Raises:
        IndexUnavailable: when the store cannot be reached.
    """
    facets = [by.facet for by in (one, other) if by.facet]
    month = By.MONTH in (one, other)
    found = []
    for cell in index.cells(filters, facets, Interval.MONTH if month else None):
        values = iter(cell.values)
        labels = [label(cell, by) if by is By.MONTH else next(values) for by in (one, other)]
        found.append((cell, labels[0] or "", labels[1] or ""))
    return found


def _interval(by: By) -> Interval | None:
    return Interval.MONTH if by is By.MONTH else None


@dataclass(frozen=True)
class Groups:
    """The groups of one facet, the largest first, and which of them must not be shown."""

    by: By
    total: Cell
    cells: list[Cell]
    hidden: Bools
    """Shape (cells,)."""
    left_out: int
    """Groups beyond the largest ``MOST_GROUPS``."""

    @property
    def labels(self) -> list[str | None]:
        return [self.label(cell) for cell in self.cells]

    def label(self, cell: Cell) -> str | None:
        """Return the group's value."""
        return label(cell, self.by)

    @property
    def shown(self) -> list[Cell]:
        return [cell for cell, off in zip(self.cells, self.hidden, strict=True) if not off]


def group(by: By, inside: Asked, everything: Asked | None = None) -> Groups | None:
    """Return the groups of one facet with those hidden that would tell of fewer than ten people;
    None when there are no two groups, or all opinions together are of fewer than ten.

    Args:
        by: the facet.
        inside: what is asked for.
        everything: all opinions on the policy, where what is asked for is a part of them. The
            groups are hidden so that the part taken from the whole, which anyone may ask for as
            well, leaves nothing of fewer than ten either.
    """
    total = inside.total
    if total is None or len(inside.groups[by]) < 2:
        return None
    cells = sorted(inside.groups[by], key=lambda c: (-c.counts.total, label(c, by) or ""))
    kept, rest = cells[:MOST_GROUPS], cells[MOST_GROUPS:]
    table, people = _with_rest(kept, rest, total.authors)
    # hiding those who name no group loses nothing, nor the rest
    named = [label(cell, by) is not None for cell in kept]
    price = np.where([*named, False, True], with_totals(table).sum(-1), 1)
    if everything is None:
        mask = hidden(table, people, price=price)
    else:
        mask = _hidden_within(kept, rest, table, people, price, by, everything)
    if mask[-1]:
        return None
    return Groups(by, total, kept, mask[: len(kept)], len(rest))


def _with_rest(kept: Sequence[Cell], rest: Sequence[Cell], total: int) -> tuple[Floats, Floats]:
    """Return the stances by group, one more for the rest, which is never shown, and the authors by
    group, of the rest and of all; an author of the rest may be in other groups too."""
    people = [c.authors for c in kept]
    few = max(max((c.authors for c in rest), default=0), total - sum(people)) if rest else 0
    table = np.vstack([stances(kept), stances(rest).sum(0)])
    return table, np.array([*people, few, total], dtype=np.float64)


def _hidden_within(
    inside: Sequence[Cell],
    beyond: Sequence[Cell],
    part: Floats,
    people: Floats,
    price: Floats,
    by: By,
    everything: Asked,
) -> Bools:
    """Hide groups of a part as one table with what of them is outside of it, beside the groups of
    the whole as they are shown. Groups of which nothing is inside and the whole is shown are all
    outside, as everybody knows: without them the rest must be safe."""
    groups = group(by, everything)
    if groups is None or everything.total is None:
        return np.ones(len(people), dtype=bool)
    off = dict(zip(groups.labels, groups.hidden, strict=True))
    known = {label(cell, by): cell for cell in everything.groups[by]}
    absent = Cell(values=(), counts=Counts(), authors=0)  # the last opinion was deleted meanwhile
    match = [known.pop(label(cell, by), absent) for cell in inside]
    spoken = {label(cell, by) for cell in beyond}
    elsewhere = [n for n in known if n not in spoken and not off.get(n, True)]
    told = sum(known.pop(name).authors for name in elsewhere)
    everybody = max(everything.total.authors - told, 0)
    whole, all_people = _with_rest(match, list(known.values()), everybody)
    # who is inside may be outside too: those outside are at least the others
    authors = np.stack([people, np.maximum(all_people - people, 0), all_people], axis=1)
    unseen = np.zeros(authors.shape, dtype=bool)
    unseen[: len(inside), -1] = [off.get(label(cell, by), True) for cell in inside]
    unseen[len(inside), -1] = all(off.get(name, True) for name in known)
    shown = np.zeros(authors.shape, dtype=bool)
    shown[:, -1] = ~unseen[:, -1]
    counts = np.stack([part, np.maximum(whole - part, 0)], axis=1)
    # outside nothing is shown, but found by subtraction: hiding it hides the inside, unless the
    # whole is hidden
    outside = np.where(unseen[:, -1], 1.0, price)
    prices = np.stack([price, outside, np.ones_like(price)], axis=1)
    return hidden(counts, authors, shown=shown, unseen=unseen, price=prices)[:, 0]


def gives_away(by: By, inside: Asked, everything: Asked) -> bool:
    """Return whether the number of opinions of a part tells of groups that the whole hides.

    Where each shown group of the whole lies inside or outside, the shown ones taken from the part
    leave the hidden ones inside, and from what it leaves out those outside. Of each nobody must be
    left, or so many that none of them can be bounded. A shown group that lies in both hides how
    many are left.

    Args:
        by: the facet.
        inside: what is asked for.
        everything: all opinions on the policy.
    """
    part, whole = inside.total, everything.total
    if part is None or whole is None or len(everything.groups[by]) < 2:
        return False
    groups = group(by, everything)
    shown = {label(cell, by) for cell in groups.shown} if groups else set()
    own = {label(cell, by): cell for cell in inside.groups[by]}
    # who is inside may be outside too: those outside are at least the others
    people = np.array([part.authors, max(whole.authors - part.authors, 0)], dtype=np.float64)
    left: tuple[list[Floats], list[Floats]] = ([], [])
    authors: tuple[list[float], list[float]] = ([], [])
    for cell in sorted(everything.groups[by], key=lambda c: -c.counts.total):
        name = label(cell, by)
        kept = own.get(name)
        n = kept.counts.total if kept else 0
        if name in shown:
            if 0 < n < cell.counts.total:
                return False
            people[0 if n else 1] -= cell.authors
            continue
        counts = stances([kept] if kept else []).sum(0)
        sides = counts, np.maximum(stances([cell])[0] - counts, 0)
        spoke = kept.authors if kept else 0
        for side, (said, who) in enumerate(
            zip(sides, (spoke, max(cell.authors - spoke, 1)), strict=True)
        ):
            # any further one can be exchanged with these, which are larger
            if said.any() and len(left[side]) < MOST_GROUPS:
                left[side].append(said)
                authors[side].append(who)
    return any(
        _told(np.array(counts), np.array([*who, max(*who, total)]))
        for counts, who, total in zip(left, authors, people, strict=True)
        if counts
    )


def _told(counts: Floats, people: Floats) -> bool:
    """Return whether hidden groups are too few for what they add up to to be known."""
    unseen = np.array([*np.ones(len(counts), dtype=bool), False])
    price = np.array([*np.ones(len(counts)), counts.sum() + 1])
    return bool(hidden(counts, people, unseen=unseen, price=price)[-1])
