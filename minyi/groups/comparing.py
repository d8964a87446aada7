"""The groups of each facet of a policy's opinions, compared with all other opinions. Pure.

Comparisons stand on the tagger's own counts. What it mistakes alike in all groups makes no
difference where there is none, and one that is there smaller, never larger; shares adjusted for the
tagger's errors carry errors that all groups have in common, which would drown the comparison. They
are shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minyi.arrays import Floats
from minyi.disclosure import K
from minyi.groups.discoveries import p_values
from minyi.groups.grouping import Asked, By, Groups, group, hits
from minyi.groups.pooling import Pooled, pool

FEWEST_HITS = 10
"""A measure that fewer opinions show, or do not show, in all groups together is not compared."""


@dataclass(frozen=True)
class Comparison:
    """One facet's groups, compared; arrays of shape (shown groups, measures)."""

    groups: Groups
    pooled: Pooled
    others: Floats
    deviation: Floats
    """Standard errors of the differences."""
    p: Floats
    """NaN where nothing is compared: no group of its own, or hardly anybody says so."""


def comparisons(inside: Asked, everything: Asked | None) -> tuple[list[Comparison], dict[By, By]]:
    """Compare the groups of every facet that has at least two.

    Args:
        inside: what is asked for.
        everything: all opinions on the policy, where that is more (see
            ``minyi.groups.grouping.group``).

    Returns:
        The comparisons, and the facets left out as they tell the same groups apart as another: as
        many opinions that say the same, of as many authors.
    """
    found: list[Comparison] = []
    seen: dict[frozenset[str], By] = {}
    same = {}
    for by in By:
        if len(inside.groups[by]) < 2:
            continue
        alike = frozenset(f"{cell.authors} {cell.counts}" for cell in inside.groups[by])
        if (first := seen.setdefault(alike, by)) is not by:
            same[by] = first
            continue
        groups = group(by, inside, everything)
        if groups is not None and groups.shown:
            found.append(_compare(groups))
    return found, same


def _compare(groups: Groups) -> Comparison:
    cells = groups.shown
    n = np.array([c.counts.total for c in cells], dtype=np.float64)
    people = np.array([c.authors for c in cells], dtype=np.float64)
    counted = np.array([hits(c.counts) for c in cells], dtype=np.float64)
    everyone = float(groups.total.authors)
    total = float(max(groups.total.counts.total, n.sum()))
    total_hits = np.maximum(hits(groups.total.counts), counted.sum(0))
    shares, weights = counted / n[:, None], people
    if total > n.sum():  # all hidden groups as one
        rest = (total_hits - counted.sum(0)) / (total - n.sum())
        shares = np.vstack([shares, np.minimum(rest, 1)])
        weights = np.append(people, max(everyone - people.sum(), 1.0))
    pooled = pool(shares, weights).first(len(cells))
    other_n = np.maximum(total - n, 1)[:, None]
    other_people = np.maximum(everyone - people, 1)[:, None]
    others = np.minimum((total_hits - counted) / other_n, 1)
    p = p_values(shares[: len(cells)], people[:, None], others, other_people)
    own = np.array([label is not None for label in groups.labels])[~groups.hidden][:, None]
    said = (total_hits >= FEWEST_HITS) & (total - total_hits >= FEWEST_HITS)
    p = np.where(own & (other_people >= K) & said, p, np.nan)
    deviation = np.sqrt(pooled.error**2 + others * (1 - others) / other_people)
    return Comparison(groups, pooled, others, deviation, p)
