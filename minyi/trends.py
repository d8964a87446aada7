"""Counts made readable: the stance and evaluation of a policy, at once and over time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain

import numpy as np

from minyi.domain import Model
from minyi.query import Counts, Interval, Share, TrendPoint
from minyi.shares.adjusting import NOTHING_KNOWN, Adjusted, Adjuster
from minyi.shares.bands import SmoothPoint, among, smoothed
from minyi.shares.denominators import Count, Denominator, Uncorrected
from minyi.shares.summaries import OPINIONS, Summary, shares, summaries
from minyi.shares.summing import total
from minyi.vocabulary import Stance

ALL_OPINIONS = "opinions on all policies"
"""Of which a salience is a share; where the tagger's doubtful ones are left out, of the others."""


class Reading(Model):
    """What a set of opinions says: as counted, and with the tagger's known errors taken out."""

    raw: Summary
    adjusted: Adjusted | None = None
    """None where there are too few, and where ``uncorrected`` says why."""


class PolicyReading(Reading):
    """What is said of a policy."""

    uncorrected: Uncorrected | None
    """Why its shares are not adjusted."""


class TrendRow(Reading):
    """One bucket (and group) of a trend."""

    bucket: date
    group: str | None = None
    repeats: int
    """Opinions that repeat the text of another of the same stance in the bucket (and group)."""
    salience: Share | None = None
    """The policy's share of all opinions in the bucket; absent when the trend is split, and for
    authors."""


class GroupReading(Reading):
    """One group of a split trend, its buckets added up."""

    group: str | None


class Trend(Model):
    """Prevalence, evaluation and salience of one policy over time."""

    policy_id: str
    interval: Interval
    timezone: str = "Asia/Shanghai"
    count: Count
    denominator: str
    """Of the shares of favor and against; every share says its own."""
    uncorrected: Uncorrected | None
    """Why no row has adjusted shares: a trend is adjusted as a whole or not at all."""
    total: Reading
    """All buckets (and groups) added up."""
    groups: tuple[GroupReading, ...] = ()
    """The largest first, when the trend is split."""
    salience: Share | None
    """Of all buckets in which the policy was spoken of; absent as in a row."""
    rows: tuple[TrendRow, ...]
    """With evaluations only where they were asked for; none where they are left out."""
    smooth: tuple[SmoothPoint, ...] = ()
    """The level that the buckets' shares, adjusted where the trend is, scatter around; also for
    buckets that are too small or empty. Absent when the trend is split, too small as a whole or
    without rows."""


def read(
    policy_id: str,
    counts: Counts,
    adjuster: Adjuster,
    of: Denominator = OPINIONS,
    whole: Counts | None = None,
) -> PolicyReading:
    """Return what opinions on a policy say. They are a part of the whole, which tells the policy's
    level; without it they are all."""
    adjusted, why = _adjust(policy_id, [[counts]], adjuster, of, whole)
    (found,) = _readings([counts], adjusted, of)
    return PolicyReading(raw=found.raw, adjusted=found.adjusted, uncorrected=why)


def assemble(
    policy_id: str,
    interval: Interval,
    points: Iterable[TrendPoint],
    everything: Mapping[date, int] | None = None,
    adjuster: Adjuster = NOTHING_KNOWN,
    of: Denominator = OPINIONS,
    evaluations: bool = False,
    whole: Counts | None = None,
    rows: bool = True,
) -> Trend:
    """Return the trend of a policy.

    Args:
        policy_id: the policy that the points are of.
        interval: the bucket's length.
        points: as the index returns them, from ``votes`` where authors are counted.
        everything: opinions on all policies by bucket, for the salience; None: the points are split
            by group, or are votes.
        adjuster: what is known of the tagger's errors.
        of: what the shares are of.
        evaluations: whether rows have them; total and groups always do.
        whole: all opinions on the policy, where the points are of a part of them; None: of all.
        rows: whether there are any, beside total and groups.
    """
    points = list(points)
    counted = [of.of(point) for point in points]
    groups = _by_group(points, counted) if of.group is not None else {}
    *heard, salience = _salience(points, everything, of)
    sums = [*groups.values()], [total(counted)]
    if not rows:
        points, counted, heard = [], [], []
    adjusted, why = _adjust(policy_id, [counted, *sums], adjuster, of, whole, evaluations)
    each = _readings(counted, adjusted[: len(points)], of, evaluations)
    *split, every = _readings([*chain.from_iterable(sums)], adjusted[len(points) :], of)
    return Trend(
        policy_id=policy_id,
        interval=interval,
        count=of.count,
        denominator=of.words(of.sided),
        uncorrected=why,
        total=every,
        groups=tuple(
            GroupReading(group=name, raw=reading.raw, adjusted=reading.adjusted)
            for name, reading in zip(groups, split, strict=True)
        ),
        salience=salience,
        rows=tuple(
            TrendRow(
                bucket=point.bucket,
                group=point.group,
                raw=reading.raw,
                adjusted=reading.adjusted,
                repeats=point.counts.total - point.collapsed.total,
                salience=of_all,
            )
            for point, reading, of_all in zip(points, each, heard, strict=True)
        ),
        smooth=()
        if of.group is not None or every.raw.too_few or not rows
        else smoothed(
            [point.bucket for point in points],
            interval,
            counted,
            None if why else adjuster.moves(policy_id, counted, whole),
            of.sided,
        ),
    )


def _by_group(points: list[TrendPoint], counted: list[Counts]) -> dict[str | None, Counts]:
    groups: defaultdict[str | None, list[Counts]] = defaultdict(list)
    for point, counts in zip(points, counted, strict=True):
        groups[point.group].append(counts)
    sums = {name: total(cells) for name, cells in groups.items()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].total, item[0] or "")))


def _adjust(
    policy_id: str,
    parts: Sequence[Sequence[Counts]],
    adjuster: Adjuster,
    of: Denominator,
    whole: Counts | None,
    evaluations: bool = True,
) -> tuple[list[Adjusted | None], Uncorrected | None]:
    """Adjust all cells, or none and say why. Each part divides the same opinions in its way, which
    are some of the ``whole``; ``evaluations`` are the first part's, the others always have them."""
    nothing: list[Adjusted | None] = [None] * sum(map(len, parts))
    if of.uncorrected:
        return nothing, of.uncorrected
    found = [
        one
        for place, cells in enumerate(parts)
        for one in adjuster.adjust(policy_id, cells, evaluations or place > 0, whole)
    ]
    cells = chain.from_iterable(parts)
    if any(one is None and cell.total for one, cell in zip(found, cells, strict=True)):
        return nothing, Uncorrected.HELD_OUT
    return [one and _among_sides(one, of) for one in found], None


def _among_sides(found: Adjusted, of: Denominator) -> Adjusted:
    """Return favor and against as shares of the two, where that is asked for."""
    if not of.sided:
        return found
    sides = found.favor, found.against
    given = np.array([(s.value or 0, s.low or 0, s.high or 0) for s in sides])
    both = np.transpose(among(*given.T)).round(4).tolist()
    return found.model_copy(
        update={
            stance.value: Share(
                value=value,
                low=low,
                high=high,
                count=side.count,
                n=found.favor.count + found.against.count,
                denominator=of.words(sided=True),
            )
            for stance, side, (value, low, high) in zip(Stance, sides, both, strict=False)
        }
    )


def _readings(
    cells: Sequence[Counts],
    adjusted: Sequence[Adjusted | None],
    of: Denominator,
    evaluations: bool = True,
) -> list[Reading]:
    return [
        Reading(raw=summary, adjusted=None if summary.too_few else found)
        for summary, found in zip(summaries(cells, of, evaluations), adjusted, strict=True)
    ]


def _salience(
    points: list[TrendPoint], everything: Mapping[date, int] | None, of: Denominator
) -> list[Share] | list[None]:
    """Return the share of every point, and last of all."""
    if everything is None:
        return [None] * (len(points) + 1)
    counts = [point.counts.total for point in points]
    n = [max(everything.get(p.bucket, 0), c) for p, c in zip(points, counts, strict=True)]
    words = f"{ALL_OPINIONS}{' that the tagger is sure of' if of.sure else ''}"
    return shares([*counts, sum(counts)], [*n, sum(n)], words)  # two reads: n may be older
