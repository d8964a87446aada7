"""What lies ahead of the clock: refused where it comes in, passed over where it is there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from minyi.changes.daily import read_days
from minyi.clock import AHEAD, already_said, newest_day
from minyi.domain import SHANGHAI, Comment
from minyi.errors import InvalidRecord
from minyi.query import Filters
from minyi.vocabulary import Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import EBIKE, ELEVATOR, START, opinion

NOW = datetime(2026, 12, 1, 4, tzinfo=UTC)
TODAY = date(2026, 12, 1)


def comment(created_at: datetime) -> Comment:
    return Comment(id="c1", source="web", text="支持", created_at=created_at)


def test_a_comment_may_be_as_much_ahead_as_clocks_and_zones_differ() -> None:
    for at in (NOW - timedelta(days=9_000), NOW, NOW + AHEAD):
        assert already_said(comment(at), NOW).created_at == at


def test_a_comment_that_is_yet_to_come_is_refused_by_its_field() -> None:
    for clock, told in ((NOW, "today is 2026-12-01"), (START, "today is 2026-01-05")):
        with pytest.raises(InvalidRecord) as caught:
            already_said(comment(datetime(2062, 3, 1, tzinfo=SHANGHAI)), clock)
        assert caught.value.reason == f"2062-03-01 00:00 is yet to come; {told}"
        assert caught.value.place == "field created_at"


@pytest.fixture
def index() -> ReferenceIndex:
    """Ten days of comments; on another policy one that claims to be of 2062."""
    index = ReferenceIndex()
    index.upsert([opinion(n, Stance.FAVOR, created_at=START + timedelta(n)) for n in range(10)])
    index.upsert([opinion(99, Stance.FAVOR, EBIKE, created_at="2062-11-01")])
    return index


def test_the_clock_of_the_index_is_its_newest_day_that_has_come(index: ReferenceIndex) -> None:
    last = START.date() + timedelta(days=9)
    assert newest_day(index, TODAY) == last
    assert newest_day(index, last) == last
    assert newest_day(index, last - timedelta(days=1)) == last - timedelta(days=1)
    assert newest_day(index, date(2026, 1, 4)) is None
    assert newest_day(index, TODAY, Filters(policy_id=EBIKE.id)) is None
    assert newest_day(ReferenceIndex(), TODAY) is None


def test_a_comment_from_the_future_adds_no_days_without_opinions(index: ReferenceIndex) -> None:
    days = read_days(index, Filters(policy_id=ELEVATOR.id), TODAY)
    assert days.total.tolist() == [1] * 9
