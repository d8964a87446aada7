"""All saved objects of the kit, from the policies of a registry."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indexers.kibana import dashboard, lens, library
from indexers.kibana.content import Content, content
from indexers.kibana.saved import Saved, dumps
from minyi.policy import Policy

COMMITTED = Path(__file__).with_name("saved_objects.ndjson")
"""The kit for the registry that comes with Minyi."""


def saved_objects(described: Content) -> list[Saved]:
    """Return the objects, each after those that it refers to."""
    return [
        *(view.saved() for view in described.views),
        *(library.saved_search(search) for search in described.searches),
        *(library.saved_table(table) for table in described.tables),
        *(lens.saved(panel) for panel in described.apart),
        dashboard.saved(described.dashboard),
    ]


def export(policies: Iterable[Policy]) -> str:
    """Return the kit as the NDJSON that Kibana imports; equal policies give equal text."""
    return dumps(one.record() for one in saved_objects(content(policies)))
