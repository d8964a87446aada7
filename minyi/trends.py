"""Counts made readable: the stance and evaluation of a policy, at once and over time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from minyi.domain import Model
from minyi.prevalence import AspectShares, share
from minyi.query import Counts, Interval, Share, TrendPoint
from minyi.vocabulary import Aspect, Polarity

OPINIONS = "opinions"
COLLAPSED = "opinions, near-identical texts counted once"
ALL_OPINIONS = "opinions on all policies"


class Summary(Model):
    """What a set of opinions says, as shares of all of them."""

    opinions: int
    favor: Share
    against: Share
    none: Share
    evaluations: tuple[AspectShares, ...]
    """All six aspects, in the order of the vocabulary."""


class TrendRow(Model):
    """One bucket (and group) of a trend."""

    bucket: date
    group: str | None = None
    raw: Summary
    collapsed: Summary
    salience: Share | None = None
    """The policy's share of all opinions in the bucket; absent when the trend is split."""


class Trend(Model):
    """Prevalence, evaluation and salience of one policy over time."""

    policy_id: str
    interval: Interval
    timezone: str = "Asia/Shanghai"
    rows: tuple[TrendRow, ...]


def summarise(counts: Counts, denominator: str = OPINIONS) -> Summary:
    """Return the shares of a cell."""
    n = counts.total

    def evaluated(aspect: Aspect, polarity: Polarity) -> Share:
        return share(counts.evaluations.get(aspect, {}).get(polarity, 0), n, denominator)

    return Summary(
        opinions=n,
        favor=share(counts.favor, n, denominator),
        against=share(counts.against, n, denominator),
        none=share(counts.none, n, denominator),
        evaluations=tuple(
            AspectShares(
                aspect=aspect,
                praise=evaluated(aspect, Polarity.PRAISE),
                criticism=evaluated(aspect, Polarity.CRITICISM),
            )
            for aspect in Aspect
        ),
    )


def assemble(
    policy_id: str,
    interval: Interval,
    points: Iterable[TrendPoint],
    everything: Mapping[date, int] | None = None,
) -> Trend:
    """Return the trend of a policy.

    Args:
        policy_id: the policy that the points are of.
        interval: the bucket's length.
        points: as the index returns them.
        everything: opinions on all policies by bucket, for the salience.
    """
    return Trend(
        policy_id=policy_id,
        interval=interval,
        rows=tuple(
            TrendRow(
                bucket=point.bucket,
                group=point.group,
                raw=summarise(point.counts),
                collapsed=summarise(point.collapsed, COLLAPSED),
                salience=share(
                    point.counts.total,
                    max(everything.get(point.bucket, 0), point.counts.total),
                    ALL_OPINIONS,
                )
                if everything is not None
                else None,
            )
            for point in points
        ),
    )
