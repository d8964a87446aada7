"""Comments that come late, and in any order: every crossing is told, and none twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from minyi.prevalence import share
from minyi.query import Counts, Share
from minyi.rules import KEPT, REARM, Match, Reading, Rule, Side, State, beyond, evaluate
from minyi.shares.summing import total
from minyi.vocabulary import Stance

START = date(2026, 3, 1)
RULE = Rule(stance=Stance.AGAINST, threshold=0.5, min_count=10, window_days=3)
DAILY = RULE.model_copy(update={"window_days": 1})

Days = dict[date, Counts]


def day(number: int) -> date:
    return START + timedelta(days=number)


def days(*said: tuple[int, int]) -> Days:
    return {day(i): Counts(favor=f, against=a) for i, (f, a) in enumerate(said)}


class Listener:
    """Evaluates a rule again and again, over a restart each time."""

    def __init__(self, rule: Rule = RULE, state: State | None = None) -> None:
        self.rule = rule
        self.reading = Reading(state=state or State(day=START), reason="")
        self.told: list[date] = []
        self.measured = 0

    def hear(self, said: Days) -> list[Match]:
        """Evaluate up to the newest day of what was said."""

        def adjust(_: Counts) -> None:
            self.measured += 1

        state = Reading.model_validate_json(self.reading.model_dump_json()).state
        self.reading, matches = evaluate(self.rule, said, state, max(said), adjust)
        self.told += [match.day for match in matches]
        return matches

    def side(self, number: int) -> Side:
        return self.reading.state.looks[day(number)].side


def test_a_past_day_that_crosses_by_late_comments_is_told_under_its_day() -> None:
    late = days((9, 1), (9, 1), (1, 30), (30, 1), (30, 1), (30, 1))
    listener = Listener()
    assert listener.hear({at: said for at, said in late.items() if at != day(2)}) == []
    (match,) = listener.hear(late)
    assert (match.day, match.newest) == (day(2), day(5))
    assert match.before is not None
    assert (match.before.value, match.after.value) == (0.1, round(32 / 51, 4))
    assert listener.hear(late) == []


def test_a_crossing_that_was_told_is_not_told_again_under_a_day_before_or_after() -> None:
    """Comments of the last days go on coming in, and move the day on which the line is crossed."""
    for later in (
        days((9, 1), (7, 8), (2, 9)),  # it crosses a day before
        days((9, 1), (9, 1), (52, 49), (2, 9)),  # and here a day after
    ):
        listener = Listener(DAILY)
        listener.hear(days((9, 1), (9, 1)))
        listener.hear(days((9, 1), (9, 1), (2, 9)))
        assert listener.told == [day(2)]
        assert listener.hear(later) == []


def test_what_late_comments_take_back_is_named() -> None:
    listener = Listener(DAILY)
    listener.hear(days((9, 1), (2, 9)))
    assert listener.told == [day(1)]
    assert "已不成立" not in listener.reading.reason
    assert listener.hear(days((9, 1), (20, 9))) == []
    assert "按后来收到的意见，2026年03月02日的提醒已不成立。" in listener.reading.reason
    assert "尚未升到50.0%" in listener.reading.reason
    # the same day crosses again: it was told, and stands again
    assert listener.hear(days((9, 1), (20, 90))) == []
    assert "已不成立" not in listener.reading.reason
    assert "再次提醒" in listener.reading.reason
    (match,) = listener.hear(days((9, 1), (20, 90), (9, 1), (2, 9)))
    assert match.day == day(3)


def test_a_crossing_that_late_comments_part_in_two_is_told_twice() -> None:
    listener = Listener(DAILY)
    listener.hear(days((9, 1), (2, 9), (2, 9), (2, 9)))
    assert listener.told == [day(1)]
    (match,) = listener.hear(days((9, 1), (2, 9), (22, 9), (2, 9)))
    assert match.day == day(3)


def test_a_crossing_before_one_that_was_told_is_told_once_they_are_two() -> None:
    """The day of the first holds no more comments than before; that it is one is news."""
    listener = Listener(DAILY)
    listener.hear(days((9, 1), (9, 1), (9, 1), (2, 9)))
    listener.hear(days((9, 1), (2, 19), (2, 19), (2, 9)))
    assert listener.told == [day(3)]
    (match,) = listener.hear(days((9, 1), (2, 19), (82, 19), (2, 9)))
    assert match.day == day(1)


def test_days_before_the_kept_ones_are_left_as_they_were() -> None:
    calm = {day(i): Counts(favor=9, against=1) for i in range(KEPT.days + 5)}
    listener = Listener(DAILY)
    listener.hear(calm)
    heated = Counts(favor=9, against=40)
    assert listener.hear(calm | {day(3): heated}) == []
    (match,) = listener.hear(calm | {day(3): heated, day(4): heated})
    assert (match.day, match.before) == (day(4), share(1, 10, "opinions"))  # as it was when left
    assert len(listener.reading.state.looks) == KEPT.days + 1


def test_an_index_that_is_filled_anew_tells_nothing_twice() -> None:
    """On the way the newest day lies before those that were told."""
    said = days((9, 1), (9, 1), (2, 9), (2, 9))
    listener = Listener(DAILY, State(day=day(1)))
    listener.hear(said)
    assert listener.told == [day(2)]
    for newest in (0, 1, 2, 3):
        assert listener.hear({at: each for at, each in said.items() if at <= day(newest)}) == []


def test_an_evaluation_costs_what_has_changed() -> None:
    said = {day(i): Counts(favor=90, against=10 + i % 7) for i in range(400)}
    listener = Listener(RULE.model_copy(update={"window_days": 30}))
    listener.hear(said)
    assert listener.measured == 400
    for changed, least, most in ((399, 2, 3), (380, 2, 22), (10, 0, 2)):
        said[day(changed)] = Counts(favor=95, against=20)
        listener.measured = 0
        listener.hear(said)
        assert least <= listener.measured <= most
    assert len(listener.reading.model_dump_json()) < 5_000


counted = st.one_of(
    st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([(48, 100), (49, 100), (50, 100), (51, 100), (60, 100), (40, 100)]),
)
rules = st.builds(
    Rule,
    stance=st.just(Stance.AGAINST),
    threshold=st.just(0.5),
    min_count=st.sampled_from([1, 10]),
    window_days=st.sampled_from([1, 3, 7]),
)


def windows(rule: Rule, said: Days) -> dict[date, Share]:
    """Return the share in the window of each day on which it can be measured."""
    found = {}
    for at in (day(number) for number in range((max(said) - START).days + 1)):
        held = total(said[d] for d in said if 0 <= (at - d).days < rule.window_days)
        if held.total >= rule.min_count:
            found[at] = share(held.against, held.total, "opinions")
    return found


def stretch(rule: Rule, said: Days, crossing: date) -> tuple[date, date]:
    """Return the days around a crossing on which the share had gone back, or the ends."""
    back = [at for at, each in windows(rule, said).items() if beyond(rule, each) <= -REARM]
    before = max((at for at in back if at < crossing), default=day(-1))
    return before, min((at for at in back if at > crossing), default=date.max)


def apart(listener: Listener, told: Iterable[date], new: date) -> bool:
    """Say whether a day belongs to no crossing that was told, as the counts are now."""
    looks = listener.reading.state.looks
    return all(
        any(
            look.side is not Side.FIRED
            for at, look in looks.items()
            if min(new, one) <= at <= max(new, one)
        )
        for one in told
    )


@given(st.lists(counted, min_size=1, max_size=KEPT.days), rules, st.data())
def test_every_crossing_is_told_whatever_the_order_and_none_twice(
    series: list[tuple[int, int]], rule: Rule, data: st.DataObject
) -> None:
    said = {
        day(i): Counts(favor=n - against, against=against) for i, (against, n) in enumerate(series)
    }
    listener, heard = Listener(rule), Days()
    for at in data.draw(st.permutations(list(said))):
        heard[at] = said[at]
        told = list(listener.told)
        for number, match in enumerate(matches := listener.hear(heard)):
            others = [each.day for each in matches[:number]]
            assert apart(listener, told + others, match.day)
            assert match.after == windows(rule, heard)[match.day]
            assert beyond(rule, match.after) >= 0
            assert match.before is None or beyond(rule, match.before) < 0
    _, crossings = evaluate(rule, said, State(day=START), max(said), lambda _: None)
    for crossing in crossings:
        before, after = stretch(rule, said, crossing.day)
        assert any(before < at < after for at in listener.told)
    state = listener.reading.state
    taken_back = [at for at in listener.told if state.looks[at].side is not Side.FIRED]
    for at in listener.told:
        named = f"{at:%Y年%m月%d日}" in listener.reading.reason.partition("按后来收到的意见")[2]
        assert named == (at in taken_back)


@given(st.lists(counted, min_size=1, max_size=20), rules)
def test_in_order_it_tells_what_one_look_at_everything_tells(
    series: list[tuple[int, int]], rule: Rule
) -> None:
    said = {day(i): Counts(favor=n - a, against=a) for i, (a, n) in enumerate(series)}
    listener, heard = Listener(rule), Days()
    for at, each in said.items():
        heard[at] = each
        listener.hear(heard)
    _, crossings = evaluate(rule, said, State(day=START), max(said), lambda _: None)
    assert listener.told == [match.day for match in crossings]
