"""Rule + series → match, or the reason why not. Pure.

A rule watches one stance's share of the opinions on a policy in a trailing window of whole days
(Asia/Shanghai, event time): the adjusted share that a trend shows of that window, or the counted
one where the tagger's errors are not known. It crosses its threshold on a day whose window lies
beyond, in its direction, when that of the day before did not. Until the share has gone back past
the threshold by ``REARM`` this is one crossing, however it trembles on the line, and told once.

What was so when the share was first measured is no crossing, unless the rule has seen, before, that
too few had spoken: then that first share is news.

Comments come late, and in any order. So the last days, ``KEPT``, are evaluated again wherever their
windows hold more: what crosses then is told under its own day, unless a day of the same crossing
was told already. A day that was told and crosses no longer stays told, and the reason names it.

An adjusted share moves, too, when the tagger is measured anew or the policy's other windows grow,
and neither is news of the people in this one. So a day whose window holds as many opinions as when
it was looked at is not evaluated again, and the window before a crossing is read as of now, as the
crossing's own: an alert is of what differs between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from pydantic import Field

from minyi.domain import Model
from minyi.query import Counts, Share
from minyi.vocabulary import STANCE_ZH, Stance
from minyi.windows import Adjust, Window, measured, windows

REARM = 0.02
"""Two points: below the width of any interval that a rule's minimum count allows."""
KEPT = timedelta(days=62)
"""How far back from the newest day late comments still count: the files of two months may come in
either order."""


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


class Look(NamedTuple):
    """How a day was evaluated. With the same ``came`` and ``n`` it is not evaluated again."""

    came: Side
    """Where the share stood before this day."""
    n: int
    """Opinions in its window. How they are tagged and adjusted may change: nobody has said more."""
    side: Side


class State(Model):
    """What a rule remembers of one policy. The states of older versions have no ``looks``."""

    side: Side = Side.UNKNOWN
    """Where the share stood before the first day."""
    day: date | None = None
    """The first day that may be evaluated, and evaluated again."""
    window: Counts | None = None
    """What was measured last before the first day, stances and outputs. In a state that has a share
    and no looks, its lack tells of a version that watched the counted share."""
    looks: dict[date, Look] = Field(default_factory=dict)
    """From the first day on to the newest."""
    told: tuple[date, ...] = ()
    """The days of ``KEPT`` that were told."""
    share: Share | None = None
    """The newest share that was measured, as it was read last."""
    adjusted: bool = False
    """Whether that share is adjusted."""


class Match(Model):
    """A crossing. The shares are both adjusted or both counted; ``count`` of ``n`` is always what
    the tagger counted."""

    day: date
    before: Share | None
    """As it is read now; None when too few had spoken to measure a share before."""
    after: Share
    adjusted: bool
    newest: date
    """The last day that was evaluated: a later one, where comments came late or many at a time."""


class Reading(Model):
    """How a rule stands on one policy now, and why it is silent."""

    state: State
    reason: str
    """In Chinese, for the subscriber."""


def evaluate(
    rule: Rule, days: Mapping[date, Counts], state: State, today: date, adjust: Adjust
) -> tuple[Reading, list[Match]]:
    """Evaluate the days of the state up to ``today`` that are new or hold more; return the new
    reading and its matches.

    Before the day that the state begins with nothing is evaluated, and the reason says so.
    """
    if state.day is not None and state.day > today:
        reason = (
            f"从{state.day:%Y年%m月%d日}起统计；最新的意见是{today:%Y年%m月%d日}的，早于这一天，"
            "还没有可统计的日子。"
        )
        return Reading(state=state, reason=reason), []
    first = _first(state, min(days, default=today), today)
    state = _comparable(state, first)
    summed = windows(days, first, today, timedelta(days=rule.window_days))
    looked = list(_look(rule, summed, state, adjust))
    matches = [
        Match(day=each.day, before=before, after=after, adjusted=adjusted, newest=today)
        for each in _untold(looked, set(state.told))
        for before, after, adjusted in [measured(rule.stance, each.before, each.window)]
    ]
    told = {*state.told, *(match.day for match in matches)}
    state = _kept(rule, state, looked, told)
    return Reading(state=state, reason=_reason(rule, state)), matches


def unheard(state: State) -> State:
    """Return the state after a look at which too few had spoken."""
    return state.model_copy(update={"side": _unheard(state.side)})


def beyond(rule: Rule, found: Share) -> float:
    """Return how far a share lies beyond the threshold."""
    assert found.value is not None  # noqa: S101  # of at least one opinion
    return (1 if rule.crosses is Crosses.ABOVE else -1) * (found.value - rule.threshold)


def _first(state: State, earliest: date, today: date) -> date:
    """Return the first day to evaluate: none of the many before anybody has spoken."""
    return max(state.day or earliest, min(earliest, today - KEPT))


def _comparable(state: State, first: date) -> State:
    """Return a state that a new share can be told apart from."""
    counted = state.share is not None and state.window is None and not state.looks
    if counted and state.side is Side.ARMED:
        # the side of a share that was counted says nothing of the share that is watched now
        state = state.model_copy(update={"side": Side.UNKNOWN})
    if state.day is not None and state.day < first:
        state = unheard(state)
    return state


class _Looked(NamedTuple):
    day: date
    look: Look
    before: Window | None
    """The window that could be measured last before this day."""
    window: Window


def _look(
    rule: Rule, summed: Iterable[tuple[date, Counts]], state: State, adjust: Adjust
) -> Iterator[_Looked]:
    """Look at each day; measure those that are new or whose windows hold more."""
    side = state.side
    last = None if state.window is None else Window(state.window, adjust)
    for day, counts in summed:
        came, n, window = side, counts.total, Window(counts, adjust)
        known = state.looks.get(day)
        if known is not None and (known.came, known.n) == (came, n):
            side = known.side
        elif n < rule.min_count:
            side = _unheard(came)
        else:
            before, after, _ = measured(rule.stance, last, window)
            side = _step(rule, came, before, after, told=day in state.told)
        yield _Looked(day, Look(came, n, side), last, window)
        if n >= rule.min_count:
            last = window


def _unheard(side: Side) -> Side:
    return Side.ARMED if side is Side.UNKNOWN else side


def _step(rule: Rule, side: Side, before: Share | None, after: Share, told: bool) -> Side:
    """Return the side of a day on which the share can be measured."""
    is_now = beyond(rule, after)
    if is_now <= -REARM:
        return Side.ARMED
    if told:
        return Side.FIRED
    if is_now < 0 or side in (Side.FIRED, Side.BEYOND):
        return _unheard(side)
    if side is Side.UNKNOWN:
        return Side.BEYOND
    was = -1.0 if before is None else beyond(rule, before)
    # Where it was armed and beyond, it is read otherwise now. Far beyond, this is what carried it
    # over the line; near the line that is still for those to do who speak.
    if was >= REARM:
        return Side.BEYOND
    return Side.ARMED if is_now <= was else Side.FIRED


def _untold(looked: Sequence[_Looked], told: set[date]) -> Iterator[_Looked]:
    """Yield the day of each crossing of which no day was told."""
    for fired, run in groupby(looked, lambda each: each.look.side is Side.FIRED):
        first, *others = run
        known = first.look.came is Side.FIRED or told & {first.day, *(each.day for each in others)}
        if fired and not known:
            yield first


def _kept(rule: Rule, state: State, looked: Sequence[_Looked], told: set[date]) -> State:
    """Return what is remembered of the days that were looked at."""
    kept = looked[-KEPT.days - 1 :]
    first, newest = kept[0], kept[-1]
    side, window = first.look.came, first.before
    looks = {each.day: each.look for each in kept}
    if side is Side.UNKNOWN and first is newest:
        # what is said later on this day is compared with this first look
        side = newest.look.side
        window = newest.window if newest.look.n >= rule.min_count else None
        looks = {newest.day: newest.look._replace(came=side)}
    shown, adjusted = state.share, state.adjusted
    for each in reversed(looked):
        if each.look.n >= rule.min_count:
            _, shown, adjusted = measured(rule.stance, each.before, each.window)
            break
    return State(
        side=side,
        day=first.day,
        window=None if window is None else window.counts,
        looks=looks,
        told=tuple(sorted(day for day in told if day >= first.day)),
        share=shown,
        adjusted=adjusted,
    )


def _reason(rule: Rule, state: State) -> str:
    looks = state.looks
    reason = _standing(rule, state, looks[max(looks)])
    told = [day for day in state.told if day in looks]
    undone = [f"{day:%Y年%m月%d日}" for day in told if looks[day].side is not Side.FIRED]
    if undone:
        reason += f"按后来收到的意见，{'、'.join(undone)}的提醒已不成立。"
    return reason


def _standing(rule: Rule, state: State, newest: Look) -> str:
    name = STANCE_ZH[rule.stance]
    if newest.n < rule.min_count:
        return f"近{rule.window_days}天只有{newest.n}条意见，少于规则要求的{rule.min_count}条。"
    shown = state.share
    assert shown is not None and shown.value is not None  # noqa: S101, PT018
    raw = f"原始{shown.count / shown.n:.1%}" if state.adjusted else "未校正"
    now = f"{name}占比为{shown.value:.1%}（{raw}，{newest.n}条意见）"
    above = rule.crosses is Crosses.ABOVE
    line = f"{rule.threshold:.1%}"
    reach = f"{'升' if above else '降'}到"
    back = f"{'低于' if above else '高于'}{line}两个百分点以上后"
    if newest.side is Side.FIRED:
        return f"{now}，{reach}{line}时已经提醒；{back}，才会再次提醒。"
    if newest.side is Side.BEYOND or beyond(rule, shown) >= 0:
        so = f"首次统计或重新校正时就已在{line}{'以上' if above else '以下'}，所以没有发送提醒"
        return f"{now}，{so}；{back}，重新{reach}这条线就会提醒。"
    return f"{now}，尚未{reach}{line}。"
