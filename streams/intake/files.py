"""Open a file of rows: JSON Lines, JSON, CSV, TSV, TXT, XLSX, XLSM, each also under gzip or xz.

Text is UTF-8 or UTF-16, with or without a byte-order mark, GB18030 or Big5.
"""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast

from minyi.errors import SettingError
from minyi.json_text import read_json
from streams.intake.csv_rows import csv_rows
from streams.intake.headers import HEAD, SEPARATOR, delimiter_of
from streams.intake.json_rows import BLANK, document_rows, line_rows
from streams.intake.kinds import detect_encoding, kind_of
from streams.intake.rows import Row
from streams.intake.workbook import MAX_XLSX_BYTES, workbook_rows

SAMPLE_BYTES = 1_000_000
MAX_LINE = 32_000_000
"""A longer line ends the reading: it is no file of comments, and memory is bounded."""
MAX_ARRAY_BYTES = 256_000_000
"""A JSON array above is refused: unlike lines it has to be read as a whole."""
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, UnicodeError)
"""What reading raises on a file that is cut off or damaged."""


@dataclass(frozen=True)
class Source:
    """A file that can be read, and how."""

    path: Path
    kind: str
    """One of ``KINDS``."""
    packing: str
    """``gz``, ``xz`` or empty."""
    encoding: str
    given: Mapping[str, str] = field(default_factory=dict)
    """The user's own map, field → column: a table's header is found by it, too."""

    @property
    def name(self) -> str:
        """The file's name without its endings: 热线2026.01 of ``热线2026.01.csv.gz``."""
        return Path(self.path.stem).stem if self.packing else self.path.stem

    def rows(self) -> Iterator[Row]:
        """Read the rows one by one, in bounded memory.

        Raises:
            SettingError: when the file as a whole cannot be read, or not to its end.
        """
        read = {"json": self._json, "jsonl": self._json_lines, "xlsx": self._xlsx}
        try:
            yield from read.get(self.kind, self._csv)()
        except BROKEN as error:
            raise SettingError(f"{self.path}: cannot be read to its end: {error}") from error

    def _json_lines(self) -> Iterator[Row]:
        yield from line_rows(self._lines(), self._raw, self.given)

    def _json(self) -> Iterator[Row]:
        """Read one array or object, or lines of objects."""
        if (begin := self._document()) is None:
            yield from self._json_lines()
            return
        with self._text() as text:
            content = text.read(MAX_ARRAY_BYTES)
        if len(content) == MAX_ARRAY_BYTES and begin == "[":
            raise SettingError(f"{self.path}: too large for one array; write one object a line")
        rows = document_rows(content, self.given)
        try:
            first = next(rows, None)
        except (ValueError, RecursionError) as error:
            if begin == "[":
                raise SettingError(f"{self.path}: not JSON: {error}") from error
            yield from self._json_lines()  # of which the first is broken
            return
        yield from chain(() if first is None else (first,), rows)

    def _document(self) -> str | None:
        """Return what the text begins with, a bracket or brace, where it is one document and not a
        line for each object."""
        with self._text() as text:
            lines = (line.lstrip(BLANK) for line in iter(partial(text.readline, MAX_LINE), ""))
            filled = filter(None, lines)
            first, more = next(filled, ""), next(filled, "")
        begin = first[:1]
        if begin == "{" and more:
            with suppress(ValueError, RecursionError):
                read_json(first)
                return None
        return begin if begin in ("[", "{") else None

    def _csv(self) -> Iterator[Row]:
        yield from csv_rows(self._lines(), self._delimiter(), self._raw, self.given)

    def _delimiter(self) -> str:
        if self.kind == "tsv":
            return "\t"
        head = list(islice((line for line in self._lines() if line.strip()), HEAD))
        if head and (told := SEPARATOR.fullmatch(head[0])):
            return told[1]
        return delimiter_of(head, self.given)

    def _xlsx(self) -> Iterator[Row]:
        with _unpacked(self.path, self.packing) as stream:
            content = io.BytesIO(stream.read(MAX_XLSX_BYTES)) if self.packing else stream
            yield from workbook_rows(content, self.path, self.given)

    def _text(self) -> io.TextIOWrapper:
        """Open the text; an undecodable byte becomes a lone surrogate: its row dies, not the
        file."""
        stream = _unpacked(self.path, self.packing)
        newline = "" if self.kind in ("csv", "tsv") else "\n"
        return io.TextIOWrapper(stream, self.encoding, errors=self._errors, newline=newline)

    @property
    def _errors(self) -> str:
        return "surrogatepass" if self.encoding.startswith("utf-16") else "surrogateescape"

    def _lines(self) -> Iterator[str]:
        with self._text() as text:
            while line := text.readline(MAX_LINE):
                if len(line) == MAX_LINE:
                    raise SettingError(
                        f"{self.path}: a line has over {MAX_LINE:,} characters; "
                        "is it a file of comments?"
                    )
                yield line

    def _raw(self, text: str) -> bytes:
        """Return the bytes that a text was decoded from; of UTF-16 its UTF-8."""
        encoding = "utf-8" if self.encoding.startswith("utf-") else self.encoding
        return text.encode(encoding, errors=self._errors)


def open_source(path: Path) -> Source:
    """Find out how a file is to be read, by its name and its first bytes.

    Raises:
        SettingError: when it is not there or of no known kind.
    """
    if not path.is_file():
        raise SettingError(f"{path}: {'a folder' if path.is_dir() else 'no such file'}")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = suffixes.pop()[1:] if suffixes and suffixes[-1] in (".gz", ".xz") else ""
    ending = suffixes[-1] if suffixes else ""
    try:
        with _unpacked(path, packing) as stream:
            sample = stream.read(SAMPLE_BYTES)
        kind = kind_of(ending, sample)
    except BROKEN as error:
        raise SettingError(f"{path}: cannot be read: {error}") from error
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error
    return Source(path, kind, packing, "" if kind == "xlsx" else detect_encoding(sample))


def _unpacked(path: Path, packing: str) -> IO[bytes]:
    if packing == "gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if packing == "xz":
        return lzma.open(path, "rb")
    return path.open("rb")
