"""One row of a file, however it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minyi.errors import InvalidRecord
from minyi.json_text import Doubled
from streams.intake.columns import folded


@dataclass(frozen=True)
class Row:
    """One row as read: a mapping of column to value, or the reason why there is none."""

    place: str
    """``line 12`` of the unpacked text, ``row 12`` of a workbook, ``item 12`` of a list in JSON, or
    ``line 3, item 12`` where each line has one."""
    raw: bytes
    """As it stands in the file; UTF-8 where the file is UTF-16, JSON where it is a workbook."""
    values: dict[str, Any] | None = None
    error: InvalidRecord | None = None


def unread_row(place: str, name: str, read: str) -> Row:
    """Return the bad row that stands for a table beside the one that is read."""
    reason = f"not read, only {read!r} is: save it as a file of its own"
    return Row(place, name.encode(errors="replace"), error=InvalidRecord(reason, place))


def table_row(place: str, header: Sequence[str], cells: list[Any], raw: bytes) -> Row:
    """Return the row of a table; one with more cells than columns has slipped and is refused."""
    if any(cell not in (None, "") for cell in cells[len(header) :]):
        reason = f"{len(cells)} cells under {len(header)} columns"
        return Row(place, raw, error=InvalidRecord(reason, place))
    values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    return Row(place, raw, values=values)


def object_row(place: str, item: Any, raw: bytes) -> Row:
    """Return the row of a JSON object; one with two values for one column is refused, since only
    one of them could be read."""
    if not isinstance(item, dict):
        return Row(place, raw, error=InvalidRecord("not a JSON object", place))
    if isinstance(item, Doubled):
        return Row(place, raw, error=InvalidRecord(item.reason, place))
    names: dict[str, str] = {}
    for name in item:
        if (other := names.setdefault(folded(name), name)) != name:
            reason = f"{other[:40]!r} and {name[:40]!r} differ in case or width only"
            return Row(place, raw, error=InvalidRecord(reason, place))
    return Row(place, raw, values=item)
