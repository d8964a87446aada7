"""What Kibana would refuse or show empty, found without a Kibana.

Works on the records as they stand in the NDJSON, not on what they were made from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from indexers.kibana.dashboard import COLUMNS
from indexers.kibana.lens import RECORDS
from indexers.kibana.saved import (
    CORE_VERSION,
    DASHBOARD,
    INDEX_PATTERN,
    LENS,
    SEARCH,
    VERSIONS,
    VISUALIZATION,
)

Record = Mapping[str, Any]
ATTRIBUTES = {
    INDEX_PATTERN: "title name timeFieldName fields fieldAttrs fieldFormatMap runtimeFieldMap"
    " sourceFilters typeMeta",
    SEARCH: "title description columns sort grid hideChart isTextBasedQuery usesAdHocDataView"
    " timeRestore timeRange refreshInterval rowHeight rowsPerPage sampleSize headerRowHeight"
    " viewMode density breakdownField hideAggregatedPreview kibanaSavedObjectMeta version",
    LENS: "title description visualizationType state",
    VISUALIZATION: "title description visState uiStateJSON version kibanaSavedObjectMeta",
    DASHBOARD: "title description timeRestore timeFrom timeTo refreshInterval optionsJSON"
    " panelsJSON controlGroupInput kibanaSavedObjectMeta version",
}
"""The attributes that Kibana knows; it refuses searches and dashboards with others."""
JSON_TEXTS = {
    INDEX_PATTERN: "fields fieldAttrs fieldFormatMap runtimeFieldMap sourceFilters typeMeta",
    VISUALIZATION: "visState uiStateJSON",
    DASHBOARD: "optionsJSON panelsJSON",
}
_FIELD_IN_KQL = re.compile(r'(?:^|[\s(])([\w.]+)\s*:(?=(?:[^"]*"[^"]*")*[^"]*$)')


def problems(records: Sequence[Record]) -> list[str]:
    """Return what is wrong, one line a problem; empty when all is well."""
    found: list[str] = []
    known = [(record.get("type"), record.get("id")) for record in records]
    found += [f"{t} {i}: stands twice" for t, i in set(known) if known.count((t, i)) > 1]
    views = {r["id"]: _view_fields(r) for r in records if r.get("type") == INDEX_PATTERN}
    for record in records:
        place = f"{record.get('type')} {record.get('id')}"
        lines = _format(record)
        if not lines:
            lines = [*_references(record, set(known)), *_uses(record, views)]
            if record["type"] == DASHBOARD:
                lines += _grid(json.loads(record["attributes"]["panelsJSON"]))
        found += [f"{place}: {line}" for line in lines]
    return found


def _view_fields(record: Record) -> set[str]:
    try:
        return set(json.loads(record["attributes"]["fieldAttrs"]))
    except (KeyError, ValueError):
        return set()


def _format(record: Record) -> list[str]:
    """Check one object's type, versions, attributes and texts of JSON."""
    kind = record.get("type")
    if kind not in VERSIONS:
        return [f"unknown type; known are {', '.join(VERSIONS)}"]
    found = []
    if record.get("coreMigrationVersion") != CORE_VERSION:
        found.append(f"coreMigrationVersion must be {CORE_VERSION}")
    if record.get("typeMigrationVersion") != VERSIONS[kind]:
        found.append(f"typeMigrationVersion must be {VERSIONS[kind]}")
    attributes = record.get("attributes", {})
    if not attributes.get("title"):
        found.append("has no title")
    unknown = set(attributes) - set(ATTRIBUTES[kind].split())
    found += [f"{name}: unknown attribute" for name in sorted(unknown)]
    for name, text in _texts(kind, attributes):
        try:
            json.loads(text)
        except (TypeError, ValueError):
            found.append(f"{name}: is not JSON text")
    return found


def _texts(kind: str, attributes: Record) -> Iterator[tuple[str, Any]]:
    for name in JSON_TEXTS.get(kind, "").split():
        yield name, attributes.get(name)
    if "kibanaSavedObjectMeta" in attributes:
        yield "searchSourceJSON", attributes["kibanaSavedObjectMeta"].get("searchSourceJSON")
    for name in ("panelsJSON", "ignoreParentSettingsJSON"):
        if "controlGroupInput" in attributes:
            yield f"controlGroupInput.{name}", attributes["controlGroupInput"].get(name)


def _references(record: Record, known: set[tuple[Any, Any]]) -> list[str]:
    """Check that references name objects of the kit, and that each name is used and given."""
    given = [reference["name"] for reference in record["references"]]
    found = [f"{name}: reference stands twice" for name in set(given) if given.count(name) > 1]
    for reference in record["references"]:
        if (reference["type"], reference["id"]) not in known:
            found.append(f"{reference['name']}: no {reference['type']} {reference['id']}")
    wanted = set(_wanted(record))
    found += [f"{name}: no such reference" for name in sorted(wanted - set(given))]
    found += [f"{name}: reference that nothing uses" for name in sorted(set(given) - wanted)]
    return found


def _wanted(record: Record) -> Iterator[str]:
    """Return the names of the references that an object's attributes need."""
    attributes = record["attributes"]
    if record["type"] == LENS:
        yield from _layer_names(attributes)
    meta = attributes.get("kibanaSavedObjectMeta")
    if meta and "indexRefName" in (source := json.loads(meta["searchSourceJSON"])):
        yield source["indexRefName"]
    if record["type"] != DASHBOARD:
        return
    for panel in json.loads(attributes["panelsJSON"]):
        index, config = panel["panelIndex"], panel["embeddableConfig"]
        if "panelRefName" in panel:
            yield f"{index}:{panel['panelRefName']}"
        if "attributes" in config:
            yield from (f"{index}:{name}" for name in _layer_names(config["attributes"]))
    for name in json.loads(attributes["controlGroupInput"]["panelsJSON"]):
        yield f"controlGroup_{name}:optionsListDataView"


def _layers(lens: Record) -> dict[str, Any]:
    layers: dict[str, Any] = lens["state"]["datasourceStates"]["formBased"]["layers"]
    return layers


def _layer_names(lens: Record) -> list[str]:
    return [f"indexpattern-datasource-layer-{name}" for name in _layers(lens)]


def _uses(record: Record, views: Mapping[str, set[str]]) -> list[str]:
    """Check that each field stands in its data view, and each column in its layer."""
    found = [
        f"{name}: no such field in {view}"
        for view, name, _ in used_fields(record)
        if name not in views.get(view, ())
    ]
    for lens in _lenses(record):
        found += [f"{line}: no such column" for line in _lost_columns(lens)]
    return found


def _lenses(record: Record) -> Iterator[Record]:
    if record["type"] == LENS:
        yield record["attributes"]
    if record["type"] == DASHBOARD:
        for panel in json.loads(record["attributes"]["panelsJSON"]):
            if "attributes" in panel["embeddableConfig"]:
                yield panel["embeddableConfig"]["attributes"]


def _lost_columns(lens: Record) -> Iterator[str]:
    """Return the columns that are drawn, ordered by or computed from, but not there."""
    for name, layer in _layers(lens).items():
        there = set(layer["columns"])
        wanted = set(layer["columnOrder"]) | set(_drawn(lens["state"]["visualization"], name))
        for column in layer["columns"].values():
            wanted |= set(column.get("references", ()))
            order = column.get("params", {}).get("orderBy", {})
            wanted |= {order["columnId"]} if "columnId" in order else set()
        yield from sorted(wanted - there)
        yield from sorted(there - set(layer["columnOrder"]))


def _drawn(visualization: Record, layer: str) -> Iterator[str]:
    for drawn in (visualization, *visualization.get("layers", ())):
        if drawn.get("layerId") == layer:
            yield from drawn.get("accessors", ())
            yield from (column["columnId"] for column in drawn.get("columns", ()))
            yield from (drawn[n] for n in ("xAccessor", "metricAccessor") if n in drawn)


def used_fields(record: Record) -> Iterator[tuple[str, str, bool]]:
    """Return each use of a field: the data view's id, the field, whether it is grouped by."""
    attributes = record["attributes"]
    views = {reference["name"]: reference["id"] for reference in record["references"]}
    kind = record["type"]
    if kind == INDEX_PATTERN:
        for name in (*json.loads(attributes["fieldFormatMap"]), attributes["timeFieldName"]):
            yield record["id"], name, False
    if kind == LENS:
        yield from _lens_fields(attributes, views, "")
    if kind in (SEARCH, VISUALIZATION):
        source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
        view = views.get(source.get("indexRefName"), "")
        yield from ((view, name, False) for name in _kql_fields(source["query"]["query"]))
        yield from ((view, name, False) for name in attributes.get("columns", ()))
        yield from ((view, name, True) for name, _ in attributes.get("sort", ()))
        for agg in json.loads(attributes.get("visState", "{}")).get("aggs", ()):
            params = agg["params"]
            yield from (
                (view, params[n], n == "sortField" or agg["type"] != "top_hits")
                for n in ("field", "sortField")
                if n in params
            )
    if kind == DASHBOARD:
        for panel in json.loads(attributes["panelsJSON"]):
            if "attributes" in panel["embeddableConfig"]:
                lens = panel["embeddableConfig"]["attributes"]
                yield from _lens_fields(lens, views, f"{panel['panelIndex']}:")
        for name, control in json.loads(attributes["controlGroupInput"]["panelsJSON"]).items():
            view = views.get(f"controlGroup_{name}:optionsListDataView", "")
            yield view, control["explicitInput"]["fieldName"], True


def _lens_fields(
    lens: Record, views: Mapping[str, str], prefix: str
) -> Iterator[tuple[str, str, bool]]:
    for layer_name, layer in _layers(lens).items():
        view = views.get(f"{prefix}indexpattern-datasource-layer-{layer_name}", "")
        for column in layer["columns"].values():
            if column.get("sourceField", RECORDS) != RECORDS:
                yield view, column["sourceField"], True
            kql = column.get("filter", {}).get("query", "")
            yield from ((view, name, False) for name in _kql_fields(kql))


def _kql_fields(kql: str) -> list[str]:
    return _FIELD_IN_KQL.findall(kql)


def _grid(panels: Iterable[Record]) -> list[str]:
    """Check that panels lie on the grid, side by side and not over each other."""
    grids = []
    found = []
    for panel in panels:
        grid = panel["gridData"]
        if grid["i"] != panel["panelIndex"]:
            found.append(f"{panel['panelIndex']}: another name on the grid")
        if min(grid["x"], grid["y"]) < 0 or min(grid["w"], grid["h"]) < 1:
            found.append(f"{grid['i']}: no place on the grid")
        if grid["x"] + grid["w"] > COLUMNS:
            found.append(f"{grid['i']}: wider than the grid")
        grids.append(grid)
    for a, b in combinations(grids, 2):
        if a["i"] == b["i"]:
            found.append(f"{a['i']}: stands twice")
        elif all(
            a[start] < b[start] + b[size] and b[start] < a[start] + a[size]
            for start, size in (("x", "w"), ("y", "h"))
        ):
            found.append(f"{a['i']} and {b['i']}: lie over each other")
    return found
