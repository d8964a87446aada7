"""One campaign: a cluster of near-duplicate comments, and what is told of it. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from minyi.campaigns.said import Said
from minyi.campaigns.sketch import SHORTEST, likeness
from minyi.domain import SHANGHAI, Model, Time
from minyi.text import headed
from minyi.vocabulary import Stance

PARTS = 10
"""Regions, channels and sources of a campaign that are named; the rest is counted."""
MEASURED = 100
"""Texts of a campaign whose likeness is measured: the earliest."""


class Part(Model):
    """One value of a facet; None where it is not given."""

    value: str | None
    opinions: int


class Spread(Model):
    """How a campaign spreads over the values of a facet."""

    values: int
    """How many different ones; not given is one."""
    largest: tuple[Part, ...]
    """At most ``PARTS``."""


class Campaign(Model):
    """A cluster of near-duplicate comments: two opinions or more."""

    id: str
    """16 hex digits, of its earliest opinion on the policy: the same whatever the filters."""
    opinions: int
    authors: int
    unnamed: int
    """Opinions without an author: each is an author of its own."""
    texts: int
    """Different ones, but for punctuation, script and the like."""
    short: bool
    """The texts are equal, but too short to tell a campaign from people who say the same."""
    first: Time
    last: Time
    days: int
    """On which there were any, in Asia/Shanghai."""
    regions: Spread
    channels: Spread
    sources: Spread
    stances: dict[Stance, int]
    stance: Stance
    """Of most of the opinions; of the earliest where as many have another."""
    opinion_id: str
    text: str
    """The text that most of them have, as it was first written; a short one below its title."""
    likeness: tuple[float, float]
    """Of its texts to that one, the least and the greatest; 1 and 1 when there is no other."""


def campaign_id(earliest: Said) -> str:
    """Return the id of the campaign whose earliest opinion this is."""
    return hashlib.sha256(f"campaign\x1f{earliest.id}".encode()).hexdigest()[:16]


def describe(name: str, members: Sequence[Said]) -> Campaign:
    """Return a campaign.

    Args:
        name: its id.
        members: its opinions in order of (time, id), two or more.
    """
    copies = Counter(one.key for one in members)
    first = {one.key: one for one in reversed(members)}
    shown = first[copies.most_common(1)[0][0]]
    others = [one for key, one in reversed(first.items()) if key != shown.key][:MEASURED]
    alike = [round(likeness(one.core, shown.core), 4) for one in others] or [1.0]
    stances = Counter(one.stance for one in members)
    return Campaign(
        id=name,
        opinions=len(members),
        authors=len({one.author or one.id for one in members}),
        unnamed=sum(one.author is None for one in members),
        texts=len(copies),
        short=len(shown.core) < SHORTEST,
        first=members[0].created_at,
        last=members[-1].created_at,
        days=len({one.created_at.astimezone(SHANGHAI).date() for one in members}),
        regions=_spread(one.region for one in members),
        channels=_spread(one.channel for one in members),
        sources=_spread(one.source for one in members),
        stances={stance: stances[stance] for stance in Stance},
        stance=majority(members),
        opinion_id=shown.id,
        text=headed(shown.title, shown.text),
        likeness=(min(alike), max(alike)),
    )


def majority(members: Iterable[Said]) -> Stance:
    """Return the stance that most have; where as many have another, the one that comes first."""
    return Counter(one.stance for one in members).most_common(1)[0][0]


def _spread(values: Iterable[str | None]) -> Spread:
    counted = Counter(values)
    largest = sorted(counted.items(), key=lambda item: (-item[1], item[0] or ""))[:PARTS]
    return Spread(values=len(counted), largest=tuple(Part(value=v, opinions=n) for v, n in largest))
