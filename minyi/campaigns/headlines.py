"""What a reader takes away from a policy's shares, and whether it stands. Pure."""

from __future__ import annotations

from enum import StrEnum

from minyi.domain import Model
from minyi.shares.summaries import Summary
from minyi.vocabulary import Stance


class Headline(StrEnum):
    """What a reader takes away from a policy's shares."""

    LEAD = "lead"
    """Which side more opinions are on: ``favor``, ``against`` or ``even``."""
    HALF = "half"
    """Whether a stance is held by more than half: ``above`` or ``not above``."""


class Flip(Model):
    """A headline that changes when campaigns count once."""

    headline: Headline
    stance: Stance | None
    """Of which it is; None for the lead."""
    raw: str
    collapsed: str


def flips(raw: Summary, collapsed: Summary) -> tuple[Flip, ...]:
    """Return the headlines on which two summaries of the same opinions disagree; none where there
    are too few for shares."""
    if raw.too_few or collapsed.too_few:
        return ()
    pairs: list[tuple[Headline, Stance | None, str, str]] = [
        (Headline.LEAD, None, _lead(raw), _lead(collapsed)),
        *((Headline.HALF, one, _half(raw, one), _half(collapsed, one)) for one in Stance),
    ]
    return tuple(
        Flip(headline=headline, stance=stance, raw=before, collapsed=after)
        for headline, stance, before, after in pairs
        if before != after
    )


def _lead(summary: Summary) -> str:
    favor, against = summary.favor.count, summary.against.count
    if favor == against:
        return "even"
    return Stance.FAVOR.value if favor > against else Stance.AGAINST.value


def _half(summary: Summary, stance: Stance) -> str:
    share = getattr(summary, stance)
    return "above" if 2 * share.count > share.n else "not above"
