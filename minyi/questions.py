"""What is asked of the index for shares: all policies at once, and one over time. Pure.

Whoever asks says in plain words what is counted; page, API and command line then answer the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minyi.errors import TooManyRows
from minyi.ports import Index
from minyi.query import Counts, Filters, Group, Interval, TrendPoint
from minyi.shares.adjusting import Adjuster
from minyi.shares.denominators import Count, denominator
from minyi.shares.wholes import whole_of, wholes
from minyi.trends import PolicyReading, Trend, assemble, read


def read_shares(
    index: Index,
    scope: Filters,
    adjuster: Adjuster,
    count: Count = Count.OPINIONS,
    sided: bool = False,
    policy_ids: Iterable[str] | None = None,
) -> dict[str, PolicyReading]:
    """Return what is said of policies, by policy id.

    Args:
        index: where the opinions are.
        scope: which of them.
        adjuster: what is known of the tagger's errors.
        count: what counts as one.
        sided: whether shares are among those for and against.
        policy_ids: the policies; None: all that somebody speaks of.

    Raises:
        InvalidQuery: when such shares make no sense.
    """
    of = denominator(scope, count, sided)
    totals = index.totals(scope)
    every = wholes(index, scope, adjuster, of)
    return {
        policy_id: read(
            policy_id, totals.get(policy_id, Counts()), adjuster, of, every.get(policy_id)
        )
        for policy_id in (totals if policy_ids is None else policy_ids)
    }


def read_trend(
    index: Index,
    policy_id: str,
    scope: Filters,
    adjuster: Adjuster,
    interval: Interval,
    group: Group | None = None,
    count: Count = Count.OPINIONS,
    sided: bool = False,
    evaluations: bool = True,
    rows: bool = True,
    most: int | None = None,
) -> Trend:
    """Return the trend of a policy.

    Args:
        index: where the opinions are.
        policy_id: the policy.
        scope: which of its opinions.
        adjuster: what is known of the tagger's errors.
        interval: the bucket's length.
        group: what every bucket is split by.
        count: what counts as one.
        sided: whether shares are among those for and against.
        evaluations: whether rows have them; total and groups always do.
        rows: whether there are any, beside total and groups.
        most: how many rows, or groups where there are no rows, one answer may hold.

    Raises:
        InvalidQuery: when such shares make no sense.
        TooManyRows: when there would be more than ``most``.
    """
    of = denominator(scope, count, sided, interval, group)
    wanted = scope.model_copy(update={"policy_id": policy_id})
    voting = count is Count.AUTHORS
    points = (index.votes if voting else index.trend)(wanted, interval, group)
    if most is not None:
        _fit(points, rows, most)
    everything = index.volumes(scope, interval) if group is None and not voting else None
    whole = whole_of(index, wanted, adjuster, of)
    return assemble(policy_id, interval, points, everything, adjuster, of, evaluations, whole, rows)


def _fit(points: Sequence[TrendPoint], rows: bool, most: int) -> None:
    size, what = len(points), "rows"
    if not rows:
        size, what = len({point.group for point in points}), "groups"
    if size > most:
        raise TooManyRows(
            f"the trend would have {size:,} {what}, more than {most:,}; narrow it by since and "
            "until, or ask for a longer interval, no group or, with rows=false, its sums only"
        )
