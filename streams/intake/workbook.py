"""Rows of an Excel workbook: those of its first sheet that holds comments."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import openpyxl
from openpyxl.utils.escape import unescape

from minyi.errors import InvalidRecord, SettingError
from streams.intake.cells import MAX_EXACT
from streams.intake.columns import guess
from streams.intake.headers import HEAD, best_table, find_header, has_header
from streams.intake.merged import merged_cells, spread
from streams.intake.rows import Row, table_row, unread_row

MAX_XLSX_BYTES = 1_000_000_000
"""Unpacked; a workbook above is refused before it is opened."""
MAX_ABOVE = 1_000
"""Rows, blank ones too, among which a sheet's header is looked for."""


def workbook_rows(content: IO[bytes], path: Path, given: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of the first sheet that holds comments, below its header (``find_header``),
    and before them a bad row for every other sheet that holds some.

    Hidden sheets are not looked at. Sheets are not read as one, since often one is an excerpt of
    another.

    Args:
        content: the workbook.
        path: its file, for messages.
        given: the user's own map, field → column.

    Raises:
        SettingError: when this is no workbook, or one that unpacks to too much.
    """
    try:
        _refuse_bomb(content, path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and other things that no row holds
            book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not shown:
            raise SettingError(f"{path}: no sheet of cells that can be seen")
        heads = [
            [_names(cells) for _, cells in islice(_filled(sheet, MAX_ABOVE), HEAD)]
            for sheet in shown
        ]
        best = best_table(heads, given)
        for sheet, head in zip(shown, heads, strict=True):
            if sheet is not shown[best] and has_header(head, given):
                yield unread_row(f"sheet {sheet.title}", sheet.title, shown[best].title)
        yield from _table(shown[best], given)
        book.close()
    except SettingError:
        raise
    except Exception as error:  # a foreign file can break its reader in many ways
        raise SettingError(f"{path}: cannot be read as a workbook: {error}") from error


def _table(sheet: Any, given: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows below a sheet's header. What a cell shows that is merged over several rows
    belongs to each of them but for an id, under which they would overwrite each other; a comment
    whose text is such a cell is read once, unless the rows have ids of their own."""
    rows = _filled(sheet)
    head = list(islice(rows, HEAD))
    header = find_header([_names(cells) for _, cells in head], given)
    text, id_ = (_column(field, header.names, given) for field in ("text", "id"))
    with sheet.parent._archive.open(sheet._worksheet_path) as xml:  # no public way leads there
        named = {place for place, name in enumerate(header.names) if name}
        merged = [cell for cell in merged_cells(xml) if cell.column in named]
    for number, cells, above in spread(chain(head[header.at + 1 :], rows), merged):
        place = f"row {number}"
        if id_ in above:
            cells[id_] = None
        raw = json.dumps(cells, ensure_ascii=False, default=str).encode(errors="replace")
        if text in above and not any(map(_is_filled, cells[id_ : id_ + 1])):
            reason = f"its text is one merged cell with row {above[text]}, which is read"
            yield Row(place, raw, error=InvalidRecord(reason, place))
        else:
            yield table_row(place, header.names, cells, raw)


def _column(field: str, names: Sequence[str], given: Mapping[str, str]) -> int:
    """Return the place of the column that a field is read from, -1 where there is none."""
    with suppress(SettingError):
        mapping = guess([name for name in names if name], given)
        return names.index(mapping[field]) if field in mapping else -1
    return -1


def _filled(sheet: Any, rows: int | None = None) -> Iterator[tuple[int, list[Any]]]:
    """Yield those of the first rows, or of all, that are not blank, with their numbers."""
    sheet.reset_dimensions()  # many exporters write a wrong size
    read = enumerate(islice(sheet.iter_rows(values_only=True), rows), start=1)
    filled = ((number, cells) for number, cells in read if any(map(_is_filled, cells)))
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if (row := next(filled, None)) is None:
                return
        yield row[0], [_as_typed(cell) for cell in row[1]]


def _is_filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _names(cells: Iterable[Any]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in cells]


def _as_typed(cell: Any) -> Any:
    """Return a cell as it was typed: Excel keeps a carriage return as ``_x000D_``. A number that is
    too long to be exact is a float."""
    if isinstance(cell, str):
        return unescape(cell)
    if isinstance(cell, int) and abs(cell) >= MAX_EXACT:
        return float(str(cell))  # also one that is too large for any float
    return cell


def _refuse_bomb(content: IO[bytes], path: Path) -> None:
    with zipfile.ZipFile(content) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    content.seek(0)
    if size > MAX_XLSX_BYTES:
        raise SettingError(f"{path}: unpacks to {size:,} bytes; save it as CSV and try again")
