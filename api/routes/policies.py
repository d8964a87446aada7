"""Policies: the list, a policy's trend, the comments that made it."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Cursor, Filtered, Limit, OpinionPage, PolicyList, PolicyView, Scope
from api.services import KnownPolicy, Wired
from minyi.errors import InvalidQuery
from minyi.query import Counts, Filters, Group, Interval
from minyi.trends import Trend, assemble, summarise
from minyi.vocabulary import DOMAIN_ZH

router = APIRouter(prefix="/v1/policies", tags=["policies"])

MAX_ROWS = 5_000
"""Rows of one trend: days of more than thirteen years."""


@router.get("")
def policies(wired: Wired, scope: Scope) -> PolicyList:
    """List the policies of the registry with their shares, the most discussed first."""
    totals = wired.index.totals(scope)
    views = [
        PolicyView(
            policy=policy,
            domain_zh=DOMAIN_ZH[policy.domain],
            summary=summarise(totals.get(policy.id, Counts())),
        )
        for policy in wired.registry.policies().values()
        if scope.domain in (None, policy.domain)
    ]
    views.sort(key=lambda view: (-view.summary.opinions, view.policy.id))
    return PolicyList(items=views, opinions=sum(view.summary.opinions for view in views))


@router.get("/{policy_id}")
def policy(wired: Wired, known: KnownPolicy, scope: Scope) -> PolicyView:
    """Return one policy with its shares."""
    wanted = scope.model_copy(update={"policy_id": known.id})
    counts = wired.index.totals(wanted).get(known.id, Counts())
    return PolicyView(policy=known, domain_zh=DOMAIN_ZH[known.domain], summary=summarise(counts))


@router.get("/{policy_id}/trend")
def trend(
    wired: Wired,
    known: KnownPolicy,
    scope: Scope,
    interval: Interval = Interval.WEEK,
    group: Group | None = None,
) -> Trend:
    """Return stance, evaluation and salience by bucket in Asia/Shanghai, each with its 95 %
    interval; ``group`` splits every bucket. A trend of more than 5,000 rows is refused."""
    wanted = scope.model_copy(update={"policy_id": known.id})
    points = wired.index.trend(wanted, interval, group)
    if len(points) > MAX_ROWS:
        raise InvalidQuery(
            f"the trend would have {len(points):,} rows, more than {MAX_ROWS:,}; narrow it by "
            "since and until, or ask for a longer interval or no group"
        )
    if group is not None:
        return assemble(known.id, interval, points)
    everything = wired.index.trend(_all_policies(scope), interval)
    return assemble(known.id, interval, points, {p.bucket: p.counts.total for p in everything})


@router.get("/{policy_id}/evidence")
def evidence(
    wired: Wired,
    known: KnownPolicy,
    filtered: Filtered,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> OpinionPage:
    """List the opinions on a policy, newest first."""
    wanted = filtered.model_copy(update={"policy_id": known.id})
    page = wired.index.search("", wanted, limit, cursor)
    return OpinionPage(items=list(page.items), cursor=page.cursor, total=page.total)


def _all_policies(filtered: Filters) -> Filters:
    return filtered.model_copy(update={"policy_id": None})
