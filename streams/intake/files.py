"""Open a file of rows: JSON Lines, JSON, CSV, TSV, XLSX, each also under gzip or xz.

Text is UTF-8 (with or without a byte-order mark), UTF-16 with one, or GB18030.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import openpyxl

from minyi.domain import MAX_RECORD_BYTES
from minyi.errors import InvalidRecord, SettingError

SAMPLE_BYTES = 1_000_000
MAX_LINE_BYTES = 32_000_000
"""A longer line ends the reading: it is no file of comments, and memory is bounded."""
MAX_XLSX_BYTES = 1_000_000_000
"""Unpacked; a workbook above is refused before it is opened."""
TEXT_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv"}


@dataclass(frozen=True)
class Row:
    """One row as read: a mapping of column to value, or the reason why there is none."""

    place: str
    """``line 12`` of the unpacked file."""
    raw: bytes
    values: dict[str, Any] | None = None
    error: InvalidRecord | None = None


@dataclass(frozen=True)
class Source:
    """A file that can be read, and how."""

    path: Path
    kind: str
    """``jsonl``, ``csv`` or ``xlsx``."""
    packing: str
    """``gz``, ``xz`` or empty."""
    encoding: str

    def rows(self) -> Iterator[Row]:
        """Read the rows one by one, in bounded memory.

        Raises:
            SettingError: when the file as a whole cannot be read.
        """
        try:
            yield from {"jsonl": self._json_lines, "csv": self._csv, "xlsx": self._xlsx}[
                self.kind
            ]()
        except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, KeyError) as error:
            raise SettingError(f"{self.path}: cannot be read to its end: {error}") from error

    def _json_lines(self) -> Iterator[Row]:
        with _unpacked(self.path, self.packing) as stream:
            for number, line in enumerate(_lines(stream, self.path), start=1):
                if line.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield self._json_row(f"line {number}", line.rstrip(b"\r\n"))

    def _json_row(self, place: str, line: bytes) -> Row:
        if len(line) > MAX_RECORD_BYTES:
            reason = f"the line has {len(line):,} bytes, more than {MAX_RECORD_BYTES:,}"
            return Row(place, line, error=InvalidRecord(reason, place))
        try:
            values = json.loads(line.decode(self.encoding))
        except (ValueError, RecursionError) as error:
            return Row(place, line, error=InvalidRecord(f"not JSON: {error}", place))
        if not isinstance(values, dict):
            return Row(place, line, error=InvalidRecord("not a JSON object", place))
        return Row(place, line, values=values)

    def _csv(self) -> Iterator[Row]:
        csv.field_size_limit(MAX_RECORD_BYTES)
        with _unpacked(self.path, self.packing) as stream:
            # an undecodable byte becomes a lone surrogate: its row dies, not the file
            text = io.TextIOWrapper(stream, self.encoding, errors="surrogateescape", newline="")
            consumed: list[str] = []
            reader = csv.reader(_recorded(text, consumed), delimiter=self._delimiter())
            header: list[str] | None = None
            while True:
                first = reader.line_num + 1
                place = f"line {first}"
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raw = "".join(consumed).encode(self.encoding, errors="surrogateescape")
                    consumed.clear()
                    yield Row(place, raw, error=InvalidRecord(f"not CSV: {error}", place))
                    continue
                consumed.clear()
                if header is None:
                    header = [name.strip().lstrip("\ufeff") for name in cells]
                elif any(cell.strip() for cell in cells):
                    yield _table_row(place, header, cells)

    def _delimiter(self) -> str:
        with _unpacked(self.path, self.packing) as stream:
            head = stream.readline(SAMPLE_BYTES).decode(self.encoding, errors="replace")
        return max(",\t;", key=head.count)

    def _xlsx(self) -> Iterator[Row]:
        with _unpacked(self.path, self.packing) as stream:
            content = io.BytesIO(stream.read(MAX_XLSX_BYTES)) if self.packing else stream
            _refuse_bomb(content, self.path)
            book = openpyxl.load_workbook(content, read_only=True, data_only=True)
            header: list[str] | None = None
            for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
                if header is None:
                    header = ["" if cell is None else str(cell).strip() for cell in cells]
                elif any(cell is not None for cell in cells):
                    yield _table_row(f"line {number}", header, list(cells))
            book.close()


def open_source(path: Path) -> Source:
    """Find out how a file is to be read, by its name and its first bytes.

    Raises:
        SettingError: when it is not there or of no known kind.
    """
    if not path.is_file():
        raise SettingError(f"{path}: no such file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = suffixes.pop()[1:] if suffixes and suffixes[-1] in (".gz", ".xz") else ""
    ending = suffixes[-1] if suffixes else ""
    if ending == ".xlsx":
        return Source(path, "xlsx", packing, "")
    kind = TEXT_KINDS.get(ending)
    if kind is None:
        known = ", ".join([*TEXT_KINDS, ".xlsx"])
        raise SettingError(f"{path}: unknown kind {ending!r}; known are {known}, also .gz and .xz")
    try:
        with _unpacked(path, packing) as stream:
            sample = stream.read(SAMPLE_BYTES)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise SettingError(f"{path}: cannot be unpacked: {error}") from error
    return Source(path, kind, packing, detect_encoding(sample))


def detect_encoding(sample: bytes) -> str:
    """Return the encoding of a text's first bytes: what they mark, else UTF-8 where that fits
    better than GB18030."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    errors = {
        name: sample.decode(name, errors="replace").count("\ufffd") for name in ("utf-8", "gb18030")
    }
    # the sample may end within a character, and a broken row must not turn the whole file
    return "gb18030" if errors["utf-8"] > 1 and errors["gb18030"] < errors["utf-8"] else "utf-8-sig"


def _unpacked(path: Path, packing: str) -> IO[bytes]:
    if packing == "gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if packing == "xz":
        return lzma.open(path, "rb")
    return path.open("rb")


def _lines(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES:
            raise SettingError(
                f"{path}: a line has over {MAX_LINE_BYTES:,} bytes; is it JSON Lines?"
            )
        yield line


def _recorded(lines: Iterable[str], consumed: list[str]) -> Iterator[str]:
    """Pass lines on, keeping those that belong to the row being read."""
    for line in lines:
        consumed.append(line)
        yield line


def _table_row(place: str, header: list[str], cells: list[Any]) -> Row:
    values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    raw = json.dumps(values, ensure_ascii=True, default=str).encode()
    if len(cells) > len(header) and any(cell not in (None, "") for cell in cells[len(header) :]):
        reason = f"{len(cells)} cells under {len(header)} columns"
        return Row(place, raw, error=InvalidRecord(reason, place))
    return Row(place, raw, values=values)


def _refuse_bomb(content: IO[bytes], path: Path) -> None:
    with zipfile.ZipFile(content) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    content.seek(0)
    if size > MAX_XLSX_BYTES:
        raise SettingError(f"{path}: unpacks to {size:,} bytes; save it as CSV and try again")
