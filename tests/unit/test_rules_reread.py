"""Shares that are read otherwise than before: nothing rings for that, and no crossing is lost."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from minyi.prevalence import share
from minyi.query import Counts, Share
from minyi.rules import REARM, Match, Reading, Rule, State, evaluate
from minyi.shares.adjusting import OPINIONS, Adjusted
from minyi.vocabulary import Stance
from minyi.windows import Adjust

START = date(2026, 3, 1)
DAILY = Rule(stance=Stance.AGAINST, threshold=0.5, min_count=10, window_days=1)


def day(number: int) -> date:
    return START + timedelta(days=number)


def read(points: float) -> Adjust:
    """Return what reads more of the opinions as against than were counted."""

    def adjust(window: Counts) -> Adjusted:
        def moved(count: int, by: float) -> Share:
            found = share(count, window.total, OPINIONS)
            assert found.value is not None
            return found.model_copy(update={"value": found.value + by / 100})

        return Adjusted(
            favor=moved(window.favor, -points),
            against=moved(window.against, points),
            none=moved(window.none, 0),
            method="",
        )

    return adjust


class Listener:
    """Hears of one more day at each look, on which opinions are read in a way of their own."""

    def __init__(self) -> None:
        self.said: dict[date, Counts] = {}
        self.reading = Reading(state=State(day=START), reason="")

    def hear(self, against: int, points: float, n: int = 10_000) -> list[Match]:
        at = day(len(self.said))
        self.said[at] = Counts(favor=n - against, against=against)
        return self.read(points)

    def read(self, points: float) -> list[Match]:
        self.reading, matches = evaluate(
            DAILY, self.said, self.reading.state, max(self.said), read(points)
        )
        return matches


def test_a_crossing_is_told_though_the_line_was_reached_by_another_reading() -> None:
    listener = Listener()
    assert listener.hear(4_996, 0) == []
    assert listener.read(0.05) == []
    (match,) = listener.hear(5_131, 0.05)
    assert match.before is not None
    assert (match.before.value, match.after.value) == (0.5001, 0.5136)


def test_what_another_reading_carried_well_over_the_line_is_not_told() -> None:
    listener = Listener()
    listener.hear(4_900, 0)
    assert listener.hear(4_950, 4) == []
    assert "重新校正时就已在50.0%以上，所以没有发送提醒" in listener.reading.reason
    assert listener.hear(5_100, 4) == []
    assert listener.hear(4_300, 4) == []
    assert len(listener.hear(4_700, 4)) == 1


def test_on_the_line_by_another_reading_it_is_told_when_more_say_so() -> None:
    listener = Listener()
    listener.hear(4_950, 0)
    assert listener.hear(4_940, 1) == []
    assert "重新校正时就已在50.0%以上，所以没有发送提醒" in listener.reading.reason
    (match,) = listener.hear(4_990, 1)
    assert match.day == day(2)


readings = st.floats(-30, 30)


@given(st.lists(st.tuples(st.integers(0, 10_000), readings), min_size=1, max_size=30))
def test_no_reading_rings_while_nobody_says_more(heard: list[tuple[int, float]]) -> None:
    listener = Listener()
    falling = sorted((against for against, _ in heard), reverse=True)
    for against, (_, points) in zip(falling, heard, strict=True):
        assert listener.hear(against, points) == []
        assert listener.read(-points) == []


by_little = st.floats(0, 100 * REARM - 0.01)


@given(st.lists(st.tuples(st.integers(4_000, 6_000), by_little), min_size=1, max_size=30))
def test_no_rise_is_lost_by_readings_that_differ_by_little(heard: list[tuple[int, float]]) -> None:
    """From where the share has gone back, however it is read, to where it is beyond."""
    listener, waiting = Listener(), False
    for against, points in heard:
        matches = listener.hear(against, points)
        if against <= 4_600:
            waiting = True
        elif matches:
            waiting = False
        assert not (waiting and against >= 5_000)
