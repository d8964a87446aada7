"""Who speaks on a policy beside who lives there."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Scope
from api.services import KnownPolicy, Wired
from minyi.shares.denominators import Count
from minyi.speakers.representativeness import Representativeness, read_representativeness

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.get("/{policy_id}/representativeness")
def representativeness(
    wired: Wired, known: KnownPolicy, scope: Scope, count: Count = Count.OPINIONS
) -> Representativeness:
    """Return raw, adjusted and raked shares side by side, and how far those who speak differ from
    the known margins (`MINYI_MARGINS`). With `count=authors` everybody has one vote before
    weighting. Where nothing is raked, `reason` says why. Whatever the weights: these are people who
    chose to speak."""
    return read_representativeness(
        wired.index, known.id, scope, wired.margins, wired.adjuster, count
    )
