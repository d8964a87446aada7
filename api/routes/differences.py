"""Where a policy does not fit: which groups really differ in what they say of it."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Scope
from api.services import KnownPolicy, Wired
from minyi.differences import Differences
from minyi.differences import differences as compare

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.get("/{policy_id}/differences")
def differences(wired: Wired, known: KnownPolicy, scope: Scope) -> Differences:
    """Compare every region, channel, source, age band and month with all other opinions on the
    policy. `findings` are real at a false-discovery rate of 5 % over all comparisons, those first
    that concern the most opinions; `reversals` are differences that turn around within the groups
    of another facet; in `facets` stand all groups, those of fewer than ten authors hidden, and
    others that would give them away. Comparisons, not causes."""
    return compare(wired.index, known.id, scope, wired.adjuster)
