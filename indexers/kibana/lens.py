"""Panels as Lens states: the attributes that Kibana stores, by value in a dashboard or alone."""

from __future__ import annotations

from typing import Any

from indexers.kibana.panels import (
    Bucket,
    ByTime,
    Chart,
    Count,
    Metric,
    Only,
    Panel,
    Share,
    Telling,
    Top,
    Unique,
)
from indexers.kibana.saved import INDEX_PATTERN, LENS, Reference, Saved

LAYER = "layer"
RECORDS = "___records___"
"""Lens's name for the documents themselves, where a field would stand."""
_VISUALIZATION = {Chart.NUMBER: "lnsMetric", Chart.TABLE: "lnsDatatable"}
_SIDES = ("x", "yLeft", "yRight")
_LENS_TYPE = {"keyword": "string", "text": "string", "date": "date", "boolean": "boolean"}

Columns = dict[str, dict[str, Any]]


def reference(panel: Panel) -> Reference:
    """Return the reference of the panel's layer to its data view."""
    return Reference(f"indexpattern-datasource-layer-{LAYER}", INDEX_PATTERN, panel.view.id)


def saved(panel: Panel) -> Saved:
    """Return the panel as an object of the library."""
    attributes = {
        "title": panel.title,
        "description": panel.note,
        "visualizationType": _visualization_type(panel),
        "state": state(panel),
    }
    return Saved(LENS, panel.id, attributes, (reference(panel),))


def by_value(panel: Panel) -> dict[str, Any]:
    """Return the attributes that a dashboard holds itself."""
    view = reference(panel)
    return {
        "title": panel.title,
        "description": panel.note,
        "visualizationType": _visualization_type(panel),
        "type": LENS,
        "references": [{"id": view.id, "name": view.name, "type": view.type}],
        "state": state(panel),
    }


def state(panel: Panel) -> dict[str, Any]:
    """Return the state: the layer's columns and how they are drawn."""
    columns = _columns(panel)
    layer: dict[str, Any] = {"columnOrder": list(columns), "columns": columns}
    layer["incompleteColumns"] = {}
    if panel.aside:
        layer["ignoreGlobalFilters"] = True
    return {
        "visualization": _drawn(panel),
        "query": {"query": "", "language": "kuery"},
        "filters": [],
        "datasourceStates": {"formBased": {"layers": {LAYER: layer}}, "textBased": {"layers": {}}},
        "internalReferences": [],
        "adHocDataViews": {},
    }


def _visualization_type(panel: Panel) -> str:
    return _VISUALIZATION.get(panel.chart, "lnsXY")


def _columns(panel: Panel) -> Columns:
    """Return the columns by id, buckets first: ``b0``, ``b1``, ``m0``, ``m1`` and their parts."""
    columns: Columns = {}
    for number, bucket in enumerate(panel.buckets):
        columns[f"b{number}"] = _bucket(bucket, panel)
    for number, metric in enumerate(panel.metrics):
        columns |= _metric(metric, f"m{number}")
    return columns


def _column(label: str, data_type: str, operation: str, scale: str, **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "customLabel": True,
        "dataType": data_type,
        "operationType": operation,
        "isBucketed": scale != "ratio",
        "scale": scale,
    } | more


def _bucket(bucket: Bucket, panel: Panel) -> dict[str, Any]:
    if isinstance(bucket, ByTime):
        params: dict[str, Any] = {
            "interval": bucket.interval,
            "includeEmptyRows": False,
            "dropPartials": False,
        }
        time_field = panel.view.time_field
        return _column(
            bucket.label,
            "date",
            "date_histogram",
            "interval",
            sourceField=time_field,
            params=params,
        )
    params = {
        "size": bucket.size,
        "accuracyMode": True,
        "otherBucket": False,
        "missingBucket": False,
        "parentFormat": {"id": "terms"},
        "include": [],
        "exclude": [],
        "includeIsRegex": False,
        "excludeIsRegex": False,
    } | _order(bucket, panel)
    return _column(
        bucket.label,
        _LENS_TYPE.get(panel.view[bucket.field].type, "number"),
        "terms",
        "ordinal",
        sourceField=bucket.field,
        params=params,
    )


def _order(bucket: Top | Telling, panel: Panel) -> dict[str, Any]:
    """Return how values are ordered: by the column that counts all, or by a count of their own."""
    if isinstance(bucket, Telling):
        return {"orderBy": {"type": "significant"}, "orderDirection": "desc"}
    if bucket.by_value:
        return {"orderBy": {"type": "alphabetical", "fallback": False}, "orderDirection": "asc"}
    for number, metric in enumerate(panel.metrics):
        if isinstance(metric, Count) and metric.only is None:
            by_column = {"type": "column", "columnId": f"m{number}"}
            return {"orderBy": by_column, "orderDirection": "desc"}
    return {
        "orderBy": {"type": "custom"},
        "orderAgg": _count("count"),
        "orderDirection": "desc",
    }


def _count(label: str, only: Only | None = None) -> dict[str, Any]:
    column = _column(label, "number", "count", "ratio", sourceField=RECORDS)
    column["params"] = {"emptyAsNull": False}
    if only:
        column["filter"] = {"query": only.kql, "language": "kuery"}
    return column


def _metric(metric: Metric, name: str) -> Columns:
    match metric:
        case Count(label=label, only=only):
            return {name: _count(label, only)}
        case Unique(label=label, field=field):
            params = {"emptyAsNull": False}
            return {
                name: _column(
                    label, "number", "unique_count", "ratio", sourceField=field, params=params
                )
            }
        case Share(label=label, only=only):
            return _share(label, only, name)


def _share(label: str, only: Only, name: str) -> Columns:
    """Return a formula: Lens stores its text, and a column for each part of it."""
    escaped = only.kql.replace("\\", "\\\\").replace("'", "\\'")
    formula = f"count(kql='{escaped}') / count()"
    some, every, quotient = (f"{name}X{n}" for n in range(3))
    part = f"Part of {label}"
    tree = {
        "type": "function",
        "name": "divide",
        "args": [some, every],
        "location": {"min": 0, "max": len(formula)},
        "text": formula,
    }
    params = {
        "formula": formula,
        "isFormulaBroken": False,
        "format": {"id": "percent", "params": {"decimals": 1}},
    }
    return {
        some: _count(part, only),
        every: _count(part),
        quotient: _column(
            part,
            "number",
            "math",
            "ratio",
            references=[some, every],
            params={"tinymathAst": tree},
        ),
        name: _column(label, "number", "formula", "ratio", references=[quotient], params=params),
    }


def _drawn(panel: Panel) -> dict[str, Any]:
    buckets = [f"b{n}" for n in range(len(panel.buckets))]
    metrics = [f"m{n}" for n in range(len(panel.metrics))]
    layer: dict[str, Any] = {"layerId": LAYER, "layerType": "data"}
    if panel.chart is Chart.NUMBER:
        return layer | {"metricAccessor": metrics[0]}
    if panel.chart is Chart.TABLE:
        return layer | {"columns": [{"columnId": column} for column in (*buckets, *metrics)]}
    colors = [
        {"forAccessor": name, "color": metric.color, "axisMode": "left"}
        for name, metric in zip(metrics, panel.metrics, strict=True)
        if isinstance(metric, Count) and metric.color
    ]
    layer |= {
        "seriesType": panel.chart.value,
        "xAccessor": buckets[0],
        "accessors": metrics,
        "yConfig": colors,
    }
    return {
        "legend": {"isVisible": len(metrics) > 1, "position": "right"},
        "valueLabels": "hide" if len(metrics) > 1 else "show",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "tickLabelsVisibilitySettings": dict.fromkeys(_SIDES, True),
        "gridlinesVisibilitySettings": dict.fromkeys(_SIDES, True),
        "labelsOrientation": dict.fromkeys(_SIDES, 0),
        "preferredSeriesType": panel.chart.value,
        "layers": [layer],
    }
