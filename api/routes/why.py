"""Why people are for or against a policy, in their own words."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.campaigns import Reader
from api.schemas import Scope
from api.services import KnownPolicy
from minyi.reasons import why as reasons
from minyi.reasons.why import Why

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.get("/{policy_id}/why")
def why(known: KnownPolicy, found: Reader, scope: Scope) -> Why:
    """Return the phrases that set those for a policy apart from those against, and those who praise
    or criticise an aspect from all others, with quotes chosen by a rule. A campaign counts as one
    text. At most the newest 5,000 opinions in scope are read."""
    reading = found.read(known.id)
    scoped, _ = reading.within(scope)
    return reasons.why(known.id, reading.as_of, scoped, (known.title, *known.aliases))
