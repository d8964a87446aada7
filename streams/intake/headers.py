"""Where a table begins: at its header, which titles may stand above."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from minyi.errors import SettingError
from streams.intake.columns import folded, guess, is_known
from streams.intake.grouped import combined

HEAD = 20
"""Rows that are not blank, of which one is the header."""
DELIMITERS = ",\t;|"
SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line that tells spreadsheets the delimiter."""
_LONGEST_LINE = 100_000
T = TypeVar("T")


@dataclass(frozen=True)
class Header:
    """The header of a table."""

    at: int
    """The place of its last row among the first ones."""
    names: Sequence[str]
    """Of the columns; of what ``find_header`` returns, no two are the same but blank ones."""


def find_header(rows: Sequence[Sequence[str]], given: Mapping[str, str]) -> Header:
    """Return the header among a table's first rows: the first row whose cells name text and time,
    else the first with two names that are known, else the first that has cells. Two rows may be one
    header, see ``combined``.

    Args:
        rows: their cells.
        given: the user's own map, field → column.
    """
    headers = [Header(0, []), *_headers(rows, given)]
    names = [header.names for header in headers]
    found = headers[_first(names, (partial(names_text_and_time, given=given), _names_two, bool))]
    return replace(found, names=_distinct(found.names))


def _headers(rows: Sequence[Sequence[str]], given: Mapping[str, str]) -> Iterator[Header]:
    """Yield what may be a header, each row or two in one, with the names as they stand."""
    at = 0
    while at < len(rows):
        names: Sequence[str] | None = None
        if at + 1 < len(rows):
            names = combined(rows[at], rows[at + 1], given)
        if names is None:
            names = rows[at]
        else:
            at += 1
        yield Header(at, names)
        at += 1


def has_header(rows: Sequence[Sequence[str]], given: Mapping[str, str]) -> bool:
    """Return whether the cells of one of a table's first rows name text and time."""
    return any(names_text_and_time(header.names, given) for header in _headers(rows, given))


def best_table(tables: Sequence[Sequence[Sequence[str]]], given: Mapping[str, str]) -> int:
    """Return which of some tables, by their first rows, holds comments: the first that has a
    header, else the first with a row of two names that are known, else the first with any row."""
    return _first(
        tables, (partial(has_header, given=given), lambda t: any(map(_names_two, t)), bool)
    )


def delimiter_of(lines: Sequence[str], given: Mapping[str, str]) -> str:
    """Return what parts the cells of a table's first lines: what makes a header of one of them,
    else what most known names stand between, else what is most frequent in the first."""

    def fitness(delimiter: str) -> tuple[bool, int, int]:
        rows = [_cells(line[:_LONGEST_LINE], delimiter) for line in lines]
        return (
            has_header(rows, given),
            max(map(_known, rows), default=0),
            "".join(lines[:1]).count(delimiter),
        )

    return max(DELIMITERS, key=fitness)


def _distinct(cells: Iterable[str]) -> list[str]:
    """Return the names of a table's columns, of which no two are the same but blank ones: a second
    ``内容`` is called ``内容.2``, or by the next number that no column is called by."""
    names = [cell.strip() for cell in cells]
    written = {folded(name) for name in names}
    numbers: dict[str, int] = {}
    for place, name in enumerate(names):
        key = folded(name)
        number = numbers.get(key, 0) + 1
        if name and number > 1:
            while f"{key}.{number}" in written:
                number += 1
            names[place] = f"{name}.{number}"
        numbers[key] = number
    return names


def names_text_and_time(cells: Sequence[str], given: Mapping[str, str]) -> bool:
    with suppress(SettingError):
        return bool(guess([cell for cell in cells if cell.strip()], given))
    return False


def _first(candidates: Sequence[T], tests: Iterable[Callable[[T], bool]]) -> int:
    """Return the place of the first that passes the first test which any passes, else 0."""
    for test in tests:
        for place, candidate in enumerate(candidates):
            if test(candidate):
                return place
    return 0


def _names_two(cells: Sequence[str]) -> bool:
    return _known(cells) > 1


def _known(cells: Sequence[str]) -> int:
    return sum(map(is_known, set(cells)))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
