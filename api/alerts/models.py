"""Subscriptions and alerts as the API shows them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, Field, HttpUrl

from minyi.domain import EARLIEST, LATEST, Model, Share, Stance, Time
from minyi.rules import Rule


class NewSubscription(Model):
    """What a subscriber asks for."""

    name: str = Field(min_length=1, max_length=100)
    policy_ids: list[str] = Field(min_length=1, max_length=50)
    rule: Rule
    webhook: HttpUrl
    """Where alerts are posted, signed by the Standard Webhooks scheme."""
    since: date | None = Field(default=None, ge=EARLIEST.date(), lt=LATEST.date())
    """Evaluate from this day of event time on; absent: from now on."""


class Delivery(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Quote(BaseModel):
    """A comment that an alert shows."""

    opinion_id: str
    created_at: Time
    region: str | None
    stance: Stance
    text: str


class Alert(BaseModel):
    """What a subscriber gets: the body of the webhook, and the record on the topic ``alerts``."""

    id: str
    subscription_id: str
    policy_id: str
    policy_title: str
    day: date
    stance: Stance
    before: Share
    after: Share
    text: str
    """In Chinese: what moved from what to what."""
    comments: list[Quote]


class SentAlert(BaseModel):
    """An alert and how its delivery stands."""

    alert: Alert
    delivery: Delivery
    attempts: int
    last_error: str | None = None


class PolicyStatus(BaseModel):
    """How a subscription stands on one of its policies."""

    policy_id: str
    share: Share | None
    reason: str
    """Why nothing came, or comes now; in Chinese."""


class Subscription(BaseModel):
    """A subscription, without its secret."""

    id: str
    name: str
    policy_ids: list[str]
    rule: Rule
    webhook: str
    since: date | None
    created_at: Time


class Created(Subscription):
    """The answer to a new subscription: the only time that the secret is shown."""

    secret: str


class SubscriptionStatus(Subscription):
    """A subscription, how it stands and what it has sent."""

    policies: list[PolicyStatus]
    alerts: list[SentAlert]
