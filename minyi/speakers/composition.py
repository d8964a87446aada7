"""Who speaks, by the values of a facet, beside who lives there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minyi.arrays import Floats
from minyi.domain import Model
from minyi.prevalence import share
from minyi.query import Cell, Facet, Share
from minyi.shares.denominators import Count, Denominator


class Spoken(Model):
    """How many spoke from one value of a facet."""

    value: str
    speakers: Share
    """Of those whose value is known."""
    population: float | None = None
    """The known share; None where the margins do not name the value."""
    weighted: float | None = None
    """The share that the weights reach, of those whose value is known; None when not raked."""


class Composition(Model):
    """Who speaks, by one facet, beside who lives there."""

    facet: Facet
    lacking: Share
    """Those whose value is not known; weights leave their share as it is."""
    values: tuple[Spoken, ...]
    """Those of the margins in their order, then the others, the most spoken from first."""
    unheard: tuple[str, ...] = ()
    """Values of the margins from which nobody spoke: no weight gives them a voice."""
    unheard_population: float = 0.0
    """The share of the population that these are."""
    distance: float | None = None
    """Half the sum of the differences to the population, 0 to 1: so many speakers would have to be
    somebody else. None without margins."""


def sizes_of(cells: Sequence[Cell], count: Count) -> Floats:
    """Return the opinions or authors of cells, shape (cells,)."""
    authors = count is Count.AUTHORS
    return np.array([c.authors if authors else c.counts.total for c in cells], dtype=np.float64)


def composition(
    cells: Sequence[Cell],
    place: int,
    facet: Facet,
    population: dict[str, float] | None,
    count: Count,
    of: Denominator,
    kept: Sequence[Cell],
    weights: Floats | None,
) -> Composition:
    """Return who speaks by one facet.

    Args:
        cells: all opinions by some facets.
        place: of the facet among them.
        facet: the facet.
        population: its known shares, if any.
        count: what has one vote.
        of: what the opinions are.
        kept: the cells that were weighted, if any.
        weights: of these, shape (len(kept),).
    """
    who = of.words()
    if count is Count.AUTHORS:
        who = f"authors of {who}" if of.sure else "authors"
    sizes = [int(size) for size in sizes_of(cells, count)]
    found: dict[str | None, int] = {}
    for cell, size in zip(cells, sizes, strict=True):
        found[cell.values[place]] = found.get(cell.values[place], 0) + size
    lacking = found.pop(None, 0)
    known = sum(found.values())
    reached: dict[str | None, float] = {}
    if weights is not None and population is not None:
        for cell, mass in zip(kept, sizes_of(kept, count) * weights, strict=True):
            reached[cell.values[place]] = reached.get(cell.values[place], 0.0) + float(mass)
        reached.pop(None, None)
    all_reached = sum(reached.values())
    named = population or {}
    others = sorted(set(found) - set(named), key=lambda v: (-found[v], str(v)))
    unheard = tuple(value for value in named if value not in found)
    return Composition(
        facet=facet,
        lacking=share(lacking, sum(sizes), who),
        values=tuple(
            Spoken(
                value=str(value),
                speakers=share(found[value], known, f"{who} whose {facet} is known"),
                population=named.get(str(value)),
                weighted=round(reached[value] / all_reached, 4) if value in reached else None,
            )
            for value in [*(name for name in named if name in found), *others]
        ),
        unheard=unheard,
        unheard_population=round(sum(named[value] for value in unheard), 4),
        distance=round(
            sum(abs(found.get(v, 0) / known - named.get(str(v), 0.0)) for v in {*found, *named})
            / 2,
            4,
        )
        if population and known
        else None,
    )
