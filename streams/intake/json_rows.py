"""Rows of JSON text: one object a line, or an array of them, or either within an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minyi.domain import MAX_RECORD_BYTES
from minyi.errors import InvalidRecord
from minyi.json_text import read_json, write_json
from streams.intake.rows import Row, object_row, unread_row
from streams.intake.wrapped import Wrapped, wrapped

BLANK = "\ufeff \t\r\n"


def line_rows(
    lines: Iterator[str], original: Callable[[str], bytes], given: Mapping[str, str]
) -> Iterator[Row]:
    """Yield the row of every line that is not blank, or the rows that it wraps.

    Args:
        lines: of the text, with their line ends.
        original: gives the bytes that a line was decoded from.
        given: the user's own map, field → column.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip(BLANK):
            yield from _line_rows(f"line {number}", line.rstrip("\r\n"), original, given)


def _line_rows(
    place: str, line: str, original: Callable[[str], bytes], given: Mapping[str, str]
) -> Iterator[Row]:
    raw = original(line)
    try:
        line.encode()  # an undecodable byte stands here as a lone surrogate
        value = read_json(line)
        table = wrapped(value, given)
    except UnicodeError:
        yield Row(place, raw, error=InvalidRecord("holds bytes that are no text", place))
    except (ValueError, RecursionError) as error:
        yield Row(place, raw, error=InvalidRecord(f"not JSON: {error}", place))
    else:
        if table is not None:
            yield from _wrapped_rows(f"{place}, ", table)
        elif len(raw) > MAX_RECORD_BYTES:
            reason = f"the line has {len(raw):,} bytes, more than {MAX_RECORD_BYTES:,}"
            yield Row(place, raw, error=InvalidRecord(reason, place))
        else:
            yield object_row(place, value, raw)


def document_rows(content: str, given: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of one array or object.

    Raises:
        ValueError: when it is no JSON.
        RecursionError: when it is nested too deeply.
    """
    value = read_json(content)
    if (table := wrapped(value, given)) is not None:
        yield from _wrapped_rows("", table)
        return
    for number, item in enumerate(value if isinstance(value, list) else [value], start=1):
        if (table := wrapped(item, given)) is not None:
            yield from _wrapped_rows(f"item {number}, ", table)
        else:
            yield _item_row(f"item {number}", item)


def _wrapped_rows(before: str, table: Wrapped) -> Iterator[Row]:
    for name in table.others:
        yield unread_row(f"{before}list {name}", name, table.name)
    for number, item in enumerate(table.items, start=1):
        yield _item_row(f"{before}item {number}", item)


def _item_row(place: str, item: Any) -> Row:
    try:
        raw = write_json(item).encode(errors="surrogatepass")
    except RecursionError:
        return Row(place, b"", error=InvalidRecord("nested too deeply", place))
    return object_row(place, item, raw)
