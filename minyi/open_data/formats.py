"""The published tables as CSV, JSON and Parquet, in chunks of bounded size. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum
from importlib.util import find_spec
from typing import IO, Any

from minyi.batched import batched
from minyi.errors import SettingError
from minyi.open_data.release import Release, Table
from minyi.open_data.tables import FIELDS, Row, Value, rows

BOM = b"\xef\xbb\xbf"
"""Excel takes a CSV without it for the system's own encoding, and Chinese comes out as noise."""
AT_ONCE = 2_000
"""Rows of a chunk."""
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is a formula to a spreadsheet (OWASP, CSV injection)."""


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


MEDIA = {
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
    Format.PARQUET: "application/vnd.apache.parquet",
}


def has_parquet() -> bool:
    """Say whether Parquet can be written here."""
    return find_spec("pyarrow") is not None


def formats() -> tuple[Format, ...]:
    """Return the formats that can be written here."""
    return tuple(f for f in Format if f is not Format.PARQUET or has_parquet())


def require(wanted: Format) -> None:
    """Raise unless a format can be written.

    Raises:
        SettingError: with what to install.
    """
    if wanted not in formats():
        raise SettingError(
            "Parquet is written with pyarrow, which is not installed: scripts/setup parquet "
            "(or .venv/bin/pip install -c constraints.txt -e '.[parquet]'), then start again"
        )


def chunks(
    release: Release,
    table: Table,
    wanted: Format,
    policy_id: str | None = None,
    bom: bool = True,
) -> Iterator[bytes]:
    """Yield a table in a format.

    Args:
        release: what is published.
        table: which part of it.
        wanted: the format.
        policy_id: one policy; None for all.
        bom: whether a CSV begins with the mark that Excel knows UTF-8 by.

    Raises:
        SettingError: when it is Parquet and that cannot be written.
    """
    require(wanted)
    found = rows(release, table, policy_id)
    if wanted is Format.CSV:
        return _csv(table, found, bom)
    if wanted is Format.JSON:
        return _json(release, table, found)
    return _parquet(release, table, found)


def _csv(table: Table, found: Iterator[Row], bom: bool) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([field.name for field in FIELDS[table]])
    yield (BOM if bom else b"") + _taken(buffer)
    for block in batched(found, AT_ONCE):
        writer.writerows([safe(value) for value in row] for row in block)
        yield _taken(buffer)


def safe(value: Value) -> Value:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe makes it text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _json(release: Release, table: Table, found: Iterator[Row]) -> Iterator[bytes]:
    names = [field.name for field in FIELDS[table]]
    head = {"release": release.id, "table": table.value, "k": release.publisher.k}
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "rows": ['
    begin = "\n"
    for block in batched(found, AT_ONCE):
        lines = [json.dumps(dict(zip(names, r, strict=True)), ensure_ascii=False) for r in block]
        yield (begin + ",\n".join(lines)).encode()
        begin = ",\n"
    yield b"\n]}\n"


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken; what a writer needs that never looks back."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._held += data
        self._written += len(data)
        return len(data)

    def take(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def _parquet(release: Release, table: Table, found: Iterator[Row]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    schema = pa.schema(
        [
            pa.field(
                field.name,
                types[field.type],
                nullable=not field.required,
                metadata={"title": field.title, "description": field.description},
            )
            for field in FIELDS[table]
        ],
        metadata={"release": release.id, "licence": release.publisher.licence},
    )
    sink = _Sink()
    out: IO[bytes] = sink  # type: ignore[assignment]
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for block in batched(found, AT_ONCE * 10):
            columns = [
                pa.array(c, field.type)
                for c, field in zip(zip(*block, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            yield sink.take()
    yield sink.take()
