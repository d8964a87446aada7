"""Trailing windows of whole days, and the shares in two of them, read alike. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from minyi.prevalence import share
from minyi.query import Counts, Share
from minyi.shares.adjusting import OPINIONS, Adjusted
from minyi.shares.summing import Sum
from minyi.vocabulary import Stance

Adjust = Callable[[Counts], Adjusted | None]
"""Returns the adjusted shares of a window of the policy; None where they are not known."""


@dataclass(frozen=True)
class Window:
    """What was counted in a window, and its adjusted shares as of now."""

    counts: Counts
    adjust: Adjust

    @cached_property
    def adjusted(self) -> Adjusted | None:
        return self.adjust(self.counts)


def windows(
    days: Mapping[date, Counts], first: date, last: date, length: timedelta
) -> Iterator[tuple[date, Counts]]:
    """Yield each day with the sum over its trailing window, without evaluations, in one pass."""
    days = {day: counts.model_copy(update={"evaluations": {}}) for day, counts in days.items()}
    held, nothing = Sum(), Counts()
    for day, counts in days.items():
        if first - length <= day < first:
            held.add(counts)
    day = first
    while day <= last:
        held.add(days.get(day, nothing))
        held.add(days.get(day - length, nothing), times=-1)
        yield day, held.counts()
        day += timedelta(days=1)


def measured(stance: Stance, last: Window | None, new: Window) -> tuple[Share | None, Share, bool]:
    """Return the shares of the window that was measured last and of a new one, and whether they are
    adjusted: both or none, so that they can be compared."""
    both = [new] if last is None else [last, new]
    adjusted = [window.adjusted for window in both if window.adjusted is not None]
    known = len(adjusted) == len(both)
    *before, after = (
        [getattr(found, stance) for found in adjusted]
        if known
        else [share(getattr(w.counts, stance), w.counts.total, OPINIONS) for w in both]
    )
    return (before[0] if before else None), after, known
