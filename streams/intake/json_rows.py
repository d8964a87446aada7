"""Rows of JSON text: one object a line, or an array of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minyi.domain import MAX_RECORD_BYTES
from minyi.errors import InvalidRecord
from minyi.json_text import read_json, write_json
from streams.intake.rows import Row, object_row


def line_rows(lines: Iterator[str], original: Callable[[str], bytes]) -> Iterator[Row]:
    """Yield the row of every line that is not blank.

    Args:
        lines: of the text, with their line ends.
        original: gives the bytes that a line was decoded from.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip("\ufeff \t\r\n"):
            yield _line_row(f"line {number}", line.rstrip("\r\n"), original)


def _line_row(place: str, line: str, original: Callable[[str], bytes]) -> Row:
    raw = original(line)
    if len(raw) > MAX_RECORD_BYTES:
        reason = f"the line has {len(raw):,} bytes, more than {MAX_RECORD_BYTES:,}"
        return Row(place, raw, error=InvalidRecord(reason, place))
    try:
        line.encode()  # an undecodable byte stands here as a lone surrogate
        values = read_json(line)
    except UnicodeError:
        return Row(place, raw, error=InvalidRecord("holds bytes that are no text", place))
    except (ValueError, RecursionError) as error:
        return Row(place, raw, error=InvalidRecord(f"not JSON: {error}", place))
    return object_row(place, values, raw)


def array_rows(content: str) -> Iterator[Row]:
    """Yield the rows of an array.

    Raises:
        ValueError: when it is no JSON.
        RecursionError: when it is nested too deeply.
    """
    items: list[Any] = read_json(content)
    for number, item in enumerate(items, start=1):
        place = f"item {number}"
        yield object_row(place, item, write_json(item).encode(errors="surrogatepass"))
