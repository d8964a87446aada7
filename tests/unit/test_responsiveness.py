"""Who is answered and how soon: what counts, what is left out, and what is not said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from minyi.domain import SHANGHAI, Opinion
from minyi.policy import Policy
from minyi.query import AnswerCell, Counts, Filters
from minyi.replies.contrasts import Standing
from minyi.replies.responsiveness import (
    LATE,
    By,
    Responsiveness,
    answering_sources,
    read_responsiveness,
    responsiveness,
)
from minyi.shares.denominators import Denominator
from minyi.vocabulary import Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import EBIKE, ELEVATOR, POLICIES, opinion

FIRST = date(2026, 1, 5)
UNTIL = date(2026, 7, 1)


def cell(day: int, delay: int | None, n: int = 1, answered: bool = True, **more: Any) -> AnswerCell:
    return AnswerCell(
        day=FIRST + timedelta(days=day),
        values=more.pop("values", ("board", "A市")),
        answered=answered,
        delay=delay,
        counts=Counts(**(more or {"favor": n})),
    )


def waiting(day: int, n: int = 1, **more: Any) -> AnswerCell:
    return cell(day, None, n, answered=False, **more)


def of(cells: Iterable[AnswerCell], **more: Any) -> Any:
    given = {"until": UNTIL, "late_after": LATE, "silent": {}, "of": Denominator()} | more
    return responsiveness(list(cells), POLICIES, By.REGION, **given)


def test_half_the_answers_within_days_of_begun_hours() -> None:
    found = of([cell(0, 0, 10), cell(1, 6, 10), cell(2, 40, 10), waiting(3, 10)]).all
    assert (found.answered.count, found.answered.n, found.untimed) == (30, 40, 0)
    assert [(p.days, p.value) for p in found.within] == [(7, 0.5), (30, 0.5), (90, 0.75)]
    assert [(q.share, q.days) for q in found.quantiles] == [(0.25, 1), (0.5, 7), (0.75, 41)]
    assert found.within[0].low < 0.5 < found.within[0].high


def test_the_young_are_not_held_against_anybody() -> None:
    """Every opinion waits ten days; half came in the last five and wait still."""
    old = [cell(day, 9) for day in range(50)]
    young = [waiting(170 + day) for day in range(6)] * 8
    found = of(old + young).all
    assert found.answered.value == pytest.approx(50 / 98, abs=1e-3)
    assert next(p for p in found.within if p.days == 30).value == 1
    assert found.quantiles[1].days == 10


def test_the_newest_day_is_not_over() -> None:
    """On the last whole day some are answered at once; those still open were not followed yet."""
    until = FIRST + timedelta(days=20)
    found = of(
        [*(cell(day, 0, 5) for day in range(10)), waiting(19, 50), waiting(20, 50)], until=until
    )
    assert found.as_of == FIRST + timedelta(days=19)
    assert found.all.within[0].value == 1


def test_answers_of_unknown_time_are_answers() -> None:
    cells = [cell(0, 4, 20), cell(0, 50, 20), cell(1, None, 20), waiting(2, 20)]
    found = of(cells).all
    assert (found.answered.count, found.untimed, found.timed) == (60, 20, True)
    assert found.within[-1].value == pytest.approx(0.75, abs=1e-3)
    assert found.within[0].value == pytest.approx(0.375, abs=1e-3)
    mostly = of([cell(0, 4, 20), cell(1, None, 30)]).all
    assert (mostly.timed, mostly.within, mostly.quantiles) == (False, (), ())
    assert mostly.answered.value == 1


def test_under_ten_is_too_few() -> None:
    found = of([cell(0, 1, 9), *(cell(1, 2, 4, values=("board", None)),) * 3])
    few = next(row for row in found.rows if row.value == "A市")
    assert (few.opinions, few.too_few, few.answered, few.within) == (9, True, None, ())
    assert [row.value for row in found.rows] == [None, "A市"]
    assert found.all.opinions == 21


def test_nothing_is_no_error() -> None:
    for until in (None, UNTIL):
        found = of([], until=until)
        assert found.all.too_few
        assert (found.rows, found.curve) == ((), ())
        assert all(c.rows == () for c in found.contrasts)


def test_the_late_and_the_unanswered_are_compared_with_the_others() -> None:
    cells = []
    for day in range(60):
        cells += [
            cell(day, 3, favor=6, against=2),
            cell(day, 45, favor=3, against=5),
            waiting(day, favor=2, against=6),
        ]
    cells += [waiting(175, against=500)]  # too young to be called unanswered
    late, unanswered = of(cells, late_after=30).contrasts
    assert (late.first, late.second) == (Standing.PROMPT, Standing.LATE)
    favor = late.rows[0]
    assert (favor.first.value, favor.second.value, favor.gap.value) == (0.75, 0.375, -0.375)
    assert favor.gap.clear
    assert (unanswered.first, unanswered.second) == (Standing.ANSWERED, Standing.UNANSWERED)
    assert (unanswered.rows[0].first.n, unanswered.rows[0].second.n) == (960, 480)
    assert unanswered.rows[0].gap.value == pytest.approx(2 / 8 - 9 / 16, abs=1e-3)
    assert of(cells, late_after=90).contrasts[0].rows == ()  # nobody is that late


def opinions() -> Iterator[Opinion]:
    def said(
        number: int, policy: Policy, source: str, delay: float | None = None, **more: Any
    ) -> Opinion:
        created = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI) + timedelta(days=number)
        reply = {"text": "已办理", "at": created + timedelta(days=delay)} if delay else None
        return opinion(
            number, Stance.AGAINST, policy, source=source, created_at=created, reply=reply, **more
        )

    for number in range(20):
        yield said(number, ELEVATOR, "board", 3.5, region="A市")
        yield said(100 + number, EBIKE, "board", region="B市")
        yield said(200 + number, EBIKE, "weibo")


@pytest.fixture
def index() -> ReferenceIndex:
    index = ReferenceIndex()
    index.upsert(list(opinions()))
    return index


TODAY = date(2027, 1, 1)


def read(index: ReferenceIndex, policies: dict[str, Policy], *more: Any) -> Responsiveness:
    return read_responsiveness(index, policies, answering_sources(index), *more)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.POLICY, {EBIKE.id: 0.0, ELEVATOR.id: 1.0}),
        (By.REGION, {"A市": 1.0, "B市": 0.0}),
        (By.SOURCE, {"board": 0.5}),
        (By.DEPARTMENT, {"住房和城乡建设部": 0.5}),
    ],
)
def test_sources_that_never_answer_are_left_out(
    index: ReferenceIndex, by: By, expected: dict[str, float]
) -> None:
    found = read(index, POLICIES, Filters(), by, TODAY)
    assert {row.value: row.answered and row.answered.value for row in found.rows} == expected
    assert [(s.source, s.opinions) for s in found.silent] == [("weibo", 20)]
    titles = {row.value: row.title for row in found.rows}
    assert (titles.get(EBIKE.id) == EBIKE.title) == (by is By.POLICY)


def test_a_source_that_answers_elsewhere_is_answerable_here(index: ReferenceIndex) -> None:
    scope = Filters(policy_id=EBIKE.id)
    found = read(index, POLICIES, scope, By.SOURCE, TODAY)
    assert found.all.answered is not None
    assert (found.all.answered.value, found.all.opinions) == (0.0, 20)


def test_the_newest_event_is_the_clock_and_never_ahead_of_today(index: ReferenceIndex) -> None:
    def as_of(today: date) -> date | None:
        return read(index, POLICIES, Filters(), By.REGION, today).as_of

    newest = date(2026, 1, 5) + timedelta(days=219)
    assert as_of(TODAY) == newest - timedelta(days=1)
    late = opinion(
        300,
        Stance.FAVOR,
        source="board",
        created_at="2026-08-01T09:00:00+08:00",
        reply={"text": "好", "at": "2026-09-01T10:00:00+08:00"},
    )
    index.upsert([late])
    assert as_of(TODAY) == date(2026, 8, 31)
    assert as_of(date(2026, 8, 15)) == newest - timedelta(days=1)
    index.upsert([opinion(301, Stance.FAVOR, EBIKE, source="weibo", created_at="2062-08-01")])
    assert as_of(TODAY) == date(2026, 8, 31)


def test_an_unknown_policy_has_no_department(index: ReferenceIndex) -> None:
    found = read(index, {}, Filters(), By.DEPARTMENT, TODAY)
    assert [row.value for row in found.rows] == [None]
