"""What a panel shows, said once: buckets, metrics, conditions. No word of Kibana's formats here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from indexers.kibana.views import View


@dataclass(frozen=True)
class Only:
    """A condition: a field has one of some values."""

    field: str
    values: tuple[str | bool, ...]

    @property
    def kql(self) -> str:
        """The condition in Kibana's query language."""
        said = [_literal(value) for value in self.values]
        return f"{self.field}: " + (said[0] if len(said) == 1 else f"({' or '.join(said)})")


def _literal(value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class Count:
    """Opinions (or dead letters), all or those under a condition."""

    label: str
    only: Only | None = None
    color: str | None = None


@dataclass(frozen=True)
class Unique:
    """Different values of a field; Elasticsearch estimates above 3,000."""

    label: str
    field: str


@dataclass(frozen=True)
class Share:
    """The share of the bucket's opinions that meet a condition; a condition on all of them."""

    label: str
    only: Only


@dataclass(frozen=True)
class ByTime:
    """A bucket for each calendar interval (``1d``, ``1w``, ``1M``) of the view's time field."""

    label: str
    interval: str


@dataclass(frozen=True)
class Top:
    """A bucket for each of the most frequent values; ``by_value`` orders by value instead."""

    label: str
    field: str
    size: int
    by_value: bool = False


@dataclass(frozen=True)
class Telling:
    """A bucket for each value that is more frequent here than in the whole index."""

    label: str
    field: str
    size: int


Metric = Count | Unique | Share
Bucket = ByTime | Top | Telling


class Chart(StrEnum):
    """The form of a panel. The values of charts with axes are Kibana's own names for them."""

    NUMBER = "number"
    TABLE = "table"
    LINES = "line"
    STACKED = "bar_stacked"
    SHARES = "bar_percentage_stacked"
    ROWS = "bar_horizontal"
    STACKED_ROWS = "bar_horizontal_stacked"


@dataclass(frozen=True)
class Panel:
    """One chart, number or table.

    Buckets nest: the second divides each of the first. A chart with axes has exactly one; its
    series are the metrics. ``aside`` leaves the dashboard's filters out, for what they cannot
    filter.
    """

    id: str
    title: str
    view: View
    chart: Chart
    buckets: tuple[Bucket, ...]
    metrics: tuple[Metric, ...]
    note: str = ""
    aside: bool = False


@dataclass(frozen=True)
class Repeats:
    """A table of values that stand in several opinions: how many, of how many authors, one text.

    Lens has no least count, so Kibana stores this one as an aggregation-based table. ``depth`` is
    how many values each month's index tells of: those that it holds once only count where the
    month has no more different ones.
    """

    id: str
    title: str
    view: View
    field: str
    author: str
    text: str
    least: int
    size: int
    depth: int
    note: str = ""


@dataclass(frozen=True)
class Search:
    """A saved search: which documents, in which order, which columns."""

    id: str
    title: str
    view: View
    columns: tuple[str, ...]
    only: tuple[Only, ...] = ()
    note: str = ""

    @property
    def kql(self) -> str:
        """All conditions in Kibana's query language; empty when there are none."""
        return " and ".join(condition.kql for condition in self.only)
