"""From a row to a comment: its fields, and an id that is the same when the file is read again.

Placeholders are read as nothing, see ``to_comment``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from minyi.domain import Comment
from minyi.errors import InvalidRecord
from minyi.json_text import Doubled
from minyi.placeholders import is_nothing
from minyi.redaction import redact
from streams.intake.cells import READERS, is_error, trimmed
from streams.intake.columns import folded

AS_WRITTEN = ("text", "title", "author")
"""Fields whose placeholders are kept: what somebody said, or is called, may be just 无."""
_OWN = ("id", "source")
"""Columns of these very names hold an id that is unique among all sources: Minyi's own records."""


def to_comment(
    values: Mapping[str, Any],
    mapping: Mapping[str, str],
    source: str,
    seen: Counter[bytes] | None = None,
) -> Comment:
    """Make a comment of a row.

    A cell that only holds the place of a value (``-``, ``无``, ``暂无回复``, ``null``) counts as
    empty, but in the fields ``AS_WRITTEN``; one that shows a spreadsheet's error, in any but id and
    text. A band of ages that is none of ours stays under ``extra``.

    An id counts within its source only, unless the row is written as the data contract says, with
    ``id`` and ``source``. A row without an id gets one from its content, and from how many equal
    ones stand before it in its file: all of them count, and reading the file again changes nothing.

    Args:
        values: the row, column → value; in JSON the spelling of a column may differ from the
            map's in what ``folded`` says.
        mapping: field → column.
        source: used where the row names none.
        seen: how often each content stood before in the file; this row is added.

    Raises:
        InvalidRecord: with the field and what is wrong with it.
    """
    record: dict[str, Any] = {}
    reply: dict[str, Any] = {}
    cells = {folded(name): value for name, value in values.items()}
    used = set(map(folded, mapping.values()))
    for field, column in mapping.items():
        value = cells.get(folded(column))
        if value in (None, [], {}) or (isinstance(value, str) and not value.strip()):
            continue
        if is_error(value) and field in ("id", "text"):  # of many rows, and what it was is lost
            raise InvalidRecord(f"the cell shows {value.strip()[:20]}, no value", f"field {field}")
        if is_error(value) or (field not in AS_WRITTEN and _is_nothing(value)):
            continue
        if isinstance(value, Doubled):
            raise InvalidRecord(value.reason, f"field {field}")
        if field.startswith("reply.") and isinstance(value, dict):
            reply |= {key: part for key, part in value.items() if not _is_nothing(part)}
            continue
        read = READERS.get(field, trimmed)(value, field)
        if read is None:  # kept as it is written
            used.discard(folded(column))
        elif field.startswith("reply."):
            reply[field.removeprefix("reply.")] = read
        else:
            record[field] = read
    if reply.get("text"):
        record["reply"] = reply
    extra = {k: v for k, v in values.items() if folded(k) not in used and v not in (None, "")}
    nested = extra.pop("extra", {})  # a comment that Minyi wrote
    record["extra"] = (nested if isinstance(nested, dict) else {"extra": nested}) | extra
    whole = "source" in record and all(folded(mapping.get(name, "")) == name for name in _OWN)
    record.setdefault("source", source)
    if "id" not in record:
        record["id"] = f"row-{_row_id(record, seen).hex()}"
    elif not whole:
        record["id"] = f"{record['source']}:{record['id']}"
    return Comment.from_mapping(record)


def _is_nothing(value: Any) -> bool:
    return isinstance(value, str | float) and is_nothing(str(value))


def _row_id(record: Mapping[str, Any], seen: Counter[bytes] | None) -> bytes:
    """Return a hash of what an opinion shows of the row: one of its author or of a number that is
    redacted could be undone by trying all of them."""
    shown = [redact(str(record.get(field, ""))) for field in ("source", "title", "text")]
    parts = [*shown, str(record.get("created_at", ""))]
    content = hashlib.sha256(json.dumps(parts).encode()).digest()[:12]
    if seen is None:
        return content
    before = seen[content]
    seen[content] += 1
    return hashlib.sha256(b"%s %d" % (content, before)).digest()[:12] if before else content
