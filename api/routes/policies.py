"""Policies: the list, a policy's trend, the comments that made it."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import (
    Cursor,
    Filtered,
    Limit,
    PolicyList,
    PolicyView,
    Scope,
    Words,
)
from api.services import KnownPolicy, Wired
from minyi.errors import TooManyRows
from minyi.policy import Policy
from minyi.query import Counts, Group, Interval, Page
from minyi.shares.denominators import Count, Denominator, denominator
from minyi.shares.wholes import whole_of, wholes
from minyi.trends import Trend, assemble, read
from minyi.vocabulary import DOMAIN_ZH

router = APIRouter(prefix="/v1/policies", tags=["policies"])

MAX_ROWS = 5_000
"""Rows of one trend: days of more than thirteen years; without rows, groups."""


@router.get("")
def policies(
    wired: Wired, scope: Scope, count: Count = Count.OPINIONS, sided: bool = False
) -> PolicyList:
    """List the policies of the registry with their shares, the most discussed first."""
    of = denominator(scope, count, sided)
    totals = wired.index.totals(scope)
    every = wholes(wired.index, scope, wired.adjuster, of)
    views = [
        _view(wired, policy, totals.get(policy.id), every.get(policy.id), of)
        for policy in wired.registry.policies().values()
        if scope.domain in (None, policy.domain)
    ]
    views.sort(key=lambda view: (-view.raw.n, view.policy.id))
    return PolicyList(items=views, opinions=sum(view.raw.n for view in views))


@router.get("/{policy_id}")
def policy(
    wired: Wired,
    known: KnownPolicy,
    scope: Scope,
    count: Count = Count.OPINIONS,
    sided: bool = False,
) -> PolicyView:
    """Return one policy with its shares."""
    of = denominator(scope, count, sided)
    wanted = scope.model_copy(update={"policy_id": known.id})
    counts = wired.index.totals(wanted).get(known.id)
    return _view(wired, known, counts, whole_of(wired.index, wanted, wired.adjuster, of), of)


@router.get("/{policy_id}/trend")
def trend(
    wired: Wired,
    known: KnownPolicy,
    scope: Scope,
    interval: Interval = Interval.WEEK,
    group: Group | None = None,
    count: Count = Count.OPINIONS,
    sided: bool = False,
    evaluations: bool = False,
    rows: bool = True,
) -> Trend:
    """Return stance, evaluation and salience by bucket in Asia/Shanghai, each with its 95 %
    interval; ``group`` splits every bucket. ``count`` says what counts as one, ``sided`` asks for
    the shares among those for and against. Total and groups hold evaluations, rows only with
    ``evaluations=true``; ``rows=false`` leaves the rows out, which total and groups add up. A trend
    of more than 5,000 rows is refused."""
    of = denominator(scope, count, sided, interval, group)
    wanted = scope.model_copy(update={"policy_id": known.id})
    voting = count is Count.AUTHORS
    points = (wired.index.votes if voting else wired.index.trend)(wanted, interval, group)
    size, what = len(points), "rows"
    if not rows:
        size, what = len({point.group for point in points}), "groups"
    if size > MAX_ROWS:
        raise TooManyRows(
            f"the trend would have {size:,} {what}, more than {MAX_ROWS:,}; narrow it by since and "
            "until, or ask for a longer interval, no group or, with rows=false, its sums only"
        )
    everything = None
    if group is None and not voting:
        everything = wired.index.volumes(scope, interval)
    whole = whole_of(wired.index, wanted, wired.adjuster, of)
    return assemble(
        known.id, interval, points, everything, wired.adjuster, of, evaluations, whole, rows
    )


@router.get("/{policy_id}/evidence")
def evidence(
    wired: Wired,
    known: KnownPolicy,
    filtered: Filtered,
    q: Words = "",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page:
    """List the opinions on a policy, newest first; with ``q`` those whose title or text holds every
    word of it."""
    wanted = filtered.model_copy(update={"policy_id": known.id})
    return wired.index.search(q, wanted, limit, cursor)


def _view(
    wired: Wired,
    policy: Policy,
    counts: Counts | None,
    whole: Counts | None,
    of: Denominator,
) -> PolicyView:
    reading, why = read(policy.id, counts or Counts(), wired.adjuster, of, whole)
    return PolicyView(
        policy=policy,
        domain_zh=DOMAIN_ZH[policy.domain],
        raw=reading.raw,
        adjusted=reading.adjusted,
        uncorrected=why,
    )
