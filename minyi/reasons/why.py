"""Why people are for or against, and what they praise or criticise: in their own words. Pure.

Each side is set beside the others by the phrases that tell them apart (``minyi.reasons.contrast``)
and by quotes that stand for it (``minyi.reasons.quotes``). A campaign counts as one text. Sides are
those of opinions that the tagger is sure of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from minyi.campaigns.campaign import majority
from minyi.campaigns.collapsing import Scoped
from minyi.campaigns.said import Said
from minyi.domain import Model, Time
from minyi.prevalence import FLOOR
from minyi.reasons.contrast import telling
from minyi.reasons.phrases import phrases
from minyi.reasons.quotes import choose
from minyi.text import joined, normalise
from minyi.vocabulary import Aspect, Evaluated, Polarity, Stance

READ = 5_000
"""The newest opinions that are read."""
QUOTES = 3
SHORTEST, LONGEST = 8, 200
"""Characters of a text that is quoted; where there is none of such a length, any."""


class Phrase(Model):
    """A phrase that sets a side apart."""

    phrase: str
    """As it stands in normalised text: simplified, lower case."""
    opinions: int
    """Of the side, of those that were read, whose title or text holds it: what a search finds."""
    texts: int
    """Of the side; a campaign is one."""
    others: int
    """Texts that hold it of those that the side is compared with."""
    log_odds: float
    z: float


class Quote(Model):
    """What somebody wrote, whole."""

    opinion_id: str
    comment_id: str
    created_at: Time
    title: str | None
    text: str
    span: tuple[int, int] | None
    """The evidence, in characters of the text."""
    source: str
    region: str | None
    channel: str | None
    copies: int
    """Opinions of the campaign that it belongs to, in this scope; 1 when it stands alone."""


class Side(Model):
    """One side: those for or against, or those who praise or criticise an aspect."""

    stance: Stance | None = None
    aspect: Aspect | None = None
    polarity: Polarity | None = None
    opinions: int
    """On the side, whether the tagger is sure or not."""
    texts: int
    """That the tagger is sure of; a campaign is one."""
    others: int
    """Texts that it is compared with: the other stance, or those that don't say this of the
    aspect."""
    too_few: bool
    """Fewer than ``FLOOR`` texts on either hand: phrases are not compared."""
    compared: int
    """Phrases that enough texts hold; one in forty would set the side apart by chance."""
    phrases: tuple[Phrase, ...]
    quotes: tuple[Quote, ...]


class Why(Model):
    """The sides of a policy, in their own words."""

    policy_id: str
    as_of: Time
    read: int
    """The newest opinions in scope."""
    total: int
    """All opinions in scope, of the newest 50,000 on the policy."""
    sides: tuple[Side, ...]
    """For and against, then praised and criticised aspects of at least ``FLOOR`` texts, those of
    the most opinions first."""


@dataclass(frozen=True)
class _Text:
    """A text with all opinions that it stands for, the newest first."""

    members: Sequence[Said]

    @cached_property
    def shown(self) -> Said | None:
        """The earliest opinion of the majority's stance that the tagger is sure of."""
        sure = [one for one in reversed(self.members) if one.sure]
        if not sure:
            return None
        stance = majority(sure)
        return next(one for one in sure if one.stance is stance)

    @cached_property
    def cells(self) -> frozenset[Evaluated]:
        return frozenset(cell for one in self.members if one.sure for cell in one.cells)

    @cached_property
    def phrases(self) -> frozenset[str]:
        one = self.shown or self.members[0]
        return phrases(joined(one.title, one.text))


def why(
    policy_id: str, as_of: Time, scoped: Scoped, names: Collection[str] = (), read: int = READ
) -> Why:
    """Return what sets the sides of a policy apart.

    Args:
        policy_id: the policy.
        as_of: when the index was read.
        scoped: its opinions, with the campaigns among them.
        names: of the policy; pieces of them tell nothing.
        read: how many opinions are read, the newest.
    """
    campaigns = scoped.campaigns.items()
    rows = [(one, one.id) for one in scoped.alone]
    rows += [(one, name) for name, members in campaigns for one in members]
    rows.sort(key=lambda row: (row[0].created_at, row[0].id), reverse=True)
    groups: defaultdict[str, list[Said]] = defaultdict(list)
    for one, name in rows[:read]:
        groups[name].append(one)
    texts = [_Text(members) for members in groups.values()]
    compare = _Comparison([one for one, _ in rows[:read]], texts, names)
    sides = [
        compare.stance(Stance.FAVOR, Stance.AGAINST),
        compare.stance(Stance.AGAINST, Stance.FAVOR),
    ]
    spoken = Counter(cell for text in texts if text.shown for cell in text.cells)
    aspects = [compare.cell(cell) for cell in sorted(spoken) if spoken[cell] >= FLOOR]
    aspects.sort(key=lambda side: -side.opinions)
    return Why(
        policy_id=policy_id,
        as_of=as_of,
        read=min(read, len(rows)),
        total=len(rows),
        sides=(*sides, *aspects),
    )


class _Comparison:
    """Compares sides of the same texts."""

    def __init__(
        self, said: Sequence[Said], texts: Sequence[_Text], names: Collection[str]
    ) -> None:
        self._said = [(one, normalise(one.title or ""), normalise(one.text)) for one in said]
        self._texts = texts
        folded = [normalise(name) for name in names]
        self._phrases_of = {
            id(text): frozenset(
                phrase for phrase in text.phrases if not any(phrase in name for name in folded)
            )
            for text in texts
        }
        """Of each text, but for pieces of the policy's names."""

    def stance(self, stance: Stance, other: Stance) -> Side:
        side = [t for t in self._texts if t.shown and t.shown.stance is stance]
        others = [t for t in self._texts if t.shown and t.shown.stance is other]
        return self._side(side, others, lambda one: one.stance is stance, stance=stance)

    def cell(self, cell: Evaluated) -> Side:
        side = [t for t in self._texts if t.shown and cell in t.cells]
        others = [t for t in self._texts if t.shown and cell not in t.cells]
        aspect, polarity = cell
        return self._side(
            side, others, lambda one: cell in one.cells, aspect=aspect, polarity=polarity
        )

    def _side(
        self,
        side: Sequence[_Text],
        others: Sequence[_Text],
        belongs: Callable[[Said], bool],
        **names: Stance | Aspect | Polarity,
    ) -> Side:
        too_few = min(len(side), len(others)) < FLOOR
        own = [row for row in self._said if belongs(row[0])]
        found, compared = ([], 0) if too_few else self._phrases(side, others, own)
        return Side.model_validate(
            {
                **names,
                "opinions": len(own),
                "texts": len(side),
                "others": len(others),
                "too_few": too_few,
                "compared": compared,
                "phrases": found,
                "quotes": self._quotes(side),
            }
        )

    def _phrases(
        self,
        side: Sequence[_Text],
        others: Sequence[_Text],
        own: Sequence[tuple[Said, str, str]],
    ) -> tuple[list[Phrase], int]:
        own_of = self._phrases_of
        placed = {id(text) for text in (*side, *others)}
        rest = [own_of[id(text)] for text in self._texts if id(text) not in placed]
        found, compared = telling(
            [own_of[id(text)] for text in side], [own_of[id(text)] for text in others], rest
        )
        shown = [
            Phrase(
                phrase=one.phrase,
                opinions=sum(one.phrase in text or one.phrase in title for _, title, text in own),
                texts=one.texts,
                others=one.others,
                log_odds=one.log_odds,
                z=one.z,
            )
            for one in found
        ]
        return shown, compared

    def _quotes(self, side: Sequence[_Text]) -> list[Quote]:
        shown = [(text, text.shown) for text in side if text.shown]
        fit = [row for row in shown if SHORTEST <= len(row[1].text) <= LONGEST] or shown
        return [
            Quote(
                opinion_id=one.id,
                comment_id=one.comment_id,
                created_at=one.created_at,
                title=one.title,
                text=one.text,
                span=one.span,
                source=one.source,
                region=one.region,
                channel=one.channel,
                copies=len(text.members),
            )
            for text, one in (fit[p] for p in choose([t.phrases for t, _ in fit], QUOTES))
        ]
