"""The panels of the Kibana kit without a Kibana: their requests, the answers as rows, their fields.

The aggregations are the ones that Kibana sends for the stored state, under shorter names and
without what does not change the numbers (field formats, tie breakers of documents).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from indexers.kibana.check import Record, used_fields
from indexers.kibana.panels import (
    Bucket,
    ByTime,
    Count,
    Metric,
    Only,
    Panel,
    Repeats,
    Search,
    Share,
    Telling,
    Top,
    Unique,
)
from indexers.kibana.saved import INDEX_PATTERN

ZONE = "Asia/Shanghai"
"""Kibana takes the reader's time zone; Minyi's buckets are this one's."""
ACCURATE = 1000
"""Under Lens's accuracy mode each index tells of so many values at least: fewer, and a rare value
of many months would be counted short."""
NOT_IN_BUCKETS = "text"
"""The type that Elasticsearch cannot group by."""
Row = tuple[Any, ...]


def condition(only: Only) -> dict[str, Any]:
    """Return what Kibana makes of the condition's query text."""
    matches = [{"match": {only.field: value}} for value in only.values]
    return {"bool": {"should": matches, "minimum_should_match": 1}}


def _body(
    time_field: str, since: datetime, until: datetime, only: Iterable[Only] = ()
) -> dict[str, Any]:
    """Return a request for the documents of a time range, both ends inclusive as in Kibana."""
    times = {
        "gte": since.isoformat(),
        "lte": until.isoformat(),
        "format": "strict_date_optional_time",
    }
    conditions = [condition(one) for one in only]
    return {
        "track_total_hits": True,
        "query": {"bool": {"filter": [*conditions, {"range": {time_field: times}}]}},
    }


def panel_request(
    panel: Panel, since: datetime, until: datetime, only: Iterable[Only] = ()
) -> dict[str, Any]:
    """Return the search that a panel sends for a time range, under the dashboard's controls."""
    if panel.aside:
        only = ()
    aggs: dict[str, Any] = {}
    for number, metric in enumerate(panel.metrics):
        match metric:
            case Count(only=Only() as counted) | Share(only=counted):
                aggs[f"m{number}"] = {"filter": condition(counted)}
            case Unique(field=field):
                aggs[f"m{number}"] = {"cardinality": {"field": field}}
    for number, bucket in reversed(list(enumerate(panel.buckets))):
        inner = {"aggs": aggs} if aggs else {}
        aggs = {f"b{number}": _bucket(bucket, panel.view.time_field) | inner}
    body = _body(panel.view.time_field, since, until, only) | {"size": 0}
    return body | ({"aggs": aggs} if aggs else {})


def _bucket(bucket: Bucket, time_field: str) -> dict[str, Any]:
    match bucket:
        case ByTime(interval=interval):
            histogram = {
                "field": time_field,
                "calendar_interval": interval,
                "time_zone": ZONE,
                "min_doc_count": 1,
            }
            return {"date_histogram": histogram}
        case Top(field=field, size=size, by_value=by_value):
            order = {"_key": "asc"} if by_value else {"_count": "desc"}
            return {"terms": {"field": field, "order": order} | _sizes(size)}
        case Telling(field=field, size=size):
            return {"significant_terms": {"field": field} | _sizes(size)}


def _sizes(size: int) -> dict[str, int]:
    return {"size": size, "shard_size": max(ACCURATE, size * 3 // 2 + 10)}


def panel_rows(panel: Panel, answer: dict[str, Any]) -> list[Row]:
    """Return an answer as rows: the buckets' keys, then the metrics' values.

    Times are ISO 8601, a share is between 0 and 1, or None when it is of nothing.
    """
    whole = {"doc_count": answer["hits"]["total"]["value"]} | answer.get("aggregations", {})
    return list(_rows(panel, whole, 0))


def _rows(panel: Panel, bucket: dict[str, Any], depth: int) -> Iterator[Row]:
    if depth == len(panel.buckets):
        yield tuple(_value(m, bucket, f"m{n}") for n, m in enumerate(panel.metrics))
        return
    for inner in bucket[f"b{depth}"]["buckets"]:
        for row in _rows(panel, inner, depth + 1):
            yield (inner.get("key_as_string", inner["key"]), *row)


def _value(metric: Metric, bucket: dict[str, Any], name: str) -> Any:
    match metric:
        case Count(only=None):
            return bucket["doc_count"]
        case Count():
            return bucket[name]["doc_count"]
        case Unique():
            return bucket[name]["value"]
        case Share():
            total = bucket["doc_count"]
            return bucket[name]["doc_count"] / total if total else None


def repeats_request(
    table: Repeats, since: datetime, until: datetime, only: Iterable[Only] = ()
) -> dict[str, Any]:
    """Return the search that the table of repeated values sends."""
    terms: dict[str, Any] = {
        "field": table.field,
        "size": table.size,
        "order": {"_count": "desc"},
        "min_doc_count": table.least,
        "shard_size": table.depth,
    }
    newest = {
        "fields": [{"field": table.text}],
        "_source": False,
        "size": 1,
        "sort": [{table.view.time_field: {"order": "desc"}}],
    }
    inner = {"authors": {"cardinality": {"field": table.author}}, "text": {"top_hits": newest}}
    body = _body(table.view.time_field, since, until, only)
    return body | {"size": 0, "aggs": {"b0": {"terms": terms, "aggs": inner}}}


def repeats_rows(answer: dict[str, Any]) -> list[Row]:
    """Return rows of: value, opinions, authors, the newest text."""
    return [
        (
            bucket["key"],
            bucket["doc_count"],
            bucket["authors"]["value"],
            next(iter(bucket["text"]["hits"]["hits"][0]["fields"].values()))[0],
        )
        for bucket in answer["aggregations"]["b0"]["buckets"]
    ]


def search_request(search: Search, since: datetime, until: datetime, size: int) -> dict[str, Any]:
    """Return the search for the first documents of a saved search, newest first."""
    return _body(search.view.time_field, since, until, search.only) | {
        "size": size,
        "sort": [{search.view.time_field: {"order": "desc"}}],
        "fields": [{"field": name} for name in search.columns],
        "_source": False,
    }


def needs_script(panel: Panel) -> bool:
    """Return whether a panel needs a runtime field, and so Painless on the server."""
    read = {panel.view.time_field}
    for part in (*panel.buckets, *panel.metrics):
        match part:
            case Top(field=field) | Telling(field=field) | Unique(field=field):
                read.add(field)
            case Count(only=Only(field=field)) | Share(only=Only(field=field)):
                read.add(field)
    return any(panel.view[name].script for name in read)


def mapping_problems(
    records: Sequence[Record], types: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Return where the objects and the real indices disagree.

    Args:
        records: the saved objects.
        types: of each alias, each field and its type in Elasticsearch.
    """
    found: list[str] = []
    aliases = {}
    for record in records:
        if record["type"] != INDEX_PATTERN:
            continue
        attributes = record["attributes"]
        alias = aliases[record["id"]] = attributes["title"]
        runtime = json.loads(attributes["runtimeFieldMap"])
        real = types.get(alias, {})
        for name in json.loads(attributes["fieldAttrs"]):
            if name in runtime and name in real:
                found.append(f"{alias}: {name}: the runtime field hides a real one")
            elif name not in runtime and name not in real:
                found.append(f"{alias}: {name}: the index has no such field")
        if real.get(attributes["timeFieldName"]) != "date":
            found.append(f"{alias}: {attributes['timeFieldName']}: is no date")
    for record in records:
        for view, name, grouped in used_fields(record):
            kind = types.get(aliases.get(view, ""), {}).get(name)
            if grouped and kind == NOT_IN_BUCKETS:
                found.append(f"{record['id']}: {name}: text cannot be grouped by")
    return found
