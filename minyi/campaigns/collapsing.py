"""What a policy's campaigns are and what its figures are when each counts once. Pure.

A campaign is a cluster of near-duplicate comments (``minyi.campaigns.clustering``). Its opinions
stay what they are; in collapsed figures it is one opinion, of the stance that most of its members
have.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from minyi.campaigns.campaign import campaign_id, majority
from minyi.campaigns.headlines import Flip, flips
from minyi.campaigns.said import Said, passes
from minyi.domain import Model
from minyi.query import Counts, Filters
from minyi.shares.denominators import Denominator
from minyi.shares.summaries import Summary, summarise
from minyi.vocabulary import Aspect, Polarity


class Collapsed(Model):
    """A policy's figures with every opinion counted, and with every campaign counted once."""

    raw: Summary
    collapsed: Summary
    campaigns: int
    in_campaigns: int
    """Opinions that belong to one."""
    flips: tuple[Flip, ...]
    """None where there are too few opinions for shares."""


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
        stances[majority(members).value] += 1
        for aspect, polarity in {cell for one in members for cell in one.cells}:
            cells[aspect][polarity] += 1
    return Counts(
        favor=stances["favor"],
        against=stances["against"],
        none=stances["none"],
        evaluations={aspect: dict(found) for aspect, found in cells.items()},
    )
