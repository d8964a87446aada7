"""Rows of an Excel workbook: its first sheet, below the header."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import openpyxl
from openpyxl.utils.escape import unescape

from minyi.errors import SettingError
from streams.intake.cells import MAX_EXACT
from streams.intake.headers import HEAD, header_at, header_row
from streams.intake.rows import Row, table_row

MAX_XLSX_BYTES = 1_000_000_000
"""Unpacked; a workbook above is refused before it is opened."""


def workbook_rows(content: IO[bytes], path: Path, given: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows below the header; see ``header_at``.

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
            sheet = book.worksheets[0]
        sheet.reset_dimensions()  # many exporters write a wrong size
        rows = _filled(sheet)
        head = list(islice(rows, HEAD))
        at = header_at([_names(cells) for _, cells in head], given)
        header: list[str] = []
        for position, (number, cells) in enumerate(chain(head, rows)):
            if position == at:
                header = header_row(_names(cells))
            elif position > at:
                raw = json.dumps(cells, ensure_ascii=False, default=str).encode(errors="replace")
                yield table_row(f"row {number}", header, cells, raw)
        book.close()
    except SettingError:
        raise
    except Exception as error:  # a foreign file can break its reader in many ways
        raise SettingError(f"{path}: cannot be read as a workbook: {error}") from error


def _filled(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows that are not blank, with their numbers."""
    for number, read in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [_as_typed(cell) for cell in read]
        if any(cell is not None and str(cell).strip() != "" for cell in cells):
            yield number, cells


def _names(cells: Sequence[Any]) -> list[str]:
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
