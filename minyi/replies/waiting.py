"""Opinions and how long they have waited for an answer, as arrays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from minyi.arrays import Bools, Floats, Integers
from minyi.changes.daily import SHARES, counted
from minyi.query import AnswerCell
from minyi.replies.survival import Lifetimes

FOLLOWED = 730
"""Days that an opinion is followed at most; an answer after that is one, but not in the curve."""


@dataclass(frozen=True)
class Waiting:
    """Cells of ``Index.answers`` as arrays, shape (cells,) but ``counts``."""

    day: Integers
    """As a proleptic ordinal."""
    followed: Integers
    """Days up to the last that is known whole, at most ``FOLLOWED``."""
    answered: Bools
    delay: Integers
    """In days begun; 0 where there is none or nobody knows."""
    counts: Integers
    """All opinions, then those that each share of ``SHARES`` counts; shape (cells, 1 + shares)."""

    def of(self, part: Sequence[int] | Bools) -> Waiting:
        """Return some of the cells."""
        return Waiting(*(getattr(self, each.name)[part] for each in fields(self)))

    def lives(self) -> Lifetimes:
        """Return the delays. What happened after the last whole day is not looked at: it would
        count the answers of a day whose unanswered are not all in."""
        seen = self.answered & (self.delay > 0) & (self.delay <= self.followed)
        untimed = self.answered & (self.delay == 0)

        def by_day(days: Integers, part: Bools) -> Floats:
            found = np.bincount(days[part], self.counts[part, 0], FOLLOWED + 1)
            return np.asarray(found, dtype=np.float64)

        return Lifetimes(
            events=by_day(self.delay, seen),
            censored=by_day(self.followed, ~seen & ~untimed),
            unknown=by_day(np.maximum(self.followed, 1), untimed),
        )

    def by_day(self, share: int) -> tuple[Floats, Floats]:
        """Return what a share counts and all there is, for each day with opinions."""
        _, place = np.unique(self.day, return_inverse=True)
        counted, total = (np.bincount(place, self.counts[:, n]) for n in (share, 0))
        return np.asarray(counted, np.float64), np.asarray(total, np.float64)


def waiting(cells: Sequence[AnswerCell], as_of: date) -> Waiting:
    """Return cells as arrays; nothing is known of days after ``as_of``."""
    rows = [
        (
            cell.day.toordinal(),
            cell.answered,
            0 if cell.delay is None else cell.delay + 1,
            cell.counts.total,
            *(counted(cell.counts, series) for series in SHARES),
        )
        for cell in cells
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4 + len(SHARES))
    followed = np.clip(as_of.toordinal() - table[:, 0], 0, FOLLOWED)
    return Waiting(table[:, 0], followed, table[:, 1] > 0, table[:, 2], table[:, 3:])
