"""One saved object as Kibana exports and imports it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

INDEX_PATTERN, SEARCH, LENS = "index-pattern", "search", "lens"
VISUALIZATION, DASHBOARD = "visualization", "dashboard"
CORE_VERSION = "8.8.0"
VERSIONS = {
    INDEX_PATTERN: "8.0.0",
    SEARCH: "10.5.0",
    LENS: "8.9.0",
    VISUALIZATION: "8.5.0",
    DASHBOARD: "10.2.0",
}
"""The format that each type is written in. Kibana 8.19 reads these and migrates what it has newer
versions of; it refuses what is newer than itself, so they are the oldest that hold all we write."""


@dataclass(frozen=True)
class Reference:
    """A place in an object that names another object: ``name`` stands in the attributes."""

    name: str
    type: str
    id: str


@dataclass(frozen=True)
class Saved:
    """A saved object."""

    type: str
    id: str
    attributes: dict[str, Any]
    references: tuple[Reference, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return the object as a line of Kibana's export holds it."""
        return {
            "attributes": self.attributes,
            "coreMigrationVersion": CORE_VERSION,
            "id": self.id,
            "managed": False,
            "references": [{"id": r.id, "name": r.name, "type": r.type} for r in self.references],
            "type": self.type,
            "typeMigrationVersion": VERSIONS[self.type],
        }


def dumps(records: Iterable[dict[str, Any]]) -> str:
    """Return records as NDJSON: equal records give equal text."""
    return "".join(f"{compact(record)}\n" for record in records)


def compact(value: Any) -> str:
    """Return JSON text: no white space, keys as given, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def search_source(kql: str, index_ref: str = "") -> str:
    """Return the text of ``searchSourceJSON`` with a query and, when given, the data view."""
    source: dict[str, Any] = {"query": {"query": kql, "language": "kuery"}, "filter": []}
    if index_ref:
        source["indexRefName"] = index_ref
    return compact(source)
