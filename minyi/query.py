"""What is asked of the index, and what it answers: filters, counts, pages, shares."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from minyi.domain import SHANGHAI, Model, Opinion, Time
from minyi.errors import EmptyWindow
from minyi.vocabulary import AgeBand, Aspect, Domain, Polarity, Stance


class Interval(StrEnum):
    """Calendar bucket in Asia/Shanghai; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Group(StrEnum):
    """What a trend can be split by."""

    REGION = "region"
    CHANNEL = "channel"
    SOURCE = "source"
    DOMAIN = "domain"
    AGE = "age"


class Facet(StrEnum):
    """What opinions can be told apart by; the field of the opinion has the same name."""

    REGION = "region"
    CHANNEL = "channel"
    SOURCE = "source"
    DOMAIN = "domain"
    AGE = "age"
    POLICY = "policy_id"


class Filters(Model):
    """Which opinions a query sees; an absent field does not restrict. ``since`` is inclusive,
    ``until`` exclusive."""

    policy_id: str | None = None
    stance: Stance | None = None
    aspect: Aspect | None = None
    polarity: Polarity | None = None
    region: str | None = None
    channel: str | None = None
    source: str | None = None
    domain: Domain | None = None
    age: AgeBand | None = None
    lacking: tuple[Facet, ...] = ()
    """Keeps only the opinions that have none of these fields."""
    sure: bool | None = None
    """True leaves out the opinions in the tagger's abstain band, False keeps only those."""
    since: Time | None = None
    until: Time | None = None


def in_order(filters: Filters) -> Filters:
    """Return filters as they are.

    Raises:
        EmptyWindow: when ``until`` does not lie after ``since``: an answer about no time would read
            as if nobody had spoken.
    """
    if filters.since is not None and filters.until is not None and filters.until <= filters.since:
        since, until = (t.astimezone(SHANGHAI).isoformat() for t in (filters.since, filters.until))
        raise EmptyWindow(
            f"until, {until}, must lie after since, {since}; it is the first moment that no longer "
            "counts"
        )
    return filters


class Counts(Model):
    """Whole numbers of opinions in one cell; shares are computed from them, with intervals."""

    favor: int = 0
    against: int = 0
    none: int = 0
    evaluations: dict[Aspect, dict[Polarity, int]] = Field(default_factory=dict)
    """Only the cells above zero."""
    outputs: dict[str, dict[int, int]] = Field(default_factory=dict)
    """Model id → bin of ``minyi.outputs`` → opinions, only those above zero; they add up to the
    total. Empty where opinions are not counted one by one (collapsed, authors)."""

    @property
    def total(self) -> int:
        return self.favor + self.against + self.none

    @property
    def stances(self) -> tuple[int, int, int]:
        """In the order of the vocabulary."""
        return self.favor, self.against, self.none

    def evaluated(self, aspect: Aspect, polarity: Polarity) -> int:
        """Return how many praise or criticise an aspect."""
        return self.evaluations.get(aspect, {}).get(polarity, 0)


class TrendPoint(Model):
    """One bucket (and group, when split) of a policy's trend."""

    bucket: date
    """First day of the bucket in Asia/Shanghai."""
    group: str | None = None
    counts: Counts
    collapsed: Counts
    """As ``counts``, near-identical texts (same duplicate key, stance and bucket) counted once."""


class Cell(Model):
    """What opinions with the same values of some facets say."""

    bucket: date | None = None
    """First day of the bucket in Asia/Shanghai; None when time does not tell them apart."""
    values: tuple[str | None, ...]
    """One a facet, in the order that was asked for; None where the opinions lack the field."""
    counts: Counts
    authors: int
    """Distinct authors; an opinion without one counts as an author of its own."""


class AnswerCell(Model):
    """Opinions by when they came and when they were answered."""

    day: date
    """Of the comment, in Asia/Shanghai."""
    values: tuple[str | None, ...]
    answered: bool
    delay: int | None
    """Whole days of 24 hours from the comment to its reply, at least 0; None when it has none, or
    one whose time is not known or lies on a day before."""
    counts: Counts
    """Without ``outputs``."""


class Rejection(Model):
    """An opinion that the index has not written and never will, and why: in the store's own words
    where it refuses the opinion."""

    id: str
    reason: str
    superseded: bool = False
    """Whether the index holds a newer edit, so that nothing is lost."""


class Page(Model):
    """One page of opinions, newest first; pass ``cursor`` on to read the next, None at the end."""

    items: tuple[Opinion, ...]
    cursor: str | None = None
    total: int


class Share(Model):
    """A proportion with its 95 % interval; always says what it is a share of.

    ``value``, ``low`` and ``high`` are None when ``n`` is zero.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int
    n: int
    denominator: str
