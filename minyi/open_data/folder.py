"""A release as a folder of files: what ``minyi export`` writes and the API hands out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from minyi.open_data.catalog import File, catalog, data_package, file_name, to_json
from minyi.open_data.datasheet import datasheet, methods
from minyi.open_data.formats import Format, chunks
from minyi.open_data.release import Release, Table

CATALOG = "catalog.jsonld"


def write(
    release: Release,
    folder: Path,
    wanted: Sequence[Format],
    policy_id: str | None = None,
    bom: bool = True,
) -> dict[str, File]:
    """Write the tables and what explains them; files of these names are replaced, each whole.

    Args:
        release: what is published.
        folder: where to; made when it is missing.
        wanted: the formats.
        policy_id: one policy; None for all.
        bom: as in ``formats.chunks``.

    Returns:
        What was written, by name.

    Raises:
        OSError: when the folder cannot be written to.
        SettingError: when a format cannot be written here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for table in Table:
        for each in wanted:
            name = file_name(table, each)
            files[name] = _put(folder, name, chunks(release, table, each, policy_id, bom))
    tables = dict(files)
    for name, text in (
        ("datasheet.md", datasheet(release).encode()),
        ("methods.md", methods(release).encode()),
        ("datapackage.json", to_json(data_package(release, tables))),
        (CATALOG, to_json(_catalog(release, tables))),
    ):
        files[name] = _put(folder, name, [text])
    return files


def _catalog(release: Release, tables: dict[str, File]) -> dict[str, object]:
    """Return the catalog with addresses under the publisher's, or relative to the folder."""
    url = release.publisher.url
    if not url:
        return catalog(release, tables, CATALOG, "", "datasheet.md")
    return catalog(release, tables, f"{url}/v1/catalog", f"{url}/v1/export/", f"{url}/open")


def _put(folder: Path, name: str, parts: Iterable[bytes]) -> File:
    digest, size = hashlib.sha256(), 0
    draft = folder / f".{name}.partial"
    with draft.open("wb") as out:
        for part in parts:
            out.write(part)
            digest.update(part)
            size += len(part)
    draft.replace(folder / name)
    return File(name, size, digest.hexdigest())
