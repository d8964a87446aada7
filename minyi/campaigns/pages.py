"""What is answered about campaigns, page by page: the same from the API and the command line."""

from __future__ import annotations

from collections.abc import Sequence

from minyi.campaigns.campaign import Campaign, describe
from minyi.campaigns.collapsing import Collapsed
from minyi.campaigns.reader import Reading
from minyi.campaigns.said import Said
from minyi.campaigns.sketch import likeness
from minyi.domain import Model, Time
from minyi.errors import InvalidQuery
from minyi.query import Filters
from minyi.shares.denominators import denominator
from minyi.vocabulary import Stance


class Campaigns(Model):
    """The campaigns among the opinions on a policy, the largest first, and its figures with each
    counted once; pass ``cursor`` on to read the next."""

    policy_id: str
    as_of: Time
    """When the index was read."""
    read: int
    """The newest opinions on the policy, among which campaigns were looked for."""
    total: int
    """All opinions on the policy; more than ``read`` where it has very many."""
    figures: Collapsed
    items: tuple[Campaign, ...]
    cursor: str | None


class Member(Model):
    """One opinion of a campaign."""

    id: str
    comment_id: str
    created_at: Time
    text: str
    source: str
    region: str | None
    channel: str | None
    stance: Stance
    sure: bool
    likeness: float
    """To the campaign's text, 0 to 1."""


class CampaignPage(Model):
    """A campaign and its members, the earliest first; pass ``cursor`` on to read the next."""

    policy_id: str
    as_of: Time
    campaign: Campaign
    items: tuple[Member, ...]
    cursor: str | None


def campaigns(
    policy_id: str, reading: Reading, filters: Filters, limit: int, cursor: str | None
) -> Campaigns:
    """Return a page of the campaigns under filters.

    Raises:
        InvalidQuery: when the cursor is not valid any more, or shares of these opinions would say
            nothing.
    """
    denominator(filters)
    scoped, figures = reading.within(filters)
    page, following = _page(list(scoped.campaigns), limit, cursor)
    return Campaigns(
        policy_id=policy_id,
        as_of=reading.as_of,
        read=len(reading.clustered.said),
        total=reading.total,
        figures=figures,
        items=tuple(describe(name, scoped.campaigns[name]) for name in page),
        cursor=following,
    )


def campaign(
    policy_id: str,
    name: str,
    reading: Reading,
    filters: Filters,
    limit: int,
    cursor: str | None,
) -> CampaignPage | None:
    """Return a campaign with a page of its members under filters; None when there is none.

    Raises:
        InvalidQuery: when the cursor is not valid any more.
    """
    members = reading.within(filters)[0].campaigns.get(name)
    if members is None:
        return None
    by_id = {one.id: one for one in members}
    page, following = _page(list(by_id), limit, cursor)
    described = describe(name, members)
    model = by_id[described.opinion_id]
    return CampaignPage(
        policy_id=policy_id,
        as_of=reading.as_of,
        campaign=described,
        items=tuple(_member(by_id[id_], model) for id_ in page),
        cursor=following,
    )


def _member(one: Said, model: Said) -> Member:
    return Member(
        id=one.id,
        comment_id=one.comment_id,
        created_at=one.created_at,
        text=one.text,
        source=one.source,
        region=one.region,
        channel=one.channel,
        stance=one.stance,
        sure=one.sure,
        likeness=1.0 if one.key == model.key else round(likeness(one.core, model.core), 4),
    )


def _page(ids: Sequence[str], limit: int, cursor: str | None) -> tuple[Sequence[str], str | None]:
    """Return the ids after the cursor, which is the last id that was read, and the next cursor."""
    start = 0
    if cursor is not None:
        try:
            start = ids.index(cursor) + 1
        except ValueError as error:
            raise InvalidQuery(
                "the cursor is not valid, or what it stood on has gone; start again without one"
            ) from error
    page = ids[start : start + limit]
    return page, page[-1] if start + limit < len(ids) else None
