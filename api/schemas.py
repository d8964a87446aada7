"""What the API returns, beyond the domain's own words, and what it takes as query."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from minyi.domain import Time
from minyi.policy import Policy
from minyi.query import Filters, in_order
from minyi.trends import PolicyReading
from minyi.vocabulary import AgeBand, Aspect, Domain, Polarity, Stance

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=500)]
Word = Annotated[str | None, Query(min_length=1, max_length=100)]
Words = Annotated[str, Query(max_length=200)]


class PolicyView(PolicyReading):
    """A policy and what is said of it."""

    policy: Policy
    domain_zh: str


class PolicyList(BaseModel):
    """Policies with the most opinions first."""

    items: list[PolicyView]
    opinions: int


class Rejection(BaseModel):
    """A comment that was not accepted; it stands in the dead letters with this reason."""

    position: int
    """Place in the request, from 1."""
    reason: str
    place: str


class Accepted(BaseModel):
    """What became of a request to ``POST /v1/comments``."""

    accepted: int
    rejected: list[Rejection]


class Health(BaseModel):
    status: str
    version: str
    opinions: int | None
    """None while the index does not answer."""
    policies: int
    progress: dict[str, int]


class Ready(BaseModel):
    status: str
    missing: dict[str, str]
    """What the service cannot do its work without, and why it is not there."""


def scope(
    region: Word = None,
    channel: Word = None,
    source: Word = None,
    domain: Domain | None = None,
    age: AgeBand | None = None,
    sure: bool | None = None,
    since: Time | None = None,
    until: Time | None = None,
) -> Filters:
    """Read which opinions a share is of. What is counted, stance and evaluation, is not among
    them: a share of the favourable among the favourable says nothing."""
    return in_order(
        Filters(
            region=region,
            channel=channel,
            source=source,
            domain=domain,
            age=age,
            sure=sure,
            since=since,
            until=until,
        )
    )


Scope = Annotated[Filters, Depends(scope)]


def filters(
    within: Scope,
    stance: Stance | None = None,
    aspect: Aspect | None = None,
    polarity: Polarity | None = None,
) -> Filters:
    """Read which opinions are listed."""
    return within.model_copy(update={"stance": stance, "aspect": aspect, "polarity": polarity})


Filtered = Annotated[Filters, Depends(filters)]
