"""Subscriptions: what a policy office watches, and why nothing came."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.alerts.formats import Format
from api.alerts.models import (
    Created,
    NewSubscription,
    PolicyStatus,
    Subscription,
    SubscriptionStatus,
)
from api.alerts.store import AlertStore
from api.bodies import body, parsed
from api.guard import JSON, takes
from api.services import Wired
from minyi.rules import Reading, State

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

MAX_WISH = 64_000
"""Bytes of a subscription that is asked for."""
_WISH = NewSubscription.model_json_schema(ref_template="#/components/schemas/{model}")
_WISH.pop("$defs")  # FastAPI puts them there, since answers hold them, too
_OPENAPI = {"requestBody": {"required": True, "content": {JSON: {"schema": _WISH}}}}
NOT_YET = "尚未评估，请稍后再看。"


def store(request: Request) -> AlertStore:
    found: AlertStore | None = request.app.state.alerts
    if found is None:
        raise HTTPException(404, "this API keeps no subscriptions")
    return found


Stored = Annotated[AlertStore, Depends(store)]


async def wish(request: Request) -> NewSubscription:
    """Read what is asked for: FastAPI would read a body of any size, before any other look."""
    data = parsed(await body(request, MAX_WISH))
    try:
        return NewSubscription.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(
            [each | {"loc": ("body", *each["loc"])} for each in found]
        ) from error


Wanted = Annotated[NewSubscription, Depends(wish)]


@router.post("", status_code=201, openapi_extra=_OPENAPI, **takes(JSON))
def subscribe(request: Request, wired: Wired, stored: Stored, wanted: Wanted) -> Created:
    """Watch policies; the answer holds the secret that alerts are signed with, this once. A
    robot's are not."""
    known = wired.registry.policies()
    unknown = [policy_id for policy_id in wanted.policy_ids if policy_id not in known]
    if unknown:
        raise HTTPException(422, f"no policy {unknown[0]!r}; GET /v1/policies lists them")
    created = Created(
        id=f"sub-{secrets.token_hex(8)}",
        name=wanted.name,
        policy_ids=list(dict.fromkeys(wanted.policy_ids)),
        rule=wanted.rule,
        webhook=str(wanted.webhook),
        format=wanted.format,
        since=wanted.since,
        created_at=wired.clock.now(),
        secret=_secret() if wanted.format is Format.MINYI else "",
    )
    stored.add(created)
    request.app.state.watch.wake()
    return created


def _secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


@router.get("")
def subscriptions(stored: Stored) -> list[Subscription]:
    """List the subscriptions, the oldest first."""
    return [subscription.shown() for subscription in stored.subscriptions()]


@router.get("/{subscription_id}")
def subscription(stored: Stored, subscription_id: str) -> SubscriptionStatus:
    """Return a subscription with its alerts and, for each policy, why nothing came."""
    found = stored.subscription(subscription_id)
    if found is None:
        raise HTTPException(404, f"no subscription {subscription_id!r}")
    readings = stored.readings(subscription_id)
    unread = Reading(state=State(), reason=NOT_YET)
    return SubscriptionStatus(
        **found.shown().model_dump(),
        policies=[
            PolicyStatus(
                policy_id=policy_id,
                share=reading.state.share,
                adjusted=reading.state.adjusted,
                reason=reading.reason,
            )
            for policy_id in found.policy_ids
            for reading in [readings.get(policy_id, unread)]
        ],
        alerts=stored.alerts(subscription_id),
    )


@router.delete("/{subscription_id}", status_code=204)
def unsubscribe(stored: Stored, subscription_id: str) -> None:
    """Delete a subscription and its alerts."""
    if not stored.remove(subscription_id):
        raise HTTPException(404, f"no subscription {subscription_id!r}")
