"""Facts of opinions out of Elasticsearch: what ``indexers.tabulate`` counts, for one state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from threading import Lock
from typing import Any

import numpy as np

from indexers import facts
from indexers.documents import EVALUATED, read_output
from indexers.facts import NAMED
from indexers.mappings import Body
from indexers.queries import bucket, moment
from indexers.snapshot import Snapshot
from indexers.sums import Array
from minyi.domain import SHANGHAI
from minyi.query import Interval
from minyi.vocabulary import EVALUATIONS

PAGE = 10_000
"""Opinions of one request: the server's own bound."""
FACT = np.dtype(
    [(field, facts.FACT[field]) for field in ("day", "author", *NAMED, "marks", "output")]
)
"""The columns of a fact that cells are made of; the day is the first of its month."""
FIELDS = ("policy_id", "domain", "source", "region", "channel", "age")
BIT = {name: 1 << EVALUATIONS.index(cell) for name, cell in EVALUATED.items()}


class Codes:
    """Numbers for names, 0 for a lacking one; every name that opinions have is kept. Threads may
    share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._codes: dict[str | None, int] = {None: 0}
        self.names: dict[int, str | None] = {0: None}

    def __getitem__(self, name: str | None) -> int:
        found = self._codes.get(name)
        if found is not None:
            return found
        with self._lock:
            found = self._codes.get(name, len(self._codes))
            self.names[found] = name  # first: who sees a code may look up its name
            self._codes[name] = found
        return found


def fetch(state: Snapshot, clauses: Sequence[Body], codes: Codes) -> dict[date, Array]:
    """Return the facts of the opinions that match, as ``FACT``, by month."""
    found: defaultdict[date, list[Array]] = defaultdict(list)
    for hits in state.pages(
        PAGE,
        query={"bool": {"filter": list(clauses)}},
        source=False,
        stored_fields="_none_",
        docvalue_fields=[*FIELDS, "voter", "output", "cells", "created"],
        filter_path=["pit_id", "hits.hits.fields", "hits.hits.sort"],
    ):
        page: defaultdict[date, list[tuple[int, ...]]] = defaultdict(list)
        for hit in hits:
            fields = hit["fields"]
            month = _month(fields["created"][0])
            page[month].append((month.toordinal(), *_fact(fields, codes)))
        for month, rows in page.items():
            found[month].append(np.array(rows, FACT))
    return {month: np.concatenate(parts) for month, parts in found.items()}


def _fact(fields: Mapping[str, Any], codes: Codes) -> tuple[int, ...]:
    model_id, output = read_output(fields["output"][0])
    return (
        fields["voter"][0] % (1 << 64),
        *(codes[fields[field][0] if field in fields else None] for field in FIELDS),
        codes[model_id],
        sum(BIT[cell] for cell in fields.get("cells", ())),
        output,
    )


def _month(created: int) -> date:
    day = moment(created).astimezone(SHANGHAI).date()
    return bucket(day.toordinal(), Interval.MONTH)
