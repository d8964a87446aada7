"""What may be published of the index: by policy, by policy and month, by policy and group. Pure.

Nothing can be narrowed by the reader. Two answers over nearly the same opinions can be subtracted,
and the difference would tell of a few people. For the same reason there is one length of bucket
only, months that have ended, and no table crosses two facets. Nor is anything told of the time
between two releases in which few spoke (``minyi.open_data.cutoffs``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum

import numpy as np
from pydantic import Field

from minyi.disclosure import K
from minyi.domain import SHANGHAI, Model
from minyi.errors import InvalidQuery
from minyi.open_data.cutoffs import cutoff
from minyi.open_data.protecting import protect
from minyi.open_data.reading import LINES, Answers, Line, read
from minyi.policy import Policy
from minyi.ports import Index
from minyi.query import Cell, Counts, Facet, Filters
from minyi.shares.adjusting import Adjusted, Adjuster
from minyi.shares.summing import total

FACETS = tuple(line for line in LINES if line is not None)
"""What groups are told apart by."""
MAX_CELLS = 20_000
"""Of one release, so that it fits into memory; a cell is 15 rows."""


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
    """First day that is not covered, in Asia/Shanghai; a policy may be covered up to an earlier
    month-end."""
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
        cut = cutoff(index, policy.id, until, publisher.k)
        if cut is None:
            continue
        answers = cut.until and read(
            index,
            Filters(policy_id=policy.id, until=datetime.combine(cut.until, time(), SHANGHAI)),
        )
        if not answers or answers.whole.authors < publisher.k:  # some may be deleted meanwhile
            withheld += 1
            continue
        for table, cells in _publish(policy, answers, publisher.k, adjuster, cut.joined).items():
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


def _publish(
    policy: Policy, answers: Answers, k: int, adjuster: Adjuster, joined: Collection[date]
) -> dict[Table, list[Published]]:
    found: dict[Table, list[Published]] = {table: [] for table in Table}
    whole = [(Part.TOTAL, None, answers.whole.counts)]
    found[Table.POLICIES] += _adjusted(policy, None, whole, adjuster)
    for facet, (shown, rest) in protected(answers, k, joined).items():
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


def protected(
    answers: Answers, k: int = K, joined: Collection[date] = ()
) -> dict[Line, tuple[list[Cell], list[Cell]]]:
    """Return, by line, which cells are shown and which are hidden, where their sum is shown.

    Args:
        answers: the opinions on a policy, of at least k authors.
        k: the fewest authors of a cell that is shown.
        joined: months that are hidden, whoever spoke in them.
    """
    unseen = [
        np.array([cell.bucket in joined for cell in cells]) for cells in answers.lines.values()
    ]
    masks = protect(answers.crossing, k, unseen)
    found = {}
    for (line, cells), off in zip(answers.lines.items(), masks, strict=True):
        shown = [cell for cell, out in zip(cells, off, strict=True) if not out]
        found[line] = shown, [cell for cell, out in zip(cells, off, strict=True) if out]
    return found


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
