"""A dashboard: panels laid out in rows on Kibana's grid, with controls above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexers.kibana import lens
from indexers.kibana.panels import Panel
from indexers.kibana.saved import (
    DASHBOARD,
    INDEX_PATTERN,
    LENS,
    VISUALIZATION,
    Reference,
    Saved,
    compact,
    search_source,
)
from indexers.kibana.views import View

COLUMNS = 48
"""Width of Kibana's grid."""


@dataclass(frozen=True)
class Words:
    """A panel of Markdown."""

    id: str
    markdown: str


@dataclass(frozen=True)
class FromLibrary:
    """A panel that shows an object of the library."""

    id: str
    title: str
    object: Saved


Tile = Panel | Words | FromLibrary


@dataclass(frozen=True)
class Row:
    """Tiles side by side: each with its width; together at most ``COLUMNS`` wide."""

    height: int
    tiles: tuple[tuple[int, Tile], ...]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard. ``controls`` are fields of the first view that readers filter by."""

    id: str
    title: str
    note: str
    view: View
    controls: tuple[str, ...]
    rows: tuple[Row, ...]
    since: str
    """Start of the time range that it opens with, in Kibana's date maths."""


def saved(dashboard: Dashboard) -> Saved:
    """Return the dashboard as a saved object."""
    panels: list[dict[str, Any]] = []
    references: list[Reference] = []
    y = 0
    for row in dashboard.rows:
        x = 0
        for width, tile in row.tiles:
            grid = {"x": x, "y": y, "w": width, "h": row.height, "i": tile.id}
            panels.append(_panel(tile) | {"gridData": grid, "panelIndex": tile.id})
            references += _references(tile)
            x += width
        y += row.height
    references += [
        Reference(f"controlGroup_{name}:optionsListDataView", INDEX_PATTERN, dashboard.view.id)
        for name in _control_ids(dashboard.controls)
    ]
    options = {
        "useMargins": True,
        "syncColors": False,
        "syncCursor": True,
        "syncTooltips": False,
        "hidePanelTitles": False,
    }
    attributes = {
        "title": dashboard.title,
        "description": dashboard.note,
        "timeRestore": True,
        "timeFrom": dashboard.since,
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 60_000},
        "optionsJSON": compact(options),
        "panelsJSON": compact(panels),
        "controlGroupInput": _controls(dashboard),
        "kibanaSavedObjectMeta": {"searchSourceJSON": search_source("")},
        "version": 1,
    }
    return Saved(DASHBOARD, dashboard.id, attributes, tuple(references))


def _panel(tile: Tile) -> dict[str, Any]:
    match tile:
        case Panel():
            config: dict[str, Any] = {"attributes": lens.by_value(tile), "enhancements": {}}
            return {"type": LENS, "title": tile.title, "embeddableConfig": config}
        case Words(markdown=markdown):
            vis = {
                "id": "",
                "title": "",
                "description": "",
                "type": "markdown",
                "params": {"fontSize": 12, "openLinksInNewTab": False, "markdown": markdown},
                "uiState": {},
                "data": {
                    "aggs": [],
                    "searchSource": {"query": {"query": "", "language": "kuery"}, "filter": []},
                },
            }
            config = {"savedVis": vis, "hidePanelTitles": True, "enhancements": {}}
            return {"type": VISUALIZATION, "embeddableConfig": config}
        case FromLibrary():
            return {
                "type": tile.object.type,
                "title": tile.title,
                "embeddableConfig": {"enhancements": {}},
                "panelRefName": f"panel_{tile.id}",
            }


def _references(tile: Tile) -> list[Reference]:
    """Return the tile's references; their names begin with the panel's index."""
    match tile:
        case Panel():
            view = lens.reference(tile)
            return [Reference(f"{tile.id}:{view.name}", view.type, view.id)]
        case FromLibrary():
            return [Reference(f"{tile.id}:panel_{tile.id}", tile.object.type, tile.object.id)]
        case Words():
            return []


def _control_ids(fields: Sequence[str]) -> list[str]:
    return [f"control-{field.replace('_', '-')}" for field in fields]


def _controls(dashboard: Dashboard) -> dict[str, Any]:
    """Return the controls: each narrows the choices of those to its right."""
    panels = {}
    for order, (name, field) in enumerate(
        zip(_control_ids(dashboard.controls), dashboard.controls, strict=True)
    ):
        panels[name] = {
            "order": order,
            "width": "medium",
            "grow": True,
            "type": "optionsListControl",
            "explicitInput": {
                "id": name,
                "fieldName": field,
                "title": dashboard.view[field].label,
                "selectedOptions": [],
                "enhancements": {},
            },
        }
    ignored = dict.fromkeys(
        ("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False
    )
    return {
        "controlStyle": "oneLine",
        "chainingSystem": "HIERARCHICAL",
        "showApplySelections": False,
        "ignoreParentSettingsJSON": compact(ignored),
        "panelsJSON": compact(panels),
    }
