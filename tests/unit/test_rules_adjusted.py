"""Rules watch the share that people see: adjusted wherever the tagger's errors are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.query import Counts
from minyi.rules import Match, Reading, Rule, Side, State, evaluate
from minyi.shares.adjusting import Adjusted, Adjuster
from minyi.shares.summing import total
from minyi.vocabulary import Stance
from minyi.windows import Adjust
from tests.unit.held_out_rows import MODEL, counts, held_out
from tests.unit.test_rules import crossings, sides

START = date(2026, 3, 1)
RULE = Rule(stance=Stance.AGAINST, threshold=0.5, min_count=10, window_days=7)
ADJUSTER = Adjuster({MODEL: held_out(0.8)})
UNKNOWN = "unknown"
BEFORE = counts(300, 100, 100)
CALM, HEATED = counts(40, 40, 20), counts(30, 52, 18)
"""HEATED is beyond the line as counted and, more so, as adjusted; CALM is neither."""


def day(number: int) -> date:
    return START + timedelta(days=number)


def days(*cells: Counts) -> dict[date, Counts]:
    return {day(number): cell for number, cell in enumerate(cells)}


def within(*others: Counts, adjuster: Adjuster = ADJUSTER) -> Adjust:
    """Return what adjusts windows of a policy of which all that is said is given."""
    whole = total(others)

    def adjust(window: Counts) -> Adjusted | None:
        (found,) = adjuster.adjust("new", [window], evaluations=False, whole=whole)
        return found

    return adjust


def on_days(rule: Rule, cells: Sequence[Counts], state: State) -> tuple[Reading, list[Match]]:
    """Evaluate up to the last of days, with nothing said besides and before."""
    adjust = within(BEFORE, *cells)
    return evaluate(rule, days(*cells), state, day(len(cells) - 1), adjust)


def against(window: Counts, adjust: Adjust) -> float:
    found = adjust(window)
    assert found is not None
    assert found.against.value is not None
    return found.against.value


DAILY = RULE.model_copy(update={"window_days": 1})


def test_a_rule_watches_the_adjusted_share_and_tells_of_both() -> None:
    """As counted it would stay silent: the tagger sees only a part of any change."""
    missed = counts(34, 46, 20)
    adjust = within(BEFORE, CALM, missed)
    reading, (match,) = evaluate(DAILY, days(CALM, missed), State(), day(1), adjust)
    assert missed.against / missed.total < 0.5 <= against(missed, adjust)
    assert match.adjusted
    (found,) = ADJUSTER.adjust("new", [missed], whole=total([BEFORE, CALM, missed]))
    assert found is not None
    assert match.after == found.against
    assert match.before is not None
    assert match.before.value == against(CALM, adjust)
    assert (match.after.count, match.after.n) == (46, 100)
    assert f"反对占比为{match.after.value:.1%}（原始46.0%，100条意见）" in reading.reason
    assert reading.state.adjusted


def test_where_a_model_is_not_known_it_watches_the_counted_share_and_says_so() -> None:
    calm, heated = (cell.model_copy(update={"outputs": {}}) for cell in (CALM, HEATED))
    for cells in (
        (counts(40, 40, 20, model=UNKNOWN), counts(30, 52, 18, model=UNKNOWN)),
        (calm, heated),
    ):
        reading, (match,) = on_days(DAILY, cells, State())
        assert not match.adjusted
        assert match.before is not None
        assert (match.before.value, match.after.value) == (0.4, 0.52)
        assert "反对占比为52.0%（未校正，100条意见）" in reading.reason


def test_a_tagger_that_is_measured_anew_rings_nobody() -> None:
    """What was below the line is above it by other held-out rows, though nobody said more."""
    window = counts(34, 46, 20)
    worse, better = (
        within(BEFORE, window, adjuster=Adjuster({MODEL: held_out(right)}))
        for right in (0.75, 0.99)
    )
    assert against(window, better) < 0.5 < against(window, worse)
    armed, _ = evaluate(DAILY, days(window), State(), day(0), better)
    assert sides(armed) == [Side.ARMED]
    for said in (days(window), days(window, window)):
        reading, matches = evaluate(DAILY, said, armed.state, day(len(said) - 1), worse)
        assert matches == []
        assert "首次统计或重新校正时就已在50.0%以上，所以没有发送提醒" in reading.reason
    back = days(window, window, counts(80, 10, 10), window)
    _, matches = evaluate(DAILY, back, reading.state, day(3), worse)
    assert [match.day for match in matches] == [day(3)]


def test_old_comments_that_come_in_ring_nobody_but_new_ones_do() -> None:
    """The whole of a policy tells its level, so that a window moves when another one grows."""
    window, old = counts(34, 44, 22), counts(2_000, 100, 100)
    alone, grown = within(window), within(window, old)
    assert against(window, alone) < 0.5 < against(window, grown)
    armed, _ = evaluate(DAILY, days(window), State(), day(0), alone)
    _, matches = evaluate(DAILY, days(window), armed.state, day(0), grown)
    assert matches == []
    more = total([window, counts(2, 60, 0)])
    _, (match,) = evaluate(DAILY, days(more), armed.state, day(0), within(more))
    assert match.before is not None
    assert match.before.value == against(window, within(more))


def test_a_change_of_the_tagger_rings_nobody() -> None:
    """As long as one of two windows was read by a model without a table, both are counted."""
    missed, unknown = counts(34, 46, 20), counts(34, 46, 20, model=UNKNOWN)
    cells = [CALM, missed, missed, unknown, unknown, missed, missed]
    state: State = State()
    fired: list[date] = []
    for last in range(len(cells)):
        reading, matches = on_days(DAILY, cells[: last + 1], state)
        state = reading.state
        fired += [match.day for match in matches]
    assert fired == [day(1)]
    assert "重新校正时就已在50.0%以上，所以没有发送提醒" in reading.reason


@pytest.mark.parametrize("side", [Side.ARMED, Side.FIRED, Side.BEYOND])
def test_a_state_that_remembers_a_counted_share_only_rings_nobody(side: Side) -> None:
    """It is of a version that watched the counted share."""
    missed = counts(34, 46, 20)
    armed, _ = evaluate(DAILY, days(missed), State(), day(0), lambda _: None)
    old = armed.state.model_copy(update={"window": None, "adjusted": False, "side": side})
    new = {"window", "adjusted", "looks", "told"}
    old = State.model_validate_json(old.model_dump_json(exclude=new))
    reading, matches = on_days(DAILY, [missed], old)
    assert matches == []
    assert sides(reading) == [Side.FIRED if side is Side.FIRED else Side.BEYOND]
    calm = days(CALM)
    reading, _ = evaluate(DAILY, calm, old, day(0), within(BEFORE, CALM))
    assert sides(reading) == [Side.ARMED]
    _, matches = on_days(DAILY, [CALM, HEATED], reading.state)
    assert [match.day for match in matches] == [day(1)]


said = st.builds(
    counts,
    *[st.integers(0, 12)] * 3,
    model=st.sampled_from([MODEL, MODEL, UNKNOWN]),
)


@settings(max_examples=30)
@given(st.lists(said, min_size=1, max_size=20), st.data())
def test_stopping_and_going_on_fires_what_one_run_fires(
    cells: list[Counts], data: st.DataObject
) -> None:
    adjust, last = within(BEFORE, *cells), len(cells) - 1
    whole, expected = evaluate(RULE, days(*cells), State(), day(last), adjust)
    cut = data.draw(st.integers(0, last))
    first, early = evaluate(RULE, days(*cells), State(), day(cut), adjust)
    again = Reading.model_validate_json(first.model_dump_json())
    second, late = evaluate(RULE, days(*cells), again.state, day(last), adjust)
    assert crossings(early, late) == crossings(expected)
    assert (second.reason, sides(second)) == (whole.reason, sides(whole))


@settings(max_examples=30)
@given(st.lists(said, min_size=1, max_size=20))
def test_before_and_after_are_measured_alike_and_on_two_sides_of_the_line(
    cells: list[Counts],
) -> None:
    _, matches = on_days(RULE, cells, State())
    for match in matches:
        assert (match.after.value or 0) >= 0.5
        assert match.before is None or (match.before.value or 0) < 0.5
