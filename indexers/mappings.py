"""What Elasticsearch is told of an opinion: the fields, and the templates that carry them."""

from __future__ import annotations

from typing import Any

VERSION = 2
"""Raise it when the fields, ``minyi.text.normalise``, ``minyi.outputs`` or the ideographs change:
an index of another version is refused until ``minyi index migrate`` has written it anew."""

Body = dict[str, Any]
"""A JSON object of Elasticsearch's API."""


def _text() -> Body:
    return {"type": "text", "analyzer": "standard"}


def _group(**fields: Body) -> Body:
    return {"type": "object", "dynamic": "strict", "properties": fields}


_KEYWORD: Body = {"type": "keyword"}
_DATE: Body = {"type": "date", "format": "strict_date_optional_time"}
_DOUBLE: Body = {"type": "double"}
_LONG: Body = {"type": "long"}

RECORD: dict[str, Body] = {
    "id": _KEYWORD,
    "comment_id": _KEYWORD,
    "policy_id": _KEYWORD,
    "domain": _KEYWORD,
    "source": _KEYWORD,
    "created_at": _DATE,
    "text": _text(),
    "title": _text(),
    "url": {"type": "keyword", "index": False, "doc_values": False},
    "author": _KEYWORD,
    "region": _KEYWORD,
    "channel": _KEYWORD,
    "age": _KEYWORD,
    "likes": _LONG,
    "dislikes": _LONG,
    "reply": _group(text=_text(), at=_DATE, department=_KEYWORD),
    "link": _group(policy_id=_KEYWORD, by=_KEYWORD, evidence=_KEYWORD, similarity=_DOUBLE),
    "stance": _KEYWORD,
    "probabilities": _group(favor=_DOUBLE, against=_DOUBLE, none=_DOUBLE),
    "sure": {"type": "boolean"},
    "evaluations": _group(aspect=_KEYWORD, polarity=_KEYWORD, probability=_DOUBLE),
    "span": {"type": "integer"},
    "duplicate_key": _KEYWORD,
    "model_id": _KEYWORD,
}
"""The fields of an opinion's JSON."""

COMPUTED: dict[str, Body] = {
    "created": _LONG,  # created_at in microseconds: a date here keeps milliseconds only
    "cells": _KEYWORD,
    "output": _KEYWORD,
    "voter": _LONG,
    "saying": _LONG,
    "answered": {"type": "boolean"},
    "delay": {"type": "integer"},
    "split_week": {"type": "boolean"},
    "searchable": {"type": "text", "analyzer": "standard", "norms": False},
    "words": _KEYWORD,
}
"""What is computed from an opinion when it is written, so that queries need no scripts."""

MAPPINGS: Body = {
    "dynamic": "strict",
    "_meta": {"minyi": VERSION},
    "_source": {"excludes": ["searchable"]},
    "properties": RECORD | COMPUTED,
}
SETTINGS: Body = {
    "number_of_shards": 1,  # what recurs in a month is looked for in its one shard
    "auto_expand_replicas": "0-1",
    # Named, so that an index that nobody searches is refreshed too.
    "refresh_interval": "1s",
    "translog.durability": "request",
}
