"""What is told of comparisons: every group of a facet, and the differences that are real. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minyi.arrays import Bools
from minyi.domain import Model
from minyi.groups.comparing import Comparison
from minyi.groups.discoveries import discoveries
from minyi.groups.grouping import MEASURES, By, Measure, hits
from minyi.groups.wording import finding_sentence
from minyi.prevalence import Z95, share
from minyi.query import Counts, Share
from minyi.shares.adjusting import Adjusted, Adjuster
from minyi.shares.denominators import Denominator
from minyi.vocabulary import Aspect, Polarity, Stance

MOST_FINDINGS = 100
"""Those that are listed, the largest first."""


class Estimate(Model):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Compared(Model):
    """One share of one group beside all other opinions on the policy."""

    share: Share
    """As counted, with the interval of a group on its own."""
    adjusted: Share | None = None
    """With the tagger's known errors taken out; only for stances and where they are known."""
    pooled: Estimate
    """The share as it is compared: drawn towards all groups as far as the group is small."""
    others: float
    """Share among all other opinions on the policy."""
    difference: Estimate
    """``pooled`` less ``others``."""
    excess: Estimate
    """Opinions above (or below) what the others' share would lead one to expect."""
    p: float
    """Of the hypothesis that the shares differ by no more than one percentage point."""
    real: bool
    """Whether it holds among all comparisons of the answer."""


class GroupRow(Model):
    """One group of a facet. Where ``hidden``, nothing is said of it."""

    value: str | None
    """None where opinions lack the field; a month is its first day."""
    hidden: bool = False
    opinions: int | None = None
    favor: Compared | None = None
    against: Compared | None = None


class FacetTable(Model):
    """The groups of a facet, the largest first."""

    by: By
    groups: tuple[GroupRow, ...]
    left_out: int
    """Groups beyond the largest ``minyi.groups.grouping.MOST_GROUPS``; counted among the others."""


class Finding(Model):
    """A real difference."""

    by: By
    value: str
    stance: Stance | None = None
    aspect: Aspect | None = None
    polarity: Polarity | None = None
    opinions: int
    """Of the group."""
    compared: Compared
    adverse: bool
    """More opposition or criticism than elsewhere, or less support or praise."""
    turned_within: tuple[By, ...] = ()
    """Facets within whose groups the difference points the other way
    (``minyi.groups.reversals``)."""
    sentence: str
    """In Chinese."""


def tables_and_findings(
    policy_id: str,
    compared: Sequence[Comparison],
    adjuster: Adjuster,
    of: Denominator,
    whole: Counts | None,
) -> tuple[tuple[FacetTable, ...], tuple[Finding, ...], int]:
    """Return the facets with their groups, the real differences, those first that acting on would
    change most, and how many comparisons were made.

    Args:
        policy_id: the policy that the comparisons are of.
        compared: the facets' comparisons.
        adjuster: what is known of the tagger's errors.
        of: what the shares are of.
        whole: all opinions on the policy; None: those of each facet's shown groups.
    """
    every = np.concatenate([c.p.ravel() for c in compared]) if compared else np.zeros(0)
    tested = ~np.isnan(every)
    real = np.zeros(every.shape, dtype=bool)
    real[tested] = discoveries(every[tested])
    tables, findings, at = [], [], 0
    for comparison in compared:
        flags = real[at : at + comparison.p.size].reshape(comparison.p.shape)
        at += comparison.p.size
        shown = [cell.counts for cell in comparison.groups.shown]
        adjusted = adjuster.adjust(policy_id, shown, False, whole)
        table, some = _table(comparison, flags, adjusted, of)
        tables.append(table)
        findings += some
    findings.sort(key=lambda f: (-abs(f.compared.excess.value), f.by, f.value, f.sentence))
    return tuple(tables), tuple(findings[:MOST_FINDINGS]), int(tested.sum())


def _table(
    comparison: Comparison, real: Bools, adjusted: Sequence[Adjusted | None], of: Denominator
) -> tuple[FacetTable, list[Finding]]:
    groups = comparison.groups
    shown = groups.shown
    rows, findings = [], []
    place = 0
    for label, off in zip(groups.labels, groups.hidden, strict=True):
        if off:
            rows.append(GroupRow(value=label, hidden=True))
            continue
        known = adjusted[place]
        of_group = {
            measure: _compared(comparison, place, m, bool(real[place, m]), of)
            for m, measure in enumerate(MEASURES)
            if real[place, m] or isinstance(measure, Stance)
        }
        if known is not None:
            for stance, share_ in ((Stance.FAVOR, known.favor), (Stance.AGAINST, known.against)):
                of_group[stance] = of_group[stance].model_copy(update={"adjusted": share_})
        findings += [
            _finding(groups.by, label, measure, item)
            for measure, item in of_group.items()
            if item.real and label is not None
        ]
        rows.append(
            GroupRow(
                value=label,
                opinions=shown[place].counts.total,
                favor=of_group[Stance.FAVOR],
                against=of_group[Stance.AGAINST],
            )
        )
        place += 1
    table = FacetTable(by=groups.by, groups=tuple(rows), left_out=groups.left_out)
    return table, findings


def _compared(comparison: Comparison, place: int, m: int, real: bool, of: Denominator) -> Compared:
    counts = comparison.groups.shown[place].counts
    n = counts.total
    pooled, others = comparison.pooled, float(comparison.others[place, m])
    value = float(pooled.share[place, m])
    half = Z95 * float(comparison.deviation[place, m])
    difference = value - others
    low, high = max(difference - half, -1.0), min(difference + half, 1.0)
    p = float(comparison.p[place, m])
    return Compared(
        share=share(hits(counts)[m], n, of.words()),
        pooled=_estimate(value, float(pooled.low[place, m]), float(pooled.high[place, m]), 4),
        others=round(others, 4),
        difference=_estimate(difference, low, high, 4),
        excess=_estimate(n * difference, n * low, n * high, 0),
        p=1.0 if np.isnan(p) else float(f"{p:.3g}"),
        real=real and abs(difference) > half,
    )


def _estimate(value: float, low: float, high: float, digits: int) -> Estimate:
    return Estimate(value=round(value, digits), low=round(low, digits), high=round(high, digits))


def _finding(by: By, label: str, measure: Measure, compared: Compared) -> Finding:
    stance, aspect, polarity = (
        (measure, None, None) if isinstance(measure, Stance) else (None, *measure)
    )
    bad = measure is Stance.AGAINST or polarity is Polarity.CRITICISM
    return Finding(
        by=by,
        value=label,
        stance=stance,
        aspect=aspect,
        polarity=polarity,
        opinions=compared.share.n,
        compared=compared,
        adverse=bad == (compared.difference.value > 0),
        sentence=finding_sentence(
            by,
            label,
            measure,
            (compared.pooled.value, compared.pooled.low, compared.pooled.high),
            compared.difference.value,
            (compared.excess.value, compared.excess.low, compared.excess.high),
        ),
    )
