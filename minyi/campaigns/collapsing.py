"""What a policy's campaigns are and what its figures are when each counts once. Pure.

A campaign is a cluster of near-duplicate comments (``minyi.campaigns.clustering``). Its opinions
stay what they are; in collapsed figures it is one opinion, of the stance that most of its members
have.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from minyi.campaigns.headlines import Flip, flips
from minyi.campaigns.sketch import SHORTEST, core, likeness
from minyi.domain import SHANGHAI, Model, Opinion, Time
from minyi.query import Counts, Facet, Filters
from minyi.shares.denominators import Denominator
from minyi.shares.summaries import Summary, summarise
from minyi.vocabulary import AgeBand, Aspect, Domain, Evaluated, Polarity, Stance

PARTS = 10
"""Regions, channels and sources of a campaign that are named; the rest is counted."""
MEASURED = 100
"""Texts of a campaign whose likeness is measured: the earliest."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is kept of an opinion in order to count it and to show it as a campaign's member."""

    id: str
    comment_id: str
    created_at: datetime
    key: str
    title: str | None
    text: str
    span: tuple[int, int] | None
    named: tuple[str, ...]
    stance: Stance
    cells: frozenset[Evaluated]
    sure: bool
    source: str
    domain: Domain
    author: str | None
    region: str | None
    channel: str | None
    age: AgeBand | None

    @classmethod
    def of(cls, opinion: Opinion) -> Said:
        return cls(
            id=opinion.id,
            comment_id=opinion.comment_id,
            created_at=opinion.created_at,
            key=opinion.duplicate_key,
            title=opinion.title,
            text=opinion.text,
            span=opinion.span,
            named=opinion.link.evidence,
            stance=opinion.stance,
            cells=frozenset((e.aspect, e.polarity) for e in opinion.evaluations),
            sure=opinion.sure,
            source=opinion.source,
            domain=opinion.domain,
            author=opinion.author,
            region=opinion.region,
            channel=opinion.channel,
            age=opinion.age,
        )

    @property
    def core(self) -> str:
        """What of the text is compared: without the words that name the policy."""
        return core(self.text, self.named)


def passes(one: Said, filters: Filters) -> bool:
    """Whether filters keep an opinion, as an index would; its policy is not looked at."""
    plain = ("stance", "region", "channel", "source", "domain", "age")
    return (
        all(getattr(filters, name) in (None, getattr(one, name)) for name in plain)
        and filters.sure in (None, one.sure)
        and (filters.since is None or one.created_at >= filters.since)
        and (filters.until is None or one.created_at < filters.until)
        and all(_lacks(one, facet) for facet in filters.lacking)
        and (
            (filters.aspect is None and filters.polarity is None)
            or any(
                filters.aspect in (None, aspect) and filters.polarity in (None, polarity)
                for aspect, polarity in one.cells
            )
        )
    )


def _lacks(one: Said, facet: Facet) -> bool:
    return facet is not Facet.POLICY and getattr(one, facet.value) is None


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
    """An opinion without an author is an author of its own."""
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
    """The text that most of them have, as it was first written."""
    likeness: tuple[float, float]
    """Of its texts to that one, the least and the greatest; 1 and 1 when there is no other."""


class Collapsed(Model):
    """A policy's figures with every opinion counted, and with every campaign counted once."""

    raw: Summary
    collapsed: Summary
    campaigns: int
    in_campaigns: int
    """Opinions that belong to one."""
    flips: tuple[Flip, ...]
    """None where there are too few opinions for shares."""


def campaign_id(earliest: Said) -> str:
    """Return the id of the campaign whose earliest opinion this is."""
    return hashlib.sha256(f"campaign\x1f{earliest.id}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scoped:
    """The campaigns among the opinions that filters keep.

    ``campaigns`` holds those with two members or more by id, the largest first, members in order of
    (time, id); ``alone`` are all other opinions.
    """

    alone: Sequence[Said]
    campaigns: dict[str, list[Said]]
    sure: bool = False

    def figures(self) -> Collapsed:
        """Return the figures, raw and collapsed."""
        members = self.campaigns.values()
        raw = count([*self.alone, *(one for found in members for one in found)])
        once = count(self.alone, members)
        summaries = (
            summarise(raw, Denominator(sure=self.sure)),
            summarise(once, _CampaignsOnce(sure=self.sure)),
        )
        return Collapsed(
            raw=summaries[0],
            collapsed=summaries[1],
            campaigns=len(self.campaigns),
            in_campaigns=sum(map(len, members)),
            flips=flips(*summaries),
        )


@dataclass(frozen=True)
class Clustered:
    """Opinions on one policy and the campaigns among them.

    Args:
        said: the opinions in order of (time, id).
        clusters: which of them belong together, as places in ``said``, ascending; those that are
            alone may be left out.
    """

    said: Sequence[Said]
    clusters: Sequence[Sequence[int]]
    _of: dict[int, str] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for members in self.clusters:
            name = campaign_id(self.said[members[0]])
            if len(members) > 1:
                self._of.update(dict.fromkeys(members, name))

    def within(self, filters: Filters) -> Scoped:
        """Return what of it filters keep."""
        alone: list[Said] = []
        found: defaultdict[str, list[Said]] = defaultdict(list)
        for place, one in enumerate(self.said):
            if passes(one, filters):
                name = self._of.get(place)
                (alone if name is None else found[name]).append(one)
        alone += (members[0] for members in found.values() if len(members) == 1)
        larger = ((name, members) for name, members in found.items() if len(members) > 1)
        ordered = sorted(larger, key=lambda item: (-len(item[1]), item[1][0].created_at, item[0]))
        return Scoped(alone, dict(ordered), filters.sure is True)


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
        texts=len(copies),
        short=len(shown.core) < SHORTEST,
        first=members[0].created_at,
        last=members[-1].created_at,
        days=len({one.created_at.astimezone(SHANGHAI).date() for one in members}),
        regions=_spread(one.region for one in members),
        channels=_spread(one.channel for one in members),
        sources=_spread(one.source for one in members),
        stances={stance: stances[stance] for stance in Stance},
        stance=_majority(members),
        opinion_id=shown.id,
        text=shown.text,
        likeness=(min(alike), max(alike)),
    )


class _CampaignsOnce(Denominator):
    """Opinions, with each campaign as one."""

    def words(self, sided: bool = False) -> str:
        return f"{super().words(sided)}, campaigns counted once"


def count(alone: Iterable[Said], campaigns: Iterable[Collection[Said]] = ()) -> Counts:
    """Count opinions one by one and campaigns once each, without their outputs; a campaign praises
    or criticises what any of its members does."""
    stances: Counter[str] = Counter()
    cells: defaultdict[Aspect, Counter[Polarity]] = defaultdict(Counter)
    for one in alone:
        stances[one.stance.value] += 1
        for aspect, polarity in one.cells:
            cells[aspect][polarity] += 1
    for members in campaigns:
        stances[_majority(members).value] += 1
        for aspect, polarity in {cell for one in members for cell in one.cells}:
            cells[aspect][polarity] += 1
    return Counts(
        favor=stances["favor"],
        against=stances["against"],
        none=stances["none"],
        evaluations={aspect: dict(found) for aspect, found in cells.items()},
    )


def _majority(members: Iterable[Said]) -> Stance:
    # of equal counts, most_common returns the one that was met first: that of the earliest
    return Counter(one.stance for one in members).most_common(1)[0][0]


def _spread(values: Iterable[str | None]) -> Spread:
    counted = Counter(values)
    largest = sorted(counted.items(), key=lambda item: (-item[1], item[0] or ""))[:PARTS]
    return Spread(values=len(counted), largest=tuple(Part(value=v, opinions=n) for v, n in largest))
