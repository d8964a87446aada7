from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from minyi import rules
from minyi.query import Counts
from minyi.rules import Crosses, Match, Reading, Rule, Side, State, unheard
from minyi.shares.summing import total
from minyi.vocabulary import Aspect, Polarity, Stance

START = date(2026, 3, 1)
RULE = Rule(stance=Stance.AGAINST, threshold=0.5, min_count=10, window_days=7)


def said(against: int, n: int) -> Counts:
    return Counts(favor=n - against, against=against)


def days(*counts: tuple[int, int]) -> dict[date, Counts]:
    return {START + timedelta(days=i): said(*count) for i, count in enumerate(counts)}


def evaluate(
    rule: Rule, series: dict[date, Counts], state: State, today: date
) -> tuple[Reading, list[Match]]:
    """Evaluate a rule where nothing is known of the tagger's errors."""
    return rules.evaluate(rule, series, state, today, lambda _: None)


def day(number: int) -> date:
    return START + timedelta(days=number)


def sides(reading: Reading) -> list[Side]:
    """Return where the share stood on each day."""
    return [look.side for look in reading.state.looks.values()]


def crossings(*found: list[Match]) -> list[Match]:
    """Return matches as if all of them had been found at the same time."""
    return [
        match.model_copy(update={"newest": match.day}) for matches in found for match in matches
    ]


def test_a_crossing_fires_once_and_says_from_what_to_what() -> None:
    series = days((2, 10), (2, 10), (60, 80), (60, 80))
    reading, matches = evaluate(RULE, series, State(), day(3))
    (match,) = matches
    assert match.day == day(2)
    assert match.before is not None
    assert (match.before.value, match.after.value) == (0.2, 0.64)
    assert sides(reading)[-1] is Side.FIRED
    again, none = evaluate(RULE, series, reading.state, day(3))
    assert none == []
    assert "再次提醒" in again.reason


def test_what_was_so_before_anyone_looked_is_no_crossing() -> None:
    reading, matches = evaluate(RULE, days((9, 10), (9, 10)), State(), day(1))
    assert matches == []
    assert "首次统计或重新校正时就已在50.0%以上，所以没有发送提醒" in reading.reason
    assert "再次" not in reading.reason
    reading, matches = evaluate(RULE, days((9, 10), (9, 10), (0, 25)), reading.state, day(2))
    assert matches == []
    assert "尚未升到" in reading.reason
    _, matches = evaluate(RULE, days((9, 10), (9, 10), (0, 25), (30, 30)), reading.state, day(3))
    assert [m.day for m in matches] == [day(3)]


def test_a_share_that_is_beyond_once_enough_have_spoken_is_news() -> None:
    """Nobody could have told it before: there were too few to measure."""
    series = days((3, 3), (0, 0), (9, 10), (9, 10))
    reading, matches = evaluate(RULE, series, State(), day(3))
    (match,) = matches
    assert (match.day, match.before) == (day(2), None)
    assert "再次提醒" in reading.reason


def test_a_look_back_to_before_anyone_spoke_tells_of_the_first_share() -> None:
    series = {day(5): said(9, 10)}
    _, matches = evaluate(RULE, series, State(day=day(2)), day(6))
    assert [(match.day, match.before) for match in matches] == [(day(5), None)]
    _, matches = evaluate(RULE, series, State(day=day(5)), day(6))
    assert matches == []


def test_what_is_said_after_nothing_is_news() -> None:
    _, matches = evaluate(RULE, days((9, 10)), unheard(State()), day(0))
    assert [match.before for match in matches] == [None]
    fired = State(side=Side.FIRED, day=day(0))
    assert unheard(fired) == fired


def test_on_the_margin_the_reason_does_not_claim_that_the_share_is_beyond() -> None:
    rule = RULE.model_copy(update={"window_days": 1})
    reading, _ = evaluate(rule, days((20, 100), (55, 100), (49, 100)), State(), day(2))
    assert "49.0%" in reading.reason
    assert "再次提醒" in reading.reason
    assert "已在" not in reading.reason


def test_too_few_opinions_are_named_as_the_reason() -> None:
    reading, matches = evaluate(RULE, days((3, 3)), State(), day(0))
    assert matches == []
    assert "只有3条" in reading.reason
    assert "10条" in reading.reason


def test_a_rule_that_begins_after_the_newest_opinion_says_so() -> None:
    """It has looked at no day yet: that is not the same as too few opinions."""
    begins = State(day=day(5))
    reading, matches = evaluate(RULE, days((9, 10), (9, 10)), begins, day(1))
    assert (matches, reading.state) == ([], begins)
    assert "只有" not in reading.reason
    assert "从2026年03月06日起统计" in reading.reason
    assert "2026年03月02日" in reading.reason
    assert evaluate(RULE, {}, begins, day(1))[0] == reading
    reading, _ = evaluate(RULE, days((9, 10), (9, 10)), begins, day(5))
    assert "20条意见" in reading.reason


def test_it_is_armed_again_only_past_the_margin() -> None:
    rule = RULE.model_copy(update={"window_days": 1, "threshold": 0.5})
    shares = days((20, 100), (55, 100), (49, 100), (55, 100))
    _, matches = evaluate(rule, shares, State(), day(3))
    assert [m.day for m in matches] == [day(1)]
    shares[day(2)] = said(40, 100)
    _, matches = evaluate(rule, shares, State(), day(3))
    assert [m.day for m in matches] == [day(1), day(3)]


def test_a_rule_can_watch_a_fall() -> None:
    rule = RULE.model_copy(update={"stance": Stance.FAVOR, "crosses": Crosses.BELOW})
    _, matches = evaluate(rule, days((1, 10), (40, 40)), State(), day(1))
    assert len(matches) == 1


counts = st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(counts, min_size=1, max_size=40), st.data())
def test_stopping_and_going_on_fires_what_one_run_fires(
    series: list[tuple[int, int]], data: st.DataObject
) -> None:
    """A restart neither loses nor repeats an alert."""
    last = len(series) - 1
    whole, expected = evaluate(RULE, days(*series), State(), day(last))
    cut = data.draw(st.integers(0, last))
    first, early = evaluate(RULE, days(*series), State(), day(cut))
    second, late = evaluate(RULE, days(*series), first.state, day(last))
    assert crossings(early, late) == crossings(expected)
    assert (second.reason, sides(second)) == (whole.reason, sides(whole))


@given(st.lists(counts, min_size=1, max_size=60))
def test_between_two_alerts_the_share_has_been_back_below(series: list[tuple[int, int]]) -> None:
    _, matches = evaluate(RULE, days(*series), State(), day(len(series) - 1))
    for match in matches:
        assert match.after.n >= RULE.min_count
        assert (match.after.value or 0) >= 0.5
        assert match.before is None or (match.before.value or 0) < 0.5
    assert all(match.before is not None for match in matches[1:])


cells = st.builds(
    Counts,
    favor=st.integers(0, 9),
    against=st.integers(0, 9),
    outputs=st.dictionaries(
        st.sampled_from(["old", "new"]),
        st.dictionaries(st.integers(0, 3), st.integers(1, 9), min_size=1),
    ),
    evaluations=st.dictionaries(
        st.sampled_from(Aspect),
        st.dictionaries(st.sampled_from(Polarity), st.integers(1, 9), min_size=1),
    ),
)


@given(st.dictionaries(st.integers(0, 30), cells, min_size=1, max_size=20), st.integers(1, 9))
def test_a_window_holds_the_stances_and_outputs_of_its_days(
    said: dict[int, Counts], length: int
) -> None:
    rule = RULE.model_copy(update={"window_days": length, "min_count": 1})
    seen: list[Counts] = []
    series = {day(number): counts for number, counts in said.items()}
    rules.evaluate(rule, series, State(day=day(0)), day(30), seen.append)
    windows = [
        total(counts for number, counts in said.items() if last - length < number <= last)
        for last in range(min(said), 31)
    ]
    assert seen == [w.model_copy(update={"evaluations": {}}) for w in windows if w.total]
