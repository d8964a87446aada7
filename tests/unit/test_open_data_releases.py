"""Releases of following months beside each other: what came between two of them tells of no few.

The attacker keeps every release, and knows which months a policy was spoken of in and which of them
each release covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from minyi.disclosure import K
from minyi.domain import Opinion
from minyi.open_data.release import Publisher, Release, Table, gather
from minyi.shares.adjusting import Adjuster
from minyi.vocabulary import Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import ELEVATOR
from tests.unit.test_open_data import opinion

Month = tuple[int, int]
"""Opinions of a month, and how many of them one author writes."""


def said(months: Sequence[Month]) -> list[Opinion]:
    found: list[Opinion] = []
    for number, (n, each) in enumerate(months, 1):
        at = datetime(2026, number, 9, tzinfo=UTC)
        found += [
            opinion(len(found) + i, created_at=at, author=f"author {i // each}") for i in range(n)
        ]
    return found


def monthly(opinions: Sequence[Opinion], months: int) -> list[Release]:
    """Return what is published at the end of each month."""
    index = ReferenceIndex()
    index.upsert(list(opinions))
    return [
        gather(
            index,
            [ELEVATOR],
            datetime(2026, month + 1, 2, tzinfo=UTC),
            Publisher(),
            Adjuster(),
            "r",
        )
        for month in range(1, months + 1)
    ]


def covered(release: Release, opinions: Sequence[Opinion]) -> int:
    """Return the last month that is covered; 0 when nothing is published."""
    return next(
        m for m in range(13) if sum(o.created_at.month <= m for o in opinions) == release.opinions
    )


def named(release: Release) -> list[int]:
    return [int(cell.value[5:]) for cell in release.tables[Table.MONTHS] if cell.value]


def widths(releases: Sequence[Release], opinions: Sequence[Opinion]) -> dict[int, float]:
    """Return how wide the range of every month is, by linear programming over all releases."""
    months = sorted({o.created_at.month for o in opinions})
    matrix, right = [], []
    for release in releases:
        last = covered(release, opinions)
        inside = {m for m in months if m <= last}
        apart = inside & set(named(release))
        told = [(inside, cell) for cell in release.tables[Table.POLICIES]]
        for cell in release.tables[Table.MONTHS]:
            told.append(({int(cell.value[5:])} if cell.value else inside - apart, cell))
        for held, cell in told:
            matrix.append([float(m in held) for m in months])
            right.append([getattr(cell.counts, stance) for stance in Stance])
    found = dict.fromkeys(months, 0.0)
    for place, month in enumerate(months):
        aim = np.eye(len(months))[place]
        for known in np.array(right).T:
            low, high = (linprog(s * aim, A_eq=np.array(matrix), b_eq=known) for s in (1, -1))
            found[month] += np.inf if high.status == 3 else -high.fun - low.fun
    return found


def check(months: Sequence[Month]) -> list[Release]:
    opinions = said(months)
    releases = monthly(opinions, len(months))
    authors = {
        m: {o.author for o in opinions if o.created_at.month == m} for m in range(len(months) + 1)
    }
    for one, other in pairwise([0, *(covered(release, opinions) for release in releases)]):
        assert one <= other
        between = set().union(*(authors[m] for m in range(one + 1, other + 1)))
        assert not between or len(between) >= K
    if last := covered(releases[-1], opinions):
        for month, width in widths(releases, opinions).items():
            if month <= last and len(authors[month]) < K:
                assert width >= K - 1e-6, month
    return releases


def test_a_quiet_month_does_not_follow_from_two_releases() -> None:
    releases = check([(100, 1), (80, 1), (2, 1), (50, 1), (30, 1)])
    assert [release.opinions for release in releases] == [100, 180, 180, 232, 262]
    assert [named(release) for release in releases] == [[1], [1, 2], [1, 2], [1, 2], [1, 2, 5]]


def test_quiet_months_are_published_once_enough_people_spoke_in_them() -> None:
    releases = check([(40, 1), (4, 1), (4, 1), (4, 1), (4, 1)])  # the same four people
    assert [release.opinions for release in releases] == [40] * 5
    releases = check([(40, 1), (9, 1), (0, 1), (30, 3), (10, 1)])
    assert [release.opinions for release in releases] == [40, 40, 40, 79, 89]


def test_a_policy_of_few_people_waits_for_more() -> None:
    releases = check([(4, 1), (5, 1), (20, 1)])
    assert [release.opinions for release in releases] == [0, 0, 29]
    assert [release.withheld for release in releases] == [1, 1, 0]


months = st.tuples(st.one_of(st.integers(0, 6), st.integers(0, 40)), st.sampled_from((1, 1, 2, 5)))


@example([(100, 1), (80, 1), (2, 1), (50, 1)])
@example([(30, 1), (6, 1), (6, 1), (6, 1), (30, 1), (3, 1), (12, 1)])
@given(st.lists(months, min_size=1, max_size=9))
@settings(max_examples=60)
def test_no_attack_on_all_releases_finds_a_few_people(said_: list[Month]) -> None:
    check(said_)


@pytest.mark.parametrize("quiet", [1, 5, 9])
def test_what_was_published_stays_published(quiet: int) -> None:
    releases = check([(30, 1), (quiet, 1), (20, 1), (quiet, 1), (quiet, 1), (25, 1)])
    for one, other in pairwise(releases):
        assert set(named(one)) <= set(named(other))
