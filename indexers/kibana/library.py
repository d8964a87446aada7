"""Tables of repeated values as Kibana's aggregation-based table, and saved searches."""

from __future__ import annotations

from typing import Any

from indexers.kibana.panels import Repeats, Search
from indexers.kibana.saved import (
    INDEX_PATTERN,
    SEARCH,
    VISUALIZATION,
    Reference,
    Saved,
    compact,
    search_source,
)

SOURCE_REF = "kibanaSavedObjectMeta.searchSourceJSON.index"


def saved_table(table: Repeats) -> Saved:
    """Return the table as a visualization of the library."""
    view = table.view
    params = {
        "perPage": 10,
        "showPartialRows": False,
        "showMetricsAtAllLevels": False,
        "showTotal": False,
        "showToolbar": False,
        "totalFunc": "sum",
        "percentageCol": "",
        "autoFitRowToContent": True,
    }
    terms = {
        "field": table.field,
        "orderBy": "1",
        "order": "desc",
        "size": table.size,
        "otherBucket": False,
        "missingBucket": False,
        "json": compact({"min_doc_count": table.least, "shard_size": table.depth}),
        "customLabel": view[table.field].label,
    }
    text = {
        "field": table.text,
        "aggregate": "concat",
        "size": 1,
        "sortField": view.time_field,
        "sortOrder": "desc",
        "customLabel": "最近一条",
    }
    aggs = [
        _agg("1", "count", "metric", {"customLabel": "意见数"}),
        _agg("2", "cardinality", "metric", {"field": table.author, "customLabel": "不同作者"}),
        _agg("3", "top_hits", "metric", text),
        _agg("4", "terms", "bucket", terms),
    ]
    attributes = {
        "title": table.title,
        "description": table.note,
        "visState": compact(
            {"title": table.title, "type": "table", "aggs": aggs, "params": params}
        ),
        "uiStateJSON": "{}",
        "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": search_source("", SOURCE_REF)},
    }
    reference = Reference(SOURCE_REF, INDEX_PATTERN, view.id)
    return Saved(VISUALIZATION, table.id, attributes, (reference,))


def _agg(number: str, kind: str, schema: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "enabled": True, "type": kind, "schema": schema, "params": params}


def saved_search(search: Search) -> Saved:
    """Return the search as Discover stores it."""
    attributes = {
        "title": search.title,
        "description": search.note,
        "columns": list(search.columns),
        "sort": [[search.view.time_field, "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": search_source(search.kql, SOURCE_REF)},
    }
    reference = Reference(SOURCE_REF, INDEX_PATTERN, search.view.id)
    return Saved(SEARCH, search.id, attributes, (reference,))
