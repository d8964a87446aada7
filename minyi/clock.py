"""The clocks: the machine's, and the index's, which comments from the future do not move."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from minyi.domain import SHANGHAI, Comment
from minyi.errors import InvalidRecord
from minyi.ports import Clock, Index
from minyi.query import Filters

AHEAD = timedelta(days=1)
"""How far the time of a comment may lie ahead: clocks and zones differ."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def today(clock: Clock) -> date:
    """Return the day that it is in Shanghai."""
    return _day(clock.now())


def newest_day(index: Index, today: date, filters: Filters | None = None) -> date | None:
    """Return the day in Shanghai of the newest opinion up to today, None when there is none: what
    claims to be later moves no window."""
    tomorrow = datetime.combine(today + timedelta(days=1), time(), SHANGHAI)
    asked = (filters or Filters()).model_copy(update={"until": tomorrow})
    newest = index.newest(asked)
    return None if newest is None else _day(newest)


def already_said(comment: Comment, now: datetime, called: str = "today is") -> Comment:
    """Return a comment that is not of a time yet to come: one such comment would move the end of
    whatever is counted back from the newest.

    Args:
        comment: as it was read.
        now: when it came in.
        called: what stands before that day in the reason.

    Raises:
        InvalidRecord: when it is dated more than ``AHEAD`` after ``now``.
    """
    if comment.created_at > now + AHEAD:
        said = comment.created_at.astimezone(SHANGHAI)
        raise InvalidRecord(
            f"{said:%Y-%m-%d %H:%M} is yet to come; {called} {_day(now)}", "field created_at"
        )
    return comment


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()
