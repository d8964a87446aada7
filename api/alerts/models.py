"""Subscriptions and alerts as the API shows them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, ValidationInfo, field_validator

from api.alerts.addresses import WHY, forbidden
from api.alerts.formats import HOSTS, Format
from minyi.domain import EARLIEST, LATEST, Model, Time
from minyi.query import Share
from minyi.rules import Rule
from minyi.vocabulary import Stance


def _reachable(url: HttpUrl) -> HttpUrl:
    """Refuse addresses that are no subscriber's, like that of a cloud's metadata service."""
    try:
        address = ip_address((url.host or "").strip("[]"))
    except ValueError:
        return url  # a name; where it leads is looked at before each call
    if forbidden(address):
        raise ValueError(
            f"{address} is {WHY}; give the name or address of the host that takes the alerts"
        )
    return url


class NewSubscription(Model):
    """What a subscriber asks for."""

    name: str = Field(min_length=1, max_length=100)
    policy_ids: list[str] = Field(min_length=1, max_length=50)
    rule: Rule
    webhook: Annotated[HttpUrl, AfterValidator(_reachable)]
    """Where alerts are posted, signed by the Standard Webhooks scheme; of a robot, its address."""
    format: Format = Field(default=Format.MINYI, validate_default=True)
    since: date | None = Field(default=None, ge=EARLIEST.date(), lt=LATEST.date())
    """Evaluate from this day of event time on; absent: from now on."""

    @field_validator("format")
    @classmethod
    def _of_this_address(cls, form: Format, info: ValidationInfo) -> Format:
        """Refuse what a robot would answer 200 to and show nobody."""
        webhook: HttpUrl | None = info.data.get("webhook")
        known = HOSTS.get((webhook.host or "").lower()) if webhook else None
        if known not in (None, form):
            raise ValueError(f"this webhook is the address of a robot; its format is {known}")
        return form


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
    """On which the threshold was crossed: a past one, where comments came late."""
    stance: Stance
    before: Share | None
    """None when too few had spoken to measure a share before."""
    after: Share
    adjusted: bool = False
    """Whether both shares are adjusted, as a trend's, or both counted, as they were in alerts of
    older versions; ``count`` of ``n`` is always what the tagger counted."""
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
    adjusted: bool
    """Whether the share is adjusted, or the counted one."""
    reason: str
    """Why nothing came, or comes now; in Chinese."""


class Subscription(BaseModel):
    """A subscription, without its secret."""

    id: str
    name: str
    policy_ids: list[str]
    rule: Rule
    webhook: str
    """Shown as scheme, host and port: the rest of an address often holds a token."""
    format: Format = Format.MINYI
    """Subscriptions of older versions were all signed."""
    since: date | None
    created_at: Time

    def shown(self) -> Self:
        """Return the subscription as anybody may see it."""
        parts = urlsplit(self.webhook)
        host = parts.netloc.rpartition("@")[2]
        rest = "" if self.format is Format.MINYI else "/***"
        return self.model_copy(update={"webhook": f"{parts.scheme}://{host}{rest}"})


class Created(Subscription):
    """The answer to a new subscription: the only time that the secret is shown."""

    secret: str
    """Empty for a robot, which checks no signature."""


class SubscriptionStatus(Subscription):
    """A subscription, how it stands and what it has sent."""

    policies: list[PolicyStatus]
    alerts: list[SentAlert]
