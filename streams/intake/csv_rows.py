"""Rows of CSV text, so that one stray quote costs one row and not the rest of the file."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from minyi.domain import MAX_RECORD_BYTES
from minyi.errors import InvalidRecord
from streams.intake.headers import HEAD, SEPARATOR, find_header
from streams.intake.rows import Row, table_row

Record = tuple[int, str, list[str] | csv.Error]
"""Its first line's number, its text, and its cells or why there are none."""


def csv_rows(
    lines: Iterator[str],
    delimiter: str,
    original: Callable[[str], bytes],
    given: Mapping[str, str],
) -> Iterator[Row]:
    """Yield the rows below the header; see ``find_header``.

    Args:
        lines: of the text, with their line ends.
        delimiter: between cells.
        original: gives the bytes that a row's text was decoded from.
        given: the user's own map, field → column.
    """
    records = (record for record in _records(lines, delimiter) if not _blank(record))
    head = list(islice(records, HEAD))
    header = find_header(
        [[] if isinstance(cells, csv.Error) else cells for _, _, cells in head], given
    )
    for position, (number, text, cells) in enumerate(chain(head, records)):
        place = f"line {number}"
        raw = original(text)
        if isinstance(cells, csv.Error):
            yield Row(place, raw, error=InvalidRecord(f"not CSV, a stray quote? ({cells})", place))
        elif position <= header.at:
            continue
        elif any("\ud800" <= character <= "\udfff" for character in text):
            yield Row(place, raw, error=InvalidRecord("holds bytes that are no text", place))
        else:
            yield table_row(place, header.names, [_unwrapped(cell) for cell in cells], raw)


def _unwrapped(cell: str) -> str:
    """Return a cell without the formula ``="0012"`` that keeps a spreadsheet from reading it as a
    number."""
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1].replace('""', '"')
    return cell


def _blank(record: Record) -> bool:
    number, text, cells = record
    if number == 1 and SEPARATOR.fullmatch(text):
        return True
    return not isinstance(cells, csv.Error) and not any(cell.strip() for cell in cells)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[Record]:
    """Yield each record with the number of its first line and its text.

    A quote that is never closed, or not where it should be, would swallow the lines up to the next
    quote. Reading is therefore strict, and goes on after the first line of what it stumbles over.
    """
    csv.field_size_limit(MAX_RECORD_BYTES)
    again: deque[str] = deque()
    taken: list[str] = []

    def feed() -> Iterator[str]:
        while line := again.popleft() if again else next(lines, ""):
            taken.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    number = 1
    while True:
        taken.clear()
        cells: list[str] | csv.Error
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            again.extendleft(reversed(taken[1:]))
            del taken[1:]
            cells = _leniently(taken[0], delimiter, error)
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
        yield number, "".join(taken), cells
        number += len(taken)


def _leniently(line: str, delimiter: str, error: csv.Error) -> list[str] | csv.Error:
    """Read a line with quotes in odd places, like ``"so" they say,…``, if it has them in pairs."""
    if line.count('"') % 2:
        return error
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error as still:
        return still
