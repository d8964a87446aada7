"""The wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

from minyi.domain import SHANGHAI
from minyi.ports import Clock


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def today(clock: Clock) -> date:
    """Return the day that it is in Shanghai."""
    return clock.now().astimezone(SHANGHAI).date()
