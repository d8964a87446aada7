"""Rule + series → match, or the reason why not. Pure.

A rule watches one stance's share of the opinions on a policy in a trailing window of whole days
(Asia/Shanghai, event time): the adjusted share that a trend shows of that window, or the counted
one where the tagger's errors are not known. It fires when the share crosses its threshold in its
direction between two evaluated days, once: it is armed again only when the share has gone back past
the threshold by ``REARM``, so that a share that trembles on the line does not ring all day.

What was so when the share was first measured is no crossing, unless the rule has seen, before, that
too few had spoken: then that first share is news.

An adjusted share moves, too, when the tagger is measured anew or the policy's other windows grow,
and neither is news of the people in this one. So a rule remembers the window that it measured last,
not only its share, and measures it again beside the new one: an alert is of what differs between
the two as both are read now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from pydantic import Field

from minyi.domain import Model
from minyi.query import Counts, Share
from minyi.vocabulary import STANCE_ZH, Stance
from minyi.windows import Adjust, Window, measured, windows

REARM = 0.02
"""Two points: below the width of any interval that a rule's minimum count allows."""


class Crosses(StrEnum):
    ABOVE = "above"
    BELOW = "below"


class Rule(Model):
    """What a subscriber watches: a stance's share as a policy's trend shows it, adjusted for the
    tagger's known errors, or counted where these are not known."""

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
    """Beyond from the first look on, or since it is read otherwise, so that nothing was sent."""


class State(Model):
    """What a rule remembers of one policy."""

    side: Side = Side.UNKNOWN
    day: date | None = None
    """The last day that was evaluated; it is evaluated again, since it may not be over."""
    share: Share | None = None
    """The last share that was measured."""
    adjusted: bool = False
    """Whether that share is adjusted."""
    window: Counts | None = None
    """What was measured then, stances and outputs. A share without it was counted by a version that
    watched no other."""


class Match(Model):
    """A crossing. The shares are both adjusted or both counted; ``count`` of ``n`` is always what
    the tagger counted."""

    day: date
    before: Share | None
    """As it is read now; None when too few had spoken to measure a share before."""
    after: Share
    adjusted: bool


class Reading(Model):
    """How a rule stands on one policy now, and why it is silent."""

    state: State
    reason: str
    """In Chinese, for the subscriber."""


def evaluate(
    rule: Rule, days: Mapping[date, Counts], state: State, today: date, adjust: Adjust
) -> tuple[Reading, list[Match]]:
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
    state = _comparable(state)
    if state.day is not None and state.day < earliest:
        state = unheard(state)
    last = None if state.window is None else Window(state.window, adjust)
    counted = 0
    for day, window in windows(days, first, today, timedelta(days=rule.window_days)):
        counted = window.total
        if counted >= rule.min_count:
            new = Window(window, adjust)
            before, after, adjusted = measured(rule.stance, last, new)
            side, fired = _step(rule, state.side, before, after)
            if fired:
                matches.append(Match(day=day, before=before, after=after, adjusted=adjusted))
            state = State(side=side, day=day, share=after, adjusted=adjusted, window=window)
            last = new
        else:
            state = unheard(state).model_copy(update={"day": day})
    return Reading(state=state, reason=_reason(rule, state, counted)), matches


def unheard(state: State) -> State:
    """Return the state after a look at which too few had spoken."""
    if state.side is not Side.UNKNOWN:
        return state
    return state.model_copy(update={"side": Side.ARMED})


def _comparable(state: State) -> State:
    """Return a state that a new share can be told apart from: where the window is not remembered,
    the side of the last share says nothing of the share that is watched now."""
    if state.side is Side.ARMED and state.share is not None and state.window is None:
        return state.model_copy(update={"side": Side.UNKNOWN})
    return state


def _step(rule: Rule, side: Side, before: Share | None, after: Share) -> tuple[Side, bool]:
    """Return the new side, and whether the rule fires."""
    beyond = _beyond(rule, after)
    if beyond >= 0 and side is Side.UNKNOWN:
        return Side.BEYOND, False
    if beyond >= 0 and side is Side.ARMED:
        if before is not None and _beyond(rule, before) >= 0:
            return Side.BEYOND, False  # not since more was said, but since it is read otherwise
        return Side.FIRED, True
    if side in (Side.FIRED, Side.BEYOND) and beyond > -REARM:
        return side, False
    return Side.ARMED, False


def _beyond(rule: Rule, found: Share) -> float:
    """Return how far a share lies beyond the threshold."""
    assert found.value is not None  # noqa: S101  # of at least one opinion
    return (1 if rule.crosses is Crosses.ABOVE else -1) * (found.value - rule.threshold)


def _reason(rule: Rule, state: State, counted: int) -> str:
    name = STANCE_ZH[rule.stance]
    if counted < rule.min_count:
        return f"近{rule.window_days}天只有{counted}条意见，少于规则要求的{rule.min_count}条。"
    assert state.share is not None and state.share.value is not None  # noqa: S101, PT018
    raw = f"原始{state.share.count / counted:.1%}" if state.adjusted else "未校正"
    now = f"{name}占比为{state.share.value:.1%}（{raw}，{counted}条意见）"
    above = rule.crosses is Crosses.ABOVE
    line = f"{rule.threshold:.1%}"
    reach = f"{'升' if above else '降'}到"
    back = f"{'低于' if above else '高于'}{line}两个百分点以上后"
    if state.side is Side.FIRED:
        return f"{now}，{reach}{line}时已经提醒；{back}，才会再次提醒。"
    if state.side is Side.BEYOND:
        so = f"首次统计或重新校正时就已在{line}{'以上' if above else '以下'}，所以没有发送提醒"
        return f"{now}，{so}；{back}，重新{reach}这条线才会提醒。"
    return f"{now}，尚未{reach}{line}。"
