"""Until when a policy is published, so that two releases tell of no few people. Pure.

Whoever keeps two releases can take one from the other, and learns of all that came in between. So a
policy is published up to a month-end since the one before which at least k authors spoke: months of
fewer wait, and are told only together with those that they waited for. All is counted from the
first month on, so that each release has the month-ends of those before it, and nothing has to be
remembered; only comments that come late for a month that was published can move them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from minyi.domain import SHANGHAI
from minyi.ports import Index
from minyi.query import Cell, Filters, Interval


@dataclass(frozen=True)
class Cutoff:
    """Until when a policy is published."""

    until: date | None
    """The first day that is not; None where nothing is, by too few people."""
    joined: frozenset[date] = frozenset()
    """First days of the months that are told only together with others."""


def cutoff(index: Index, policy_id: str, until: date, k: int) -> Cutoff | None:
    """Return until when a policy is published; None when nobody spoke of it. Blocks.

    Args:
        index: the opinions.
        policy_id: the policy.
        until: the first day of the month that has not ended.
        k: the fewest authors between two month-ends.

    Raises:
        IndexUnavailable: when the index cannot be read.
    """
    months = index.cells(_between(policy_id, None, until), [], Interval.MONTH)
    if not months:
        return None
    end, joined, waiting = None, set[date](), list[Cell]()
    for month in sorted(months, key=_bucket):
        waiting.append(month)
        after = (_bucket(month) + timedelta(days=31)).replace(day=1)
        if _enough(index, policy_id, waiting, after, k):
            joined |= {_bucket(one) for one in waiting} if len(waiting) > 1 else set()
            end, waiting = after, []
    return Cutoff(end, frozenset(joined))


def _enough(index: Index, policy_id: str, months: Sequence[Cell], after: date, k: int) -> bool:
    """Say whether k authors spoke in months that follow each other, each counted once."""
    most = sum(month.authors for month in months)
    if len(months) == 1 or most < k:
        return most >= k
    together = index.cells(_between(policy_id, _bucket(months[0]), after), [])
    return sum(cell.authors for cell in together) >= k  # one cell, or none any more


def _between(policy_id: str, first: date | None, after: date) -> Filters:
    since = first and datetime.combine(first, time(), SHANGHAI)
    return Filters(
        policy_id=policy_id, since=since, until=datetime.combine(after, time(), SHANGHAI)
    )


def _bucket(month: Cell) -> date:
    assert month.bucket is not None  # noqa: S101  # by month
    return month.bucket
