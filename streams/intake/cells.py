"""Cells as people write them: counts, ids; times and ages have files of their own."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from minyi.errors import InvalidRecord
from minyi.vocabulary import AgeBand
from streams.intake.ages import read_age
from streams.intake.times import read_time

_COUNT = re.compile(
    r"(\d{1,18}|\d{1,3}(?:,\d{3}){1,5}|\d{1,4}(?:,\d{4}){1,4})(\.\d{1,6})?\s*([亿万千wk]?)\+?[次人个票]?",
    re.IGNORECASE,
)
_SCALES = {"": 1, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "亿": 100_000_000}
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+\d{2,}")
MAX_EXACT = 10**15
"""A spreadsheet keeps fifteen digits of a number: several longer ids become one."""
_ERROR = re.compile(r"#{3,}|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!)")
_ESCAPED = re.compile(r"'(?=\w+\Z)")


def is_error(value: Any) -> bool:
    """Return whether a cell shows a spreadsheet's error, or that its column is too narrow."""
    return isinstance(value, str) and _ERROR.fullmatch(value.strip()) is not None


def plain(value: Any, field: str) -> str:
    """Read text, or a number as text.

    Raises:
        InvalidRecord: for what is neither.
    """
    if isinstance(value, (dict, list, bool)):
        raise InvalidRecord(f"must be text, not {type(value).__name__}", f"field {field}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # what a spreadsheet makes of an id
    return str(value)


def trimmed(value: Any, field: str) -> str:
    """Read text or a number without the white space around."""
    return plain(value, field).strip()


def _id(value: Any, field: str) -> str:
    """Read an id, without the apostrophe or tab that keeps a spreadsheet from rounding it; one that
    was rounded is refused, since others became the same."""
    read = _ESCAPED.sub("", trimmed(value, field), count=1)
    large = isinstance(value, float) and abs(value) >= MAX_EXACT
    if large or _ROUNDED.fullmatch(read):
        reason = f"the id {read[:40]!r} was rounded by a spreadsheet; save its column as text"
        raise InvalidRecord(reason, f"field {field}")
    return read


def _count(value: Any, field: str) -> int:
    """Read a count as people write it: ``1,024``, ``1.2万``, ``3k``, ``1.2w+``, ``12次``. What may
    be two numbers (``1,2万``), or counts parts of a thing, is refused."""
    match = _COUNT.fullmatch(unicodedata.normalize("NFKC", str(value).strip()))
    if match and not isinstance(value, bool):
        whole, part, scale = match.groups()
        number = float(whole.replace(",", "") + (part or "")) * _SCALES[scale.lower()]
        if scale or number.is_integer():
            return round(number)
    raise InvalidRecord(f"{str(value)[:40]!r} is no count", f"field {field}")


def _age(value: Any, field: str) -> int | str | AgeBand | None:
    """Read an age, see ``read_age``; a number that is none is left for the domain to refuse."""
    return read_age(value, field) if isinstance(value, str) else plain(value, field)


READERS = {
    "text": plain,
    "title": plain,
    "reply.text": plain,
    "id": _id,
    "created_at": read_time,
    "reply.at": read_time,
    "age": _age,
    "likes": _count,
    "dislikes": _count,
}
"""How a field's cell is read, where not as trimmed text."""
