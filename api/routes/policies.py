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
from minyi.policy import Policy
from minyi.query import Group, Interval, Page
from minyi.questions import read_shares, read_trend
from minyi.shares.denominators import Count
from minyi.trends import PolicyReading, Trend
from minyi.vocabulary import DOMAIN_ZH

router = APIRouter(prefix="/v1/policies", tags=["policies"])

MAX_ROWS = 5_000
"""Rows of one trend: days of more than thirteen years; without rows, groups."""


@router.get("")
def policies(
    wired: Wired, scope: Scope, count: Count = Count.OPINIONS, sided: bool = False
) -> PolicyList:
    """List the policies of the registry with their shares, the most discussed first."""
    known = {
        policy.id: policy
        for policy in wired.registry.policies().values()
        if scope.domain in (None, policy.domain)
    }
    readings = read_shares(wired.index, scope, wired.adjuster, count, sided, known)
    views = [_view(known[policy_id], reading) for policy_id, reading in readings.items()]
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
    wanted = scope.model_copy(update={"policy_id": known.id})
    readings = read_shares(wired.index, wanted, wired.adjuster, count, sided, [known.id])
    return _view(known, readings[known.id])


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
    return read_trend(
        wired.index,
        known.id,
        scope,
        wired.adjuster,
        interval,
        group,
        count,
        sided,
        evaluations,
        rows,
        MAX_ROWS,
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


def _view(policy: Policy, reading: PolicyReading) -> PolicyView:
    return PolicyView(
        policy=policy,
        domain_zh=DOMAIN_ZH[policy.domain],
        raw=reading.raw,
        adjusted=reading.adjusted,
        uncorrected=reading.uncorrected,
    )
