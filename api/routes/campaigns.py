"""Near-duplicate comments on a policy, and what its figures are when they count once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException

from api.schemas import Cursor, Limit, Scope
from api.services import KnownPolicy
from minyi.campaigns import pages
from minyi.campaigns.pages import CampaignPage, Campaigns
from minyi.campaigns.reader import CampaignReader

router = APIRouter(prefix="/v1/policies", tags=["policies"])


def reader(request: Request) -> CampaignReader:
    """Return the reader of the app that answers."""
    found = request.app.state.campaigns
    assert isinstance(found, CampaignReader)  # noqa: S101  # set by create_app
    return found


Reader = Annotated[CampaignReader, Depends(reader)]


@router.get("/{policy_id}/campaigns")
def campaigns(
    known: KnownPolicy, found: Reader, scope: Scope, limit: Limit = 20, cursor: Cursor = None
) -> Campaigns:
    """List clusters of near-duplicate comments, the largest first, and the policy's figures with
    every opinion and with every campaign counted once; `flips` names the headlines that change.
    Only the newest 50,000 opinions on a policy are read: `read` of `total`."""
    return pages.campaigns(known.id, found.read(known.id), scope, limit, cursor)


@router.get("/{policy_id}/campaigns/{campaign_id}")
def campaign(
    known: KnownPolicy,
    campaign_id: str,
    found: Reader,
    scope: Scope,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> CampaignPage:
    """List the members of a campaign, the earliest first."""
    page = pages.campaign(known.id, campaign_id, found.read(known.id), scope, limit, cursor)
    if page is None:
        raise HTTPException(
            404,
            f"no campaign {campaign_id[:50]!r}; GET /v1/policies/{known.id}/campaigns lists them",
        )
    return page
