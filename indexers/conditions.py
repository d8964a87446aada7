"""Filters as clauses of Elasticsearch's queries."""

from __future__ import annotations

from datetime import datetime

from indexers.documents import cell
from indexers.mappings import Body
from indexers.queries import EXACT, microseconds, wanted_evaluations
from minyi.query import Filters


def where(filters: Filters) -> list[Body]:
    """Return the clauses that an opinion must match."""
    clauses: list[Body] = [
        {"term": {field: str(value)}}
        for field in EXACT
        if (value := getattr(filters, field)) is not None
    ]
    clauses += [
        {"bool": {"must_not": {"exists": {"field": facet.value}}}} for facet in filters.lacking
    ]
    if (wanted := wanted_evaluations(filters)) is not None:
        clauses.append({"terms": {"cells": [cell(*each) for each in wanted]}})
    if filters.sure is not None:
        clauses.append({"term": {"sure": filters.sure}})
    if filters.since is not None:
        clauses.append(bound("gte", filters.since))
    if filters.until is not None:
        clauses.append(bound("lt", filters.until))
    return clauses


def bound(sign: str, at: datetime) -> Body:
    """Return a bound on the time. Elasticsearch drops one on a date from a month that lies within
    and answers it from its cache, so dates are asked wherever their milliseconds say enough."""
    exact = microseconds(at)
    if exact % 1000:
        return {"range": {"created": {sign: exact}}}
    return {"range": {"created_at": {sign: exact // 1000, "format": "epoch_millis"}}}
