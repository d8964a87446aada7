"""Cells of a sheet that are merged over several rows: what they show belongs to each row."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from openpyxl.utils import column_index_from_string

_CELLS = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})[\"']"
)
_LONGEST_TAG = 1_000
_CHUNK = 1_000_000


@dataclass(frozen=True, order=True)
class Merged:
    """A cell that reaches over several rows."""

    first: int
    """The number of its first row."""
    last: int
    column: int
    """Its first one, the place among a row's cells."""


def merged_cells(xml: IO[bytes]) -> list[Merged]:
    """Return a sheet's cells that are merged over several rows, by their first rows.

    They stand at the end of the sheet, which a reader of rows gets to too late; looking for their
    tags alone is cheap beside reading the sheet twice.

    Args:
        xml: the sheet as the workbook keeps it.
    """
    found = []
    rest = b""
    while chunk := xml.read(_CHUNK):
        rest += chunk
        cut = rest.rfind(b"<")  # the last tag may be cut in two
        for column, first, last in _CELLS.findall(rest[:cut] if cut >= 0 else b""):
            if int(first) < int(last):
                place = column_index_from_string(column.decode()) - 1
                found.append(Merged(int(first), int(last), place))
        rest = rest[cut:][:_LONGEST_TAG] if cut >= 0 else b""
    return sorted(found)


def spread(
    rows: Iterable[tuple[int, list[Any]]], merged: Iterable[Merged]
) -> Iterator[tuple[int, list[Any], dict[int, int]]]:
    """Yield each row with what merged cells show in it, and for each of these that began in a row
    above, its column and that row's number.

    Args:
        rows: their numbers and cells.
        merged: by their first rows; one that begins in none of the rows shows nothing.
    """
    waiting = deque(merged)
    shown: dict[int, tuple[Merged, Any]] = {}
    for number, cells in rows:
        while waiting and waiting[0].first <= number:
            cell = waiting.popleft()
            if cell.first == number and cell.column < len(cells):
                shown[cell.column] = (cell, cells[cell.column])
        above: dict[int, int] = {}
        for column, (cell, value) in list(shown.items()):
            if cell.last < number:
                del shown[column]
            elif cell.first < number:
                cells.extend([None] * (column + 1 - len(cells)))
                cells[column] = value
                above[column] = cell.first
        yield number, cells, above
