"""What the opinions say that were answered in time, late or not at all, side by side. Pure.

An opinion was written before its answer: a difference says whose opinions are answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from minyi.changes.daily import SHARES, Series
from minyi.changes.drawn_days import Gap, shares_differ
from minyi.domain import Model
from minyi.query import Share
from minyi.replies.waiting import Waiting


class Standing(StrEnum):
    """What became of an opinion that was followed long enough."""

    PROMPT = "prompt"
    LATE = "late"
    ANSWERED = "answered"
    """At any time, also one that nobody knows."""
    UNANSWERED = "unanswered"


class Difference(Model):
    """One share among opinions of two standings, and the second less the first."""

    series: Series
    first: Share
    second: Share
    gap: Gap


class Contrasted(Model):
    """What opinions of two standings say; without rows where there are too few of one."""

    first: Standing
    second: Standing
    rows: tuple[Difference, ...]


def contrasts(table: Waiting, words: str, late_after: int) -> tuple[Contrasted, ...]:
    """Compare opinions that were followed for long enough, by what became of them.

    Args:
        table: the opinions.
        words: what they are.
        late_after: days that they were followed, and after which an answer is late.
    """
    old = table.of(table.followed >= late_after)
    timed = old.answered & (old.delay > 0)
    parts = {
        Standing.PROMPT: old.of(timed & (old.delay <= late_after)),
        Standing.LATE: old.of(timed & (old.delay > late_after)),
        Standing.ANSWERED: old.of(old.answered),
        Standing.UNANSWERED: old.of(~old.answered),
    }
    pairs = (Standing.PROMPT, Standing.LATE), (Standing.ANSWERED, Standing.UNANSWERED)
    followed = f"{words}, followed for {late_after} days and"
    named = {
        Standing.PROMPT: f"{followed} answered in time",
        Standing.LATE: f"{followed} answered later",
        Standing.ANSWERED: f"{followed} answered",
        Standing.UNANSWERED: f"{followed} not answered",
    }
    return tuple(_contrasted(parts, named, *pair) for pair in pairs)


def _contrasted(
    parts: Mapping[Standing, Waiting],
    named: Mapping[Standing, str],
    first: Standing,
    second: Standing,
) -> Contrasted:
    rows = []
    for number, series in enumerate(SHARES, start=1):
        one, other = (parts[standing].by_day(number) for standing in (first, second))
        if found := shares_differ(one, other, (named[first], named[second])):
            rows.append(Difference(series=series, first=found[0], second=found[1], gap=found[2]))
    return Contrasted(first=first, second=second, rows=tuple(rows))
