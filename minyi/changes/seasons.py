"""What comes back with the calendar: the week, and the weeks that are like no other. Pure.

Counts and shares of a day depend on its weekday; and around the Spring Festival 春节, the two
sessions 两会 and the National Day 国庆 fewer or other people write. A change that is only the
calendar's is none, so the effect of the weekday is estimated and taken off, and the days of a
season are left out.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from minyi.arrays import Floats


class Season(StrEnum):
    SPRING_FESTIVAL = "spring_festival"
    TWO_SESSIONS = "two_sessions"
    NATIONAL_DAY = "national_day"


_NEW_YEARS = (
    "2010-02-14 2011-02-03 2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 "
    "2018-02-16 2019-02-05 2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 "
    "2026-02-17 2027-02-06 2028-01-26 2029-02-13 2030-02-03 2031-01-23 2032-02-11 2033-01-31 "
    "2034-02-19 2035-02-08"
)
NEW_YEARS = {day.year: day for day in map(date.fromisoformat, _NEW_YEARS.split())}
"""First day of the lunar year, 2010 to 2035; other years have no Spring Festival here."""
EVE, LANTERNS = timedelta(days=7), timedelta(days=14)
"""The season runs from the little new year 小年, a week before, to the lantern feast 元宵, the
fifteenth day."""
SESSIONS = {
    2013: ((3, 3), (3, 17)),
    2016: ((3, 3), (3, 16)),
    2018: ((3, 3), (3, 20)),
    2020: ((5, 21), (5, 28)),
}
"""The two sessions open on March 3 to 5 and close by March 15, but in these years."""
USUAL_SESSIONS = ((3, 3), (3, 15))


def season(day: date) -> Season | None:
    """Return the season that a day belongs to."""
    new_year = NEW_YEARS.get(day.year)
    if new_year and new_year - EVE <= day <= new_year + LANTERNS:
        return Season.SPRING_FESTIVAL
    opened, closed = SESSIONS.get(day.year, USUAL_SESSIONS)
    if opened <= (day.month, day.day) <= closed:
        return Season.TWO_SESSIONS
    if day.month == 10 and day.day <= 8:
        return Season.NATIONAL_DAY
    return None


class Weekdays:
    """How the days of the week differ, learned from whole weeks, one after the other.

    Only differences within a week count, so a level that moves leaves the effects alone. They are
    the posterior mean of a normal model in which a day's value has variance ``1 / weight`` and an
    effect ``1 / prior``: with little to go by, they are near zero. They sum to zero.
    """

    def __init__(self, prior: float) -> None:
        self._normal = np.eye(7) * prior
        self._right = np.zeros(7)

    def learn(self, values: Floats, weights: Floats) -> None:
        """Take in one week, Monday first.

        Args:
            values: of the seven days, shape (7,).
            weights: their precision, shape (7,); 0 for a day that has no value.
        """
        total = weights.sum()
        if total <= 0:
            return
        mean = values @ weights / total
        self._normal += np.diag(weights) - np.outer(weights, weights) / total
        self._right += weights * (values - mean)

    def effects(self) -> Floats:
        """Return what each weekday adds, Monday first, shape (7,)."""
        return np.asarray(np.linalg.solve(self._normal, self._right), dtype=np.float64)
