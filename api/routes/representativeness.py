"""Who speaks on a policy beside who lives there."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Scope
from api.services import KnownPolicy, Wired
from minyi.shares.denominators import Count, denominator
from minyi.shares.wholes import whole_of
from minyi.speakers.representativeness import Representativeness, compare, facets_of

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.get("/{policy_id}/representativeness")
def representativeness(
    wired: Wired, known: KnownPolicy, scope: Scope, count: Count = Count.OPINIONS
) -> Representativeness:
    """Return raw, adjusted and raked shares side by side, and how far those who speak differ from
    the known margins (`MINYI_MARGINS`). With `count=authors` everybody has one vote before
    weighting. Where nothing is raked, `reason` says why. Whatever the weights: these are people who
    chose to speak."""
    wanted = scope.model_copy(update={"policy_id": known.id})
    of = denominator(scope)
    cells = wired.index.cells(wanted, facets_of(wired.margins))
    whole = whole_of(wired.index, wanted, wired.adjuster, of)
    return compare(known.id, cells, wired.margins, wired.adjuster, of, count, whole)
