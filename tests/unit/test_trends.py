"""What a trend says: every share with its denominator, adjusted or not, or that too few spoke."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.domain import StanceProbabilities
from minyi.errors import InvalidQuery
from minyi.outputs import output
from minyi.prevalence import FLOOR
from minyi.query import Counts, Filters, Group, Interval, Share, TrendPoint
from minyi.shares.adjusting import Adjuster
from minyi.shares.bands import GAP
from minyi.shares.denominators import Count, Denominator, Uncorrected, denominator
from minyi.shares.held_out import HeldOut, HeldOutPolicy
from minyi.shares.summaries import summarise
from minyi.trends import Trend, assemble
from minyi.vocabulary import Stance

MONDAY = date(2026, 3, 2)
WEEKLY = Denominator(interval=Interval.WEEK)
BINS = {
    stance: output(stance, StanceProbabilities(favor=f, against=a, none=n))
    for stance, f, a, n in (
        (Stance.FAVOR, 0.8, 0.15, 0.05),
        (Stance.AGAINST, 0.15, 0.8, 0.05),
        (Stance.NONE, 0.1, 0.2, 0.7),
    )
}


def counts(favor: int, against: int, none: int = 0, model: str = "m") -> Counts:
    by_stance = zip(Stance, (favor, against, none), strict=True)
    outputs = {model: {BINS[stance]: n for stance, n in by_stance if n}}
    return Counts(favor=favor, against=against, none=none, outputs=outputs)


def point(week: int, cell: Counts, group: str | None = None) -> TrendPoint:
    collapsed = Counts(favor=min(cell.favor, 1), against=min(cell.against, 1))
    day = MONDAY + timedelta(weeks=week)
    return TrendPoint(bucket=day, group=group, counts=cell, collapsed=collapsed)


@pytest.fixture(scope="module")
def adjuster() -> Adjuster:
    """Knows a tagger that takes one of five who are against for one in favor, on every policy."""
    policies = {}
    for name, favor, against in (("a", 1, 9), ("b", 2, 6), ("c", 4, 4), ("d", 7, 2), ("e", 9, 1)):
        rows = {
            Stance.FAVOR: {BINS[Stance.FAVOR]: 100 * favor},
            Stance.AGAINST: {BINS[Stance.AGAINST]: 80 * against, BINS[Stance.FAVOR]: 20 * against},
            Stance.NONE: {BINS[Stance.NONE]: 100},
        }
        policies[name] = HeldOutPolicy(stances=rows)
    return Adjuster({"m": HeldOut(model_id="m", policies=policies)})


def shares(found: Trend) -> Iterator[Share]:
    for reading in (found.total, *found.groups, *found.rows):
        for side in (reading.raw, reading.adjusted):
            if side is not None:
                yield from (side.favor, side.against, side.none)


CELLS = st.lists(
    st.builds(counts, *(st.integers(0, 40) for _ in Stance)).filter(lambda cell: cell.total > 0),
    min_size=1,
    max_size=12,
)


@given(CELLS, st.booleans())
def test_every_share_names_its_denominator_and_has_a_value_from_the_floor_on(
    adjuster: Adjuster, cells: list[Counts], sided: bool
) -> None:
    of = Denominator(sided=sided, interval=Interval.WEEK)
    points = [point(week, cell) for week, cell in enumerate(cells)]
    found = assemble("p", Interval.WEEK, points, None, adjuster, of)
    for share in shares(found):
        assert share.denominator in {"opinions", "opinions for or against"}
        assert (share.value is None) == (share.n < FLOOR)
        if share.value is not None:
            assert share.low is not None
            assert share.high is not None
            assert 0 <= share.low <= share.value <= share.high <= 1
    for row, cell in zip(found.rows, cells, strict=True):
        sides = cell.favor + cell.against
        assert row.raw.favor.n == (sides if sided else cell.total)
        assert row.raw.none.n == cell.total
        assert row.raw.too_few == (row.raw.favor.n < FLOOR) == (row.adjusted is None)
    assert found.total.raw.n == sum(cell.total for cell in cells)
    assert found.uncorrected is None


@given(CELLS)
def test_a_band_stands_where_shares_do_and_in_the_short_gaps_between(
    adjuster: Adjuster, cells: list[Counts]
) -> None:
    points = [point(3 * week, cell) for week, cell in enumerate(cells)]
    found = assemble("p", Interval.WEEK, points, None, adjuster, WEEKLY)
    if found.total.raw.too_few:
        assert found.smooth == ()
        return
    weeks = [MONDAY + timedelta(weeks=week) for week in range(3 * len(cells) - 2)]
    assert [at.bucket for at in found.smooth] == weeks
    for at in found.smooth:
        for band in (at.favor, at.against, at.none):
            assert 0 <= band.low <= band.value <= band.high <= 1


@pytest.mark.parametrize("interval", Interval)
def test_a_band_breaks_at_a_long_gap_and_knows_the_calendar(interval: Interval) -> None:
    days = {
        Interval.DAY: [date(2026, 2, 28), date(2026, 3, 2), date(2026, 3, 3 + GAP)],
        Interval.WEEK: [date(2026, 2, 23), date(2026, 3, 9), date(2026, 3, 16 + 7 * GAP - 28)],
        Interval.MONTH: [date(2025, 12, 1), date(2026, 2, 1), date(2026, 3 + GAP, 1)],
    }[interval]
    if interval is Interval.WEEK:
        days[2] = date(2026, 3, 9) + timedelta(weeks=GAP + 1)
    later = {
        Interval.DAY: date(2026, 5, 1), Interval.WEEK: date(2026, 6, 1),
        Interval.MONTH: date(2027, 5, 1),
    }[interval]  # fmt: skip
    cell = counts(6, 6)
    points = [TrendPoint(bucket=day, counts=cell, collapsed=cell) for day in [*days, later]]
    found = assemble("p", interval, points)
    assert len(found.smooth) == 2 + 1 + GAP + 1 + 1
    assert set(days) < {at.bucket for at in found.smooth}
    assert found.smooth[-1].bucket == later


def test_known_errors_are_taken_out_and_a_smooth_band_follows_the_adjusted(
    adjuster: Adjuster,
) -> None:
    """The tagger finds three in ten in favor, of whom many are against."""
    points = [point(week, counts(12, 28)) for week in range(10)]
    found = assemble("p", Interval.WEEK, points, None, adjuster, WEEKLY)
    assert found.total.adjusted is not None
    adjusted = found.total.adjusted.favor
    assert adjusted.value is not None
    assert adjusted.value < 0.25 < 0.3 == found.total.raw.favor.value
    row, band = found.rows[5].adjusted, found.smooth[5].favor
    assert row is not None
    assert row.favor.low is not None
    assert row.favor.high is not None
    assert band.value == pytest.approx(adjusted.value, abs=0.03)
    assert band.high - band.low < row.favor.high - row.favor.low


def test_a_trend_is_adjusted_as_a_whole_or_not_at_all(adjuster: Adjuster) -> None:
    known, unknown = point(0, counts(20, 20)), point(1, counts(20, 20, model="other"))
    found = assemble("p", Interval.WEEK, [known, unknown], None, adjuster, WEEKLY)
    assert found.uncorrected is Uncorrected.HELD_OUT
    assert all(reading.adjusted is None for reading in (found.total, *found.rows))
    assert assemble("p", Interval.WEEK, [known], None, adjuster, WEEKLY).uncorrected is None


def test_shares_for_and_against_add_up(adjuster: Adjuster) -> None:
    of = Denominator(sided=True, interval=Interval.WEEK)
    found = assemble("p", Interval.WEEK, [point(0, counts(30, 50, 20))], None, adjuster, of)
    for side in (found.total.raw, found.total.adjusted):
        assert side is not None
        assert side.favor.value is not None
        assert side.against.value is not None
        assert side.favor.value + side.against.value == pytest.approx(1, abs=2e-4)
        assert (side.favor.n, side.none.n) == (80, 100)
    assert found.total.raw.favor.value == 0.375


def test_a_split_trend_adds_its_groups_up(adjuster: Adjuster) -> None:
    of = Denominator(interval=Interval.WEEK, group=Group.REGION)
    cells = [("A", 5, 7), ("B", 20, 1), ("A", 9, 9), (None, 2, 1)]
    points = [point(week, counts(f, a), name) for week, (name, f, a) in enumerate(cells)]
    found = assemble("p", Interval.WEEK, points, None, adjuster, of)
    assert [(g.group, g.raw.n, g.raw.too_few) for g in found.groups] == [
        ("A", 30, False), ("B", 21, False), (None, 3, True),
    ]  # fmt: skip
    assert found.groups[0].adjusted is not None
    assert found.groups[2].adjusted is None
    assert found.smooth == ()


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (Denominator(), "opinions"),
        (Denominator(sure=True), "opinions that the tagger is sure of"),
        (Denominator(sided=True, sure=True), "opinions for or against that the tagger is sure of"),
        (
            Denominator(count=Count.COLLAPSED, interval=Interval.WEEK),
            "opinions, near-identical texts counted once a week",
        ),
        (
            Denominator(count=Count.AUTHORS, sided=True, interval=Interval.DAY, group=Group.REGION),
            "authors for or against, one vote each a day and region",
        ),
        (
            Denominator(count=Count.AUTHORS, sure=True, interval=Interval.MONTH),
            "authors of opinions that the tagger is sure of, one vote each a month",
        ),
    ],
)
def test_denominators_are_told_in_words(of: Denominator, words: str) -> None:
    assert of.words(of.sided) == words
    assert summarise(Counts(favor=12), of).favor.denominator == words


def test_what_makes_no_sense_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidQuery, match="evidence"):
        denominator(Filters(sure=False))
    for count in (Count.COLLAPSED, Count.AUTHORS):
        with pytest.raises(InvalidQuery, match="trend"):
            denominator(Filters(), count)
        denominator(Filters(), count, interval=Interval.DAY)


def test_collapsed_and_authors_are_not_adjusted_and_say_why(adjuster: Adjuster) -> None:
    points = [point(week, counts(20, 20)) for week in range(12)]
    for of in (Count.COLLAPSED, Count.AUTHORS):
        found = assemble(
            "p", Interval.WEEK, points, None, adjuster, Denominator(count=of, interval="week")
        )
        assert found.uncorrected is Uncorrected.COUNT
        assert found.total.adjusted is None
    assert found.total.raw.evaluations == ()
    assert found.total.raw.n == 480
    sure = Denominator(sure=True, interval=Interval.WEEK)
    assert (
        assemble("p", Interval.WEEK, points, None, adjuster, sure).uncorrected is Uncorrected.SURE
    )


@pytest.mark.parametrize(
    "rows",
    [
        {Stance.FAVOR: {0: 1}, Stance.AGAINST: {10: 1}, Stance.NONE: {20: 1}},
        {stance: {0: 30, 10: 30, 20: 30} for stance in Stance},
    ],
    ids=["three rows", "a tagger that tells nothing"],
)
@pytest.mark.parametrize("sided", [False, True])
def test_little_held_out_makes_wide_intervals_and_no_nonsense(
    rows: dict[Stance, dict[int, int]], sided: bool
) -> None:
    """Also where a huge week stands beside a small one."""
    table = HeldOut(model_id="m1", policies={"q": HeldOutPolicy(stances=rows)})
    huge = Counts(favor=1, against=10**5, outputs={"m1": {0: 1, 19: 10**5}})
    small = Counts(none=12, outputs={"m1": {20: 6, 29: 6}})
    points = [
        TrendPoint(bucket=date(2026, 1, day), counts=counts, collapsed=counts)
        for day, counts in ((5, huge), (12, small))
    ]
    of = Denominator(sided=sided, interval=Interval.WEEK)
    found = assemble("q", Interval.WEEK, points, None, Adjuster({"m1": table}), of)
    shares = [getattr(row.adjusted, s) for row in (found.total, found.rows[0]) for s in Stance]
    for share in (*shares, *(getattr(point, s) for point in found.smooth for s in Stance)):
        assert 0 <= share.low <= share.value <= share.high <= 1
