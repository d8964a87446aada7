"""Rule + series → match, or the reason why not. Pure.

A rule watches one stance's share of the opinions on a policy in a trailing window of whole days
(Asia/Shanghai, event time). It fires when the share crosses its threshold in its direction between
two evaluated days, once: it is armed again only when the share has gone back past the threshold by
``REARM``, so that a share that trembles on the line does not ring all day.

What was so when the share was first measured is no crossing, unless the rule has seen, before, that
too few had spoken: then that first share is news.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum

from pydantic import Field

from minyi.domain import Model
from minyi.prevalence import share
from minyi.query import Share
from minyi.vocabulary import STANCE_ZH, Stance

REARM = 0.02
"""Two points: below the width of any interval that a rule's minimum count allows."""


class Crosses(StrEnum):
    ABOVE = "above"
    BELOW = "below"


class Rule(Model):
    """What a subscriber watches."""

    stance: Stance
    crosses: Crosses = Crosses.ABOVE
    threshold: float = Field(gt=0, lt=1)
    min_count: int = Field(default=30, ge=1, le=1_000_000)
    """Opinions that the window must hold for its share to count."""
    window_days: int = Field(default=30, ge=1, le=366)


class Side(StrEnum):
    """Where the share stood when it was last measured."""

    UNKNOWN = "unknown"
    ARMED = "armed"
    """Not beyond the threshold, or not measurable yet: beyond is news."""
    FIRED = "fired"
    BEYOND = "beyond"
    """Beyond from the first look on, so that nothing was sent."""


class State(Model):
    """What a rule remembers of one policy."""

    side: Side = Side.UNKNOWN
    day: date | None = None
    """The last day that was evaluated; it is evaluated again, since it may not be over."""
    share: Share | None = None
    """The last share that was measured."""


class Match(Model):
    """A crossing."""

    day: date
    before: Share | None
    """None when too few had spoken to measure a share before."""
    after: Share


class Reading(Model):
    """How a rule stands on one policy now, and why it is silent."""

    state: State
    reason: str
    """In Chinese, for the subscriber."""


DayCounts = Mapping[date, tuple[int, int]]
"""Day → (opinions with the rule's stance, all opinions)."""


def evaluate(rule: Rule, days: DayCounts, state: State, today: date) -> tuple[Reading, list[Match]]:
    """Evaluate every day since the last up to ``today``; return the new reading and its matches.

    Before the day that the state begins with nothing is evaluated, and the reason says so.
    """
    matches = []
    earliest = min(days, default=today)
    first = max(state.day or earliest, earliest)
    if first > today:
        reason = (
            f"从{first:%Y年%m月%d日}起统计；最新的意见是{today:%Y年%m月%d日}的，早于这一天，"
            "还没有可统计的日子。"
        )
        return Reading(state=state, reason=reason), []
    if state.day is not None and state.day < earliest:
        state = unheard(state)
    counted = 0
    for day, stance, counted in _windows(days, first, today, timedelta(days=rule.window_days)):
        if counted >= rule.min_count:
            now = share(stance, counted, "opinions")
            side, fired = _step(rule, state.side, stance / counted)
            if fired:
                matches.append(Match(day=day, before=state.share, after=now))
            state = State(side=side, day=day, share=now)
        else:
            state = unheard(state).model_copy(update={"day": day})
    return Reading(state=state, reason=_reason(rule, state, counted)), matches


def unheard(state: State) -> State:
    """Return the state after a look at which too few had spoken."""
    if state.side is not Side.UNKNOWN:
        return state
    return state.model_copy(update={"side": Side.ARMED})


def _windows(
    days: DayCounts, first: date, last: date, length: timedelta
) -> Iterator[tuple[date, int, int]]:
    """Yield each day with the sums over its trailing window, in one pass."""
    nothing = (0, 0)
    before = first - length
    stance = sum(counts[0] for day, counts in days.items() if before <= day < first)
    total = sum(counts[1] for day, counts in days.items() if before <= day < first)
    day = first
    while day <= last:
        entering, leaving = days.get(day, nothing), days.get(day - length, nothing)
        stance += entering[0] - leaving[0]
        total += entering[1] - leaving[1]
        yield day, stance, total
        day += timedelta(days=1)


def _step(rule: Rule, side: Side, value: float) -> tuple[Side, bool]:
    """Return the new side, and whether the rule fires."""
    sign = 1 if rule.crosses is Crosses.ABOVE else -1
    beyond = sign * (value - rule.threshold)
    if beyond >= 0 and side is Side.UNKNOWN:
        return Side.BEYOND, False
    if beyond >= 0 and side is Side.ARMED:
        return Side.FIRED, True
    if side in (Side.FIRED, Side.BEYOND) and beyond > -REARM:
        return side, False
    return Side.ARMED, False


def _reason(rule: Rule, state: State, counted: int) -> str:
    name = STANCE_ZH[rule.stance]
    if counted < rule.min_count:
        return f"近{rule.window_days}天只有{counted}条意见，少于规则要求的{rule.min_count}条。"
    assert state.share is not None and state.share.value is not None  # noqa: S101, PT018
    now = f"{name}占比为{state.share.value:.1%}（{counted}条意见）"
    above = rule.crosses is Crosses.ABOVE
    line = f"{rule.threshold:.1%}"
    reach = f"{'升' if above else '降'}到"
    back = f"{'低于' if above else '高于'}{line}两个百分点以上后"
    if state.side is Side.FIRED:
        return f"{now}，{reach}{line}时已经提醒；{back}，才会再次提醒。"
    if state.side is Side.BEYOND:
        so = f"首次统计时就已在{line}{'以上' if above else '以下'}，所以没有发送提醒"
        return f"{now}，{so}；{back}，重新{reach}这条线才会提醒。"
    return f"{now}，尚未{reach}{line}。"
