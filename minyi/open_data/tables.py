"""The columns of the published tables, and their rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from minyi.open_data.release import FACETS, Part, Published, Release, Table
from minyi.prevalence import wilson
from minyi.query import Share
from minyi.vocabulary import (
    ASPECT_ZH,
    EVALUATIONS,
    POLARITY_ZH,
    STANCE_ZH,
    Aspect,
    Domain,
    Evaluated,
    Stance,
)

Value = str | int | float | None
Row = tuple[Value, ...]
MEASURES = (*Stance, *EVALUATIONS)


@dataclass(frozen=True)
class Field:
    """A column."""

    name: str
    type: Literal["string", "integer", "number"]
    title: str
    """In Chinese."""
    description: str
    required: bool = True
    enum: tuple[str, ...] = ()


_POLICY = (
    Field("policy_id", "string", "政策编号", "id of the policy in the registry"),
    Field("policy", "string", "政策", "its title"),
)
_SAMPLING = "of the 95 % interval of share, sampling only"
_BOTH = "of the 95 % interval of adjusted, sampling and tagger"
_FIGURES = (
    Field(
        "measure",
        "string",
        "指标",
        "a stance, or an aspect of how the policy is carried out with praise or criticism of it",
        enum=tuple(str(m) if isinstance(m, Stance) else f"{m[0]}_{m[1]}" for m in MEASURES),
    ),
    Field("measure_zh", "string", "指标（中文）", "the measure in Chinese"),
    Field("count", "integer", "条数", "opinions that the tagger found to hold it"),
    Field("n", "integer", "分母", "all opinions of the month, group or policy: the denominator"),
    Field("share", "number", "占比", "count over n"),
    Field("low", "number", "占比下限", _SAMPLING),
    Field("high", "number", "占比上限", _SAMPLING),
    Field(
        "adjusted",
        "number",
        "校正占比",
        "the share once the tagger's known errors are taken out; empty where these are not known",
        required=False,
    ),
    Field("adjusted_low", "number", "校正占比下限", _BOTH, required=False),
    Field("adjusted_high", "number", "校正占比上限", _BOTH, required=False),
)
_PARTS = {
    Part.VALUE: "one value",
    Part.LACKING: "all that lack the facet",
    Part.REST: "all that are not listed, together: each is hidden because too few people said it",
}


def _part(*parts: Part) -> Field:
    said = "; ".join(f"{part}: {_PARTS[part]}" for part in parts)
    return Field("part", "string", "行的含义", said, enum=tuple(parts))


FIELDS: dict[Table, tuple[Field, ...]] = {
    Table.POLICIES: (
        *_POLICY,
        Field("domain", "string", "领域", "its field", enum=tuple(Domain)),
        Field("department", "string", "部门", "who is in charge"),
        *_FIGURES,
    ),
    Table.MONTHS: (
        *_POLICY,
        _part(Part.VALUE, Part.REST),
        Field("month", "string", "月份", "as 2026-03, in Asia/Shanghai; empty for the rest", False),
        *_FIGURES,
    ),
    Table.GROUPS: (
        *_POLICY,
        Field("facet", "string", "分组方式", "what groups are told apart by", enum=FACETS),
        _part(Part.VALUE, Part.LACKING, Part.REST),
        Field("value", "string", "组", "the facet's value; empty for lacking and rest", False),
        *_FIGURES,
    ),
}
KEYS: dict[Table, tuple[str, ...]] = {
    Table.POLICIES: ("policy_id", "measure"),
    Table.MONTHS: ("policy_id", "part", "month", "measure"),
    Table.GROUPS: ("policy_id", "facet", "part", "value", "measure"),
}
TITLES = {
    Table.POLICIES: ("各项政策的民意", "Opinions by policy"),
    Table.MONTHS: ("各项政策逐月的民意", "Opinions by policy and month"),
    Table.GROUPS: ("各项政策分组的民意", "Opinions by policy and group"),
}
"""In Chinese and English."""


def rows(release: Release, table: Table, policy_id: str | None = None) -> Iterator[Row]:
    """Yield the rows of a table as its fields are ordered, 15 for each published cell."""
    for cell in release.cells(table, policy_id):
        head = _head(table, cell)
        for measure in MEASURES:
            yield (*head, *_figures(cell, measure))


def _head(table: Table, cell: Published) -> Row:
    policy = cell.policy
    named = (policy.id, policy.title)
    if table is Table.POLICIES:
        return (*named, policy.domain.value, policy.department)
    if table is Table.MONTHS:
        return (*named, cell.part.value, cell.value)
    return (*named, cell.facet and cell.facet.value, cell.part.value, cell.value)


def _figures(cell: Published, measure: Stance | Evaluated) -> Row:
    n = cell.counts.total
    better: Share | None = None
    if isinstance(measure, Stance):
        name, zh = measure.value, STANCE_ZH[measure]
        count = getattr(cell.counts, measure)
        better = getattr(cell.adjusted, measure) if cell.adjusted else None
    else:
        aspect, polarity = measure
        name, zh = f"{aspect}_{polarity}", f"{ASPECT_ZH[aspect]}·{POLARITY_ZH[polarity]}"
        count = cell.counts.evaluated(aspect, polarity)
        if cell.adjusted and cell.adjusted.evaluations:
            better = getattr(cell.adjusted.evaluations[list(Aspect).index(aspect)], polarity)
    low, high = wilson(count, n)
    adjusted = (better.value, better.low, better.high) if better else (None, None, None)
    return (name, zh, count, n, round(count / n, 4), round(low, 4), round(high, 4), *adjusted)
