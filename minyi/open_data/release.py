"""What may be published of the index: by policy, by policy and month, by policy and group. Pure.

Nothing can be narrowed by the reader. Two answers over nearly the same opinions can be subtracted,
and the difference would tell of a few people. For the same reason there is one length of bucket
only, months that have ended, and no table crosses two facets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum

import numpy as np
from pydantic import Field

from minyi.disclosure import K, hidden
from minyi.domain import SHANGHAI, Model
from minyi.errors import IndexUnavailable, InvalidQuery
from minyi.policy import Policy
from minyi.ports import Index
from minyi.query import Cell, Counts, Facet, Filters, Interval
from minyi.shares.adjusting import Adjusted, Adjuster
from minyi.shares.summing import total

FACETS = (Facet.REGION, Facet.CHANNEL, Facet.SOURCE, Facet.AGE)
"""What groups are told apart by. A policy has one domain."""
MAX_CELLS = 20_000
"""Of one release, so that it fits into memory; a cell is 15 rows."""
SMALL = 200
"""Cells of a line under k that are looked at one by one; more are one in the search for what has to
be hidden beside them, which hides no less."""
TRIES = 5


class Part(StrEnum):
    """What a row of a table is of."""

    TOTAL = "total"
    """All opinions on the policy."""
    VALUE = "value"
    """One month, or one value of a facet."""
    LACKING = "lacking"
    """Those that lack the facet."""
    REST = "rest"
    """All months or values together that are not listed: each by too few people, or needed to
    hide one that is."""


class Table(StrEnum):
    POLICIES = "policies"
    MONTHS = "months"
    GROUPS = "groups"


@dataclass(frozen=True)
class Published:
    """One cell that is published."""

    policy: Policy
    part: Part
    facet: Facet | None
    """None but for groups."""
    value: str | None
    """The month as 2026-03, or the facet's value; None for all other parts."""
    counts: Counts
    adjusted: Adjusted | None


class Score(Model):
    """How good the model was found to be in one test."""

    name: str
    value: float
    rows: int


class Publisher(Model):
    """Who publishes, and how it may be used."""

    name: str = ""
    licence: str = ""
    """A name or an address."""
    contact: str = ""
    url: str = ""
    """Where the public page is found, without a slash at its end."""
    k: int = K
    scores: dict[str, tuple[Score, ...]] = Field(default_factory=dict)
    """By model id."""


@dataclass(frozen=True)
class Release:
    """All that is published at one time. ``id`` names its content."""

    id: str
    publisher: Publisher
    until: date
    """First day that is not covered, in Asia/Shanghai."""
    revision: str
    """Of the registry of policies."""
    models: tuple[str, ...]
    tables: Mapping[Table, tuple[Published, ...]]
    withheld: int
    """Policies with opinions that are not published, each by too few people."""

    @property
    def opinions(self) -> int:
        """On the policies that are published."""
        return sum(cell.counts.total for cell in self.tables[Table.POLICIES])

    @property
    def months(self) -> tuple[str, str] | None:
        """The first and the last month that is published on its own."""
        named = [cell.value for cell in self.tables[Table.MONTHS] if cell.value]
        return (min(named), max(named)) if named else None

    def cells(self, table: Table, policy_id: str | None = None) -> Iterator[Published]:
        """Yield the cells of a table, of one policy or all."""
        for cell in self.tables[table]:
            if policy_id in (None, cell.policy.id):
                yield cell


def gather(
    index: Index,
    policies: Iterable[Policy],
    now: datetime,
    publisher: Publisher,
    adjuster: Adjuster,
    revision: str,
) -> Release:
    """Read what may be published. Blocks.

    Args:
        index: the opinions.
        policies: those to publish.
        now: the moment; the month that it lies in is left out.
        publisher: who publishes, and the fewest authors of a cell.
        adjuster: what knows the tagger's errors.
        revision: of the registry.

    Raises:
        InvalidQuery: when it would be more than ``MAX_CELLS``.
        IndexUnavailable: when the index cannot be read, or does not hold still.
    """
    until = now.astimezone(SHANGHAI).date().replace(day=1)
    tables: dict[Table, list[Published]] = {table: [] for table in Table}
    withheld = 0
    for policy in sorted(policies, key=lambda policy: policy.id):
        read = _read(index, policy, until)
        if read is None:
            continue
        whole, lines = read
        if whole.authors < publisher.k:
            withheld += 1
            continue
        for table, cells in _publish(policy, whole, lines, publisher.k, adjuster).items():
            tables[table] += cells
        if sum(map(len, tables.values())) > MAX_CELLS:
            raise InvalidQuery(
                f"there is more to publish than {MAX_CELLS:,} figures; write it policy by policy: "
                "minyi export --policy ID"
            )
    release = Release(
        id="",
        publisher=publisher,
        until=until,
        revision=revision,
        models=tuple(sorted({m for cell in tables[Table.POLICIES] for m in cell.counts.outputs})),
        tables={table: tuple(cells) for table, cells in tables.items()},
        withheld=withheld,
    )
    return replace(release, id=_name(release))


Line = Sequence[Cell]
"""All cells of a policy by month, or by one facet."""


def _read(
    index: Index, policy: Policy, until: date
) -> tuple[Cell, dict[Facet | None, Line]] | None:
    """Return all opinions on a policy, and by month and facet; None when there are none."""
    wanted = Filters(policy_id=policy.id, until=datetime.combine(until, time(), SHANGHAI))
    for _ in range(TRIES):
        whole = index.cells(wanted, [])
        if not whole:
            return None
        lines: dict[Facet | None, Line] = {None: index.cells(wanted, [], Interval.MONTH)}
        lines |= {facet: index.cells(wanted, [facet]) for facet in FACETS}
        if all(
            _stances(total(c.counts for c in line)) == _stances(whole[0].counts)
            for line in lines.values()
        ):
            return whole[0], lines
    raise IndexUnavailable("the index changes while it is read; try again in a minute", 60)


def _publish(
    policy: Policy, whole: Cell, lines: Mapping[Facet | None, Line], k: int, adjuster: Adjuster
) -> dict[Table, list[Published]]:
    found: dict[Table, list[Published]] = {table: [] for table in Table}
    found[Table.POLICIES] += _adjusted(policy, None, [(Part.TOTAL, None, whole.counts)], adjuster)
    for facet, line in lines.items():
        shown, rest = protected(line, whole, k)
        parts: list[_Said] = []
        for cell in shown:
            value = f"{cell.bucket:%Y-%m}" if cell.bucket else cell.values[0]
            parts.append((Part.LACKING if value is None else Part.VALUE, value, cell.counts))
        if rest:
            parts.append((Part.REST, None, total(cell.counts for cell in rest)))
        table = Table.MONTHS if facet is None else Table.GROUPS
        found[table] += _adjusted(policy, facet, parts, adjuster)
    return found


_Said = tuple[Part, str | None, Counts]


def _adjusted(
    policy: Policy, facet: Facet | None, parts: Sequence[_Said], adjuster: Adjuster
) -> Iterator[Published]:
    """Yield a line with its adjusted shares. They learn from all cells that they are given: each
    line is given alone, so that no opinion counts twice, and without what is hidden in it."""
    better = adjuster.adjust(policy.id, [counts for *_, counts in parts])
    for (part, value, counts), adjusted in zip(parts, better, strict=True):
        yield Published(policy, part, facet, value, counts, adjusted)


def protected(line: Line, whole: Cell, k: int = K) -> tuple[list[Cell], list[Cell]]:
    """Return which cells of a line are shown and which are hidden, where the sum is shown.

    Args:
        line: all cells of the line.
        whole: all of them together, with at least k authors.
        k: the fewest authors of a cell that is shown.
    """
    few = sorted((c for c in line if c.authors < k), key=lambda c: -c.counts.total)
    alone, bundle = few[:SMALL], few[SMALL:]
    enough = [c for c in line if c.authors >= k]
    counts = [_stances(c.counts) for c in (*enough, *alone)]
    authors = [c.authors for c in (*enough, *alone)]
    if bundle:
        counts.append(_stances(total(c.counts for c in bundle)))
        authors.append(max(c.authors for c in bundle))
    known = np.arange(len(counts) + 1) == len(counts)
    mask = hidden(counts, [*authors, whole.authors], k, shown=known)
    off = {id(c) for c, out in zip(enough, mask, strict=False) if out} | {id(c) for c in few}
    return [c for c in line if id(c) not in off], [c for c in line if id(c) in off]


def _stances(counts: Counts) -> tuple[int, int, int]:
    return counts.favor, counts.against, counts.none


def _name(release: Release) -> str:
    """Return 16 hex digits that name the content."""
    digest = hashlib.sha256()
    about = [release.publisher.model_dump(mode="json"), str(release.until), release.revision]
    digest.update(json.dumps([*about, release.models, release.withheld]).encode())
    for table, cells in release.tables.items():
        for cell in cells:
            counts = cell.counts.model_dump_json(exclude={"outputs"})
            better = cell.adjusted.model_dump_json() if cell.adjusted else ""
            parts = [table, cell.policy.to_json().decode(), cell.part, cell.facet, cell.value]
            digest.update(json.dumps([*parts, counts, better]).encode())
    return digest.hexdigest()[:16]
