"""How far those who speak differ from a known population, and shares weighted to it. Pure.

People who comment have chosen to; no weight makes a sample of them. What is said here is what the
shares would be if those of every region and age were as many as they are in the population, and
spoke as those of them did who spoke.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np

from minyi.arrays import Floats
from minyi.domain import Model
from minyi.errors import InvalidMargins, InvalidQuery, UnsettledWeights
from minyi.ports import Index
from minyi.prevalence import FLOOR, AspectShares
from minyi.query import Cell, Counts, Facet, Filters, Share
from minyi.shares.adjusting import NOTHING_KNOWN, Adjusted, Adjuster
from minyi.shares.denominators import Count, Denominator, Uncorrected, denominator
from minyi.shares.summaries import OPINIONS, Summary
from minyi.shares.summing import total
from minyi.shares.wholes import whole_of
from minyi.speakers.composition import Composition, composition, sizes_of
from minyi.speakers.margins import Margins
from minyi.speakers.raking import Margin, effective, rake
from minyi.speakers.weighed import Weighed
from minyi.trends import read
from minyi.vocabulary import Stance

BY_DEFAULT = (Facet.REGION, Facet.AGE)
"""What the speakers are told apart by while no margins are known."""
MET = 0.001
"""A margin whose shares are all within this of the known ones is met."""


class Reason(StrEnum):
    """Why there is nothing raked."""

    NO_MARGINS = "no_margins"
    TOO_FEW = "too_few"
    """Fewer than ``FLOOR`` opinions of the population."""
    NOT_TOLD_APART = "not_told_apart"
    """Of no facet are two values of the margins known of those who spoke."""
    CANNOT_BE_MET = "cannot_be_met"
    """No weights meet the margins together: rake by fewer facets or coarser values."""
    NOT_SETTLED = "not_settled"
    """No weights had met the margins after all rounds: they almost contradict each other."""


class Raked(Model):
    """Shares weighted to the margins. ``count`` and ``n`` of a share are whole opinions, its value
    and interval are weighted; the interval is Wilson's at the effective size."""

    favor: Share
    against: Share
    none: Share
    evaluations: tuple[AspectShares, ...]
    adjusted: Adjusted | None
    """The raked shares with the tagger's known errors taken out; None as for those not raked."""
    facets: tuple[Facet, ...]
    n_effective: float
    design_effect: float
    lowest_weight: float
    highest_weight: float
    met: bool
    """Whether every margin is reached; where not, a weight would have had to be too large."""
    largest_miss: float
    """Of any share of a margin, 0 to 1."""
    left_out: int
    """Opinions of values that the margins do not name: they are not of this population."""


class Representativeness(Model):
    """Raw, adjusted and raked shares side by side, with who speaks."""

    policy_id: str
    count: Count
    caveat: str = (
        "These are people who chose to speak, not a sample: no share here is that of all residents."
    )
    source: str | None
    """Of the margins."""
    raw: Summary
    adjusted: Adjusted | None
    """None where there are too few, and where ``uncorrected`` says why."""
    uncorrected: Uncorrected | None
    raked: Raked | None
    reason: Reason | None
    """Why there is nothing raked; None when there is."""
    speakers: tuple[Composition, ...]


def read_representativeness(
    index: Index,
    policy_id: str,
    scope: Filters,
    margins: Margins | None,
    adjuster: Adjuster,
    count: Count = Count.OPINIONS,
) -> Representativeness:
    """Read who speaks on a policy and ``compare`` them with a population.

    Args:
        index: where the opinions are.
        policy_id: the policy.
        scope: which of its opinions.
        margins: of the population; None compares with nothing.
        adjuster: what is known of the tagger's errors.
        count: what has one vote before weighting.

    Raises:
        InvalidQuery: when such shares make no sense.
    """
    of = denominator(scope)
    wanted = scope.model_copy(update={"policy_id": policy_id})
    cells = index.cells(wanted, facets_of(margins))
    whole = whole_of(index, wanted, adjuster, of)
    return compare(policy_id, cells, margins, adjuster, of, count, whole)


def facets_of(margins: Margins | None) -> tuple[Facet, ...]:
    """Return the facets that cells are needed by."""
    return tuple(margins.margins) if margins else BY_DEFAULT


def compare(
    policy_id: str,
    cells: Sequence[Cell],
    margins: Margins | None,
    adjuster: Adjuster = NOTHING_KNOWN,
    of: Denominator = OPINIONS,
    count: Count = Count.OPINIONS,
    whole: Counts | None = None,
) -> Representativeness:
    """Compare who speaks on a policy with a population, and weight the shares to it.

    Args:
        policy_id: the policy.
        cells: its opinions by ``facets_of(margins)``.
        margins: of the population; None compares with nothing.
        adjuster: what is known of the tagger's errors.
        of: what the raw and adjusted shares are of.
        count: what has one vote before weighting. With authors a cell counts by its authors, and
            in a cell every opinion alike.
        whole: all opinions on the policy, where the cells are of a part of them; None: of all.

    Raises:
        InvalidQuery: when near-identical texts shall be counted once: cells hold them all.
    """
    if count is Count.COLLAPSED:
        raise InvalidQuery(
            "cells are weighted by opinions or authors; say count=opinions or authors"
        )
    facets = facets_of(margins)
    known = margins.margins if margins else {}

    said = total(cell.counts for cell in cells)
    level = whole or said  # whatever weights do to them, these are opinions of one policy

    def adjust(counts: Counts) -> Adjusted | None:
        return read(policy_id, counts, adjuster, of, level).adjusted

    reading = read(policy_id, said, adjuster, of, level)
    kept = [cell for cell in cells if not _outside(cell, facets, known)]
    raked, reason = None, _missing(margins, kept, facets)
    weights: Floats | None = None
    used: tuple[Facet, ...] = ()
    if reason is None:
        used = tuple(f for place, f in enumerate(facets) if _heard(kept, place))
        wanted = [_margin(kept, facets, f, known[f], count) for f in used]
        try:
            weights = rake(sizes_of(kept, count), wanted)
        except UnsettledWeights:
            reason = Reason.NOT_SETTLED
        except InvalidMargins:
            reason = Reason.CANNOT_BE_MET
    if weights is not None:
        raked = _raked(kept, weights, facets, used, known, count, reading.raw.n, of, adjust)
    return Representativeness(
        policy_id=policy_id,
        count=count,
        source=margins.source if margins else None,
        raw=reading.raw,
        adjusted=reading.adjusted,
        uncorrected=reading.uncorrected,
        raked=raked,
        reason=reason,
        speakers=tuple(
            composition(cells, place, facet, known.get(facet), count, of, kept, weights)
            for place, facet in enumerate(facets)
        ),
    )


def _raked(
    cells: Sequence[Cell],
    weights: Floats,
    facets: Sequence[Facet],
    used: tuple[Facet, ...],
    known: dict[Facet, dict[str, float]],
    count: Count,
    everything: int,
    of: Denominator,
    adjust: Callable[[Counts], Adjusted | None],
) -> Raked:
    sizes = sizes_of(cells, count)
    size = effective(sizes, weights)
    named = " and ".join(used)
    words = f"{of.words()}{', one vote an author' if count is Count.AUTHORS else ''}"
    weighed = Weighed(
        cells, sizes * weights, size, f"{words}, weighted to known margins of {named}"
    )
    adjusted = adjust(weighed.counts())
    miss = max(
        _margin(cells, facets, facet, known[facet], count).missed(sizes * weights) for facet in used
    )
    return Raked(
        favor=weighed.stance(Stance.FAVOR),
        against=weighed.stance(Stance.AGAINST),
        none=weighed.stance(Stance.NONE),
        evaluations=weighed.evaluations(),
        adjusted=adjusted and weighed.named(adjusted),
        facets=used,
        n_effective=round(size, 1),
        design_effect=round(float(sizes.sum()) / size, 3),
        lowest_weight=round(float(weights.min()), 3),
        highest_weight=round(float(weights.max()), 3),
        met=miss <= MET,
        largest_miss=round(miss, 4),
        left_out=everything - sum(cell.counts.total for cell in cells),
    )


def _outside(cell: Cell, facets: Sequence[Facet], known: dict[Facet, dict[str, float]]) -> bool:
    """Say whether the margins know a facet of the cell, but not its value."""
    return any(
        value is not None and facet in known and value not in known[facet]
        for facet, value in zip(facets, cell.values, strict=True)
    )


def _heard(cells: Sequence[Cell], place: int) -> bool:
    """Say whether a facet tells any cells apart."""
    return len({cell.values[place] for cell in cells} - {None}) > 1


def _missing(
    margins: Margins | None, cells: Sequence[Cell], facets: Sequence[Facet]
) -> Reason | None:
    """Return why nothing can be raked, or None."""
    if margins is None:
        return Reason.NO_MARGINS
    if sum(cell.counts.total for cell in cells) < FLOOR:
        return Reason.TOO_FEW
    if not any(_heard(cells, place) for place in range(len(facets))):
        return Reason.NOT_TOLD_APART
    return None


def _margin(
    cells: Sequence[Cell],
    facets: Sequence[Facet],
    facet: Facet,
    population: dict[str, float],
    count: Count,
) -> Margin:
    """Return what a facet's shares shall be: the known ones of the values that were heard, scaled
    to those whose value is known; the others keep their share."""
    place = facets.index(facet)
    values = [cell.values[place] for cell in cells]
    names = [name for name in population if name in values]
    sizes = sizes_of(cells, count)
    unknown = np.array([value is None for value in values])
    lacking = float(sizes[unknown].sum() / sizes.sum())
    shares = np.array([population[name] for name in names])
    shares = shares / shares.sum() * (1 - lacking)
    if lacking:
        shares = np.append(shares, lacking)
    number = {name: i for i, name in enumerate(names)}
    return Margin(
        values=np.array([len(names) if v is None else number[v] for v in values], dtype=np.intp),
        shares=shares,
    )
