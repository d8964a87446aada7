"""What the index says of a policy, by one line, by two and by all at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from minyi.arrays import Floats
from minyi.errors import IndexUnavailable
from minyi.groups.grouping import stances
from minyi.open_data.crossing import Crossing
from minyi.ports import Index
from minyi.query import Cell, Facet, Filters, Interval

Line = Facet | None
"""What a policy's opinions are told apart by: a facet, or months."""
LINES: tuple[Line, ...] = (None, Facet.REGION, Facet.CHANNEL, Facet.SOURCE, Facet.AGE)
"""A policy has one domain."""
TRIES = 5


@dataclass(frozen=True)
class Answers:
    """What the index said at one time."""

    whole: Cell
    lines: Mapping[Line, Sequence[Cell]]
    crossing: Crossing
    """A value has the number of its cell in the line."""


def read(index: Index, wanted: Filters) -> Answers | None:
    """Ask for all opinions on a policy; None when there are none. Blocks.

    Args:
        index: where they are.
        wanted: the policy, and until when.

    Raises:
        IndexUnavailable: when the index cannot be read, or does not hold still.
    """
    pairs = list(combinations(LINES, 2))
    for _ in range(TRIES):
        whole = index.cells(wanted, [])
        if not whole:
            return None
        said = {}
        for lines in [*((line,) for line in LINES), *pairs, LINES]:
            facets = [line for line in lines if line is not None]
            cells = index.cells(wanted, facets, Interval.MONTH if None in lines else None)
            if (stances(cells).sum(0) != stances(whole).sum(0)).any():
                break
            said[lines] = cells
        else:
            found = answers(whole[0], said)
            if found is not None:
                return found
    raise IndexUnavailable("the index changes while it is read; try again in a minute", 60)


def answers(whole: Cell, said: Mapping[tuple[Line, ...], Sequence[Cell]]) -> Answers | None:
    """Put together what the index said of a policy; None when it does not fit together.

    Args:
        whole: all opinions.
        said: the cells by what tells them apart: each line, every two lines, and last all lines.
    """
    lines = {names[0]: cells for names, cells in said.items() if len(names) == 1}
    every = tuple(lines)
    numbers = {
        line: {label: number for number, label in enumerate(_labels(cells, line))}
        for line, cells in lines.items()
    }
    values = {
        names: np.array(
            [
                [numbers[line].get(label, -1) for label in _labels(cells, line, names)]
                for line in names
            ]
        )
        for names, cells in said.items()
    }
    if any((each < 0).any() for each in values.values()):
        return None
    counts = stances(said[every])
    for line, of_cell in zip(every, values[every], strict=True):
        added = np.zeros((len(lines[line]), counts.shape[1]))
        np.add.at(added, of_cell, counts)
        if (added != stances(lines[line])).any():
            return None
    crossing = Crossing(
        values=values[every].T,
        counts=counts,
        authors=[_authors(cells) for cells in lines.values()],
        pairs={
            (every.index(names[0]), every.index(names[1])): (*of_cell, _authors(said[names]))
            for names, of_cell in values.items()
            if len(names) == 2
        },
        everybody=whole.authors,
    )
    return Answers(whole, lines, crossing)


def _labels(
    cells: Sequence[Cell], line: Line, names: tuple[Line, ...] | None = None
) -> list[date | str | None]:
    """Return the value of each cell in a line, one of those that tell the cells apart."""
    if line is None:
        return [cell.bucket for cell in cells]
    place = [name for name in names or (line,) if name is not None].index(line)
    return [cell.values[place] for cell in cells]


def _authors(cells: Sequence[Cell]) -> Floats:
    return np.array([cell.authors for cell in cells], dtype=np.float64)
