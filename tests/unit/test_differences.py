from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from minyi.differences import Differences, differences
from minyi.groups.grouping import By
from minyi.query import Cell, Facet, Filters, Interval
from minyi.vocabulary import Aspect, Polarity, Stance
from tests.contract.index_reference import ReferenceIndex
from tests.integration.world import ELEVATOR
from tests.unit.crowd import MONTHS, Crowd
from tests.unit.test_open_data import opinion


def told(crowd: Crowd, filters: Filters | None = None) -> Differences:
    return differences(crowd, "p", filters or Filters())  # type: ignore[arg-type]


def where(crowd: Crowd, facet: Facet, value: str) -> np.ndarray:
    return crowd.columns[facet] == value


def planted(size: int = 20_000, seed: int = 1) -> Crowd:
    """Opposition is 18 points higher in 冀, and 京 complains of the cost."""
    rng = np.random.default_rng(seed)
    region = rng.choice(tuple("京津冀晋蒙辽吉黑沪苏"), size)
    crowd = Crowd(size, rng, {Facet.REGION: region}, against=np.where(region == "冀", 0.41, 0.23))
    cost = list(Aspect).index(Aspect.COST) * 2 + list(Polarity).index(Polarity.CRITICISM)
    crowd.evaluated[:, cost] |= (region == "京") & (rng.random(size) < 0.08)
    return crowd


def test_what_was_planted_is_found_and_nothing_else() -> None:
    found = told(planted())
    first, second = found.findings[:2]
    assert (first.by, first.value, first.stance, first.adverse) == (
        By.REGION,
        "冀",
        Stance.AGAINST,
        True,
    )
    assert (second.value, second.aspect, second.polarity) == ("京", Aspect.COST, Polarity.CRITICISM)
    assert len(found.findings) == 2
    compared = first.compared
    assert compared.difference.low < 0.18 < compared.difference.high
    assert compared.excess.value == pytest.approx(0.18 * first.opinions, rel=0.25)
    assert compared.excess.low < compared.excess.value < compared.excess.high
    assert found.opinions == 20_000


def test_a_finding_reads_as_a_sentence() -> None:
    finding, cost = told(planted()).findings[:2]
    pooled, excess = finding.compared.pooled, finding.compared.excess
    assert finding.sentence == (
        f"在冀，反对占 {pooled.value:.0%}（{pooled.low:.0%}–{pooled.high:.0%}），"
        f"比其他地区高 {finding.compared.difference.value * 100:.0f} 个百分点，"
        f"约多 {excess.value:.0f} 条（{excess.low:.0f}–{excess.high:.0f} 条）。"
    )
    assert cost.sentence.startswith("在京，对负担的批评占 ")


def test_false_findings_are_rare_where_nothing_differs() -> None:
    """Under the null every finding is false, so the rate is how often there is any at all."""
    rng = np.random.default_rng(5)
    answers = [told(Crowd(int(rng.integers(500, 8000)), rng)) for _ in range(60)]
    assert all(answer.comparisons > 300 for answer in answers)
    assert sum(bool(answer.findings) for answer in answers) <= 6  # 5 % of 60, and two deviations
    assert not any(answer.reversals for answer in answers)


def test_false_findings_stay_few_beside_true_ones() -> None:
    rates = []
    for seed in range(12):
        findings = told(planted(6_000, seed)).findings
        false = [
            f
            for f in findings
            if (f.value, f.stance) != ("冀", Stance.AGAINST) and f.aspect is not Aspect.COST
        ]
        rates.append(len(false) / max(len(findings), 1))
    assert np.mean(rates) <= 0.1


def test_intervals_of_the_differences_hold_the_truth() -> None:
    held = []
    for seed in range(12):
        crowd = planted(4_000, seed)
        for row in told(crowd).facets[0].groups:
            if row.against is not None:
                inside = where(crowd, Facet.REGION, str(row.value))
                others = crowd.columns[Facet.REGION][~inside]
                truth = (0.41 if row.value == "冀" else 0.23) - np.where(
                    others == "冀", 0.41, 0.23
                ).mean()
                held.append(row.against.difference.low <= truth <= row.against.difference.high)
    assert len(held) == 120
    assert np.mean(held) >= 0.9


def test_the_order_of_the_opinions_and_names_do_not_matter() -> None:
    crowd = planted(5_000)
    order = np.random.default_rng(9).permutation(crowd.size)
    before = told(crowd)
    crowd.columns = {key: column[order] for key, column in crowd.columns.items()}
    crowd.stances, crowd.evaluated = crowd.stances[order], crowd.evaluated[order]
    assert told(crowd) == before
    names = {"冀": "津", "津": "冀"}
    crowd.columns[Facet.REGION] = np.array([names.get(r, r) for r in crowd.columns[Facet.REGION]])
    assert {(f.value, f.stance) for f in told(crowd).findings} == {
        (names.get(f.value, f.value), f.stance) for f in before.findings
    }


def lonely(few: int) -> Crowd:
    """Nine regions of many and one of a few."""
    rng = np.random.default_rng(4)
    region = np.repeat(tuple("京津冀晋蒙辽吉黑沪苏"), [*range(100, 190, 10), few])
    return Crowd(len(region), rng, {Facet.REGION: region})


def test_a_group_of_few_is_hidden_with_another_that_would_give_it_away() -> None:
    groups = {g.value: g for g in told(lonely(4)).facets[0].groups}
    assert {name for name, g in groups.items() if g.hidden} == {"苏", "京"}
    hidden = groups["苏"]
    assert hidden.opinions is hidden.favor is hidden.against is None
    assert not any(g.hidden for g in told(lonely(12)).facets[0].groups)


def test_a_part_taken_from_the_whole_leaves_no_few() -> None:
    """By itself 苏 is large enough in both; but only three of it are not of the hotline."""
    crowd = lonely(30)
    here = where(crowd, Facet.REGION, "苏")
    channel = crowd.columns[Facet.CHANNEL]
    channel[here] = np.where(np.arange(here.sum()) < 3, "网站", "热线")
    assert not any(g.hidden for g in told(crowd).facets[0].groups)
    part = told(crowd, Filters(channel="热线"))
    assert {g.value for g in part.facets[0].groups if g.hidden} >= {"苏"}
    assert sum(g.hidden for g in part.facets[0].groups) >= 2
    assert By.CHANNEL not in {table.by for table in part.facets}


def test_few_people_in_all_are_told_nothing_of() -> None:
    rng = np.random.default_rng(0)
    found = told(Crowd(8, rng))
    assert found.opinions is None
    assert found.facets == found.findings == found.reversals == ()
    assert told(Crowd(0, rng)).opinions is None


def test_all_but_a_few_people_are_told_nothing_of_either() -> None:
    rng = np.random.default_rng(0)
    crowd = Crowd(500, rng, {Facet.CHANNEL: np.repeat(["热线", "网站"], [495, 5])})
    assert told(crowd).opinions == 500
    assert told(crowd, Filters(channel="热线")).opinions is None


def index_of(*groups: tuple[int, str, int]) -> ReferenceIndex:
    """Opinions of as many authors, each with region and month, in two channels alike."""
    index = ReferenceIndex()
    rows = [(region, month) for n, region, month in groups for _ in range(n)]
    index.upsert(
        [
            opinion(
                i,
                region=region,
                created_at=datetime(2026, month, 10, tzinfo=UTC),
                stance=("favor", "against")[i // 2 % 2],
                channel=("网站", "热线")[i % 2],
            )
            for i, (region, month) in enumerate(rows)
        ]
    )
    return index


def narrowed(index: ReferenceIndex, **filters: Any) -> int | None:
    return differences(index, ELEVATOR.id, Filters(**filters)).opinions


def test_a_part_does_not_tell_of_the_regions_that_the_whole_hides() -> None:
    """天津 has four, and 河北 hides it: to know the one is to know the other."""
    index = index_of((100, "北京", 1), (60, "上海", 1), (24, "河北", 1), (4, "天津", 1))
    regions = differences(index, ELEVATOR.id, Filters()).facets[0]
    assert {g.value for g in regions.groups if g.hidden} == {"河北", "天津"}
    assert narrowed(index, region="河北") is narrowed(index, region="天津") is None
    assert narrowed(index, region="河北", channel="热线") is None
    assert narrowed(index, region="上海") == 60
    assert narrowed(index, region="上海", channel="热线") == 30
    assert narrowed(index, channel="热线") == 94


def test_a_window_does_not_tell_of_the_months_that_the_whole_hides() -> None:
    regions = (40, "北京", 1), (14, "上海", 2), (4, "上海", 3), (50, "北京", 4)
    index = index_of(*regions)
    january, february, march = (
        datetime(2026, month, day, 16, tzinfo=UTC) for month, day in ((1, 31), (2, 28), (3, 31))
    )
    assert narrowed(index) == 108
    assert narrowed(index, until=february) is None
    assert narrowed(index, since=january, until=february) is None
    assert narrowed(index, since=february) is None
    assert narrowed(index, until=january) == 40
    assert narrowed(index, since=march) == 50


def test_thousands_of_hidden_groups_are_many_enough_and_soon_looked_through() -> None:
    region = np.array(["京"] * 2000 + [f"r{number // 2}" for number in range(4000)])
    crowd = Crowd(6000, np.random.default_rng(0), {Facet.REGION: region})
    assert told(crowd, Filters(region="京")).opinions == 2000


def test_authors_who_repeat_themselves_are_no_evidence() -> None:
    class Loud(Crowd):
        def cells(self, *asked: object) -> list:  # type: ignore[type-arg, override]
            found = super().cells(*asked)  # type: ignore[arg-type]
            return [c.model_copy(update={"authors": max(c.authors // 20, 1)}) for c in found]

    loud = planted(6_000)
    quiet = told(loud)
    loud.__class__ = Loud
    assert quiet.findings
    assert not told(loud).findings


def test_months_are_compared_as_well() -> None:
    rng = np.random.default_rng(6)
    month = rng.choice(np.array(MONTHS), 8000)
    crowd = Crowd(
        8000, rng, {None: month}, favor=np.where(month == MONTHS[2], 0.5, 0.3), against=0.2
    )
    first = told(crowd).findings[0]
    assert (first.by, first.value, first.adverse) == (By.MONTH, "2026-03-01", False)
    assert first.sentence.startswith("2026 年 3 月，支持占 ")


def test_two_facets_with_the_same_groups_are_compared_once() -> None:
    crowd = planted(4_000)
    names = {"热线": "hotline", "网站": "web", "应用": "app"}
    crowd.columns[Facet.SOURCE] = np.array([names[c] for c in crowd.columns[Facet.CHANNEL]])
    found = told(crowd)
    assert found.same == {By.SOURCE: By.CHANNEL}
    assert By.SOURCE not in {table.by for table in found.facets}
    assert By.CHANNEL in {table.by for table in found.facets}


class Moving(Crowd):
    """Opinions come and go between two questions, and authors write more or less."""

    asked: list[Sequence[Facet]]

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        rng = np.random.default_rng(self.size + len(self.asked))
        self.asked.append(by)
        there = rng.random(self.size) < rng.choice([1, 0.97, 0.5])
        now = copy(self)
        now.size = int(there.sum())
        now.columns = {key: column[there] for key, column in self.columns.items()}
        now.stances, now.evaluated = self.stances[there], self.evaluated[there]
        few = rng.choice([1, 0.5, 0.1])
        return [
            cell.model_copy(update={"authors": max(1, int(cell.authors * few))})
            for cell in Crowd.cells(now, filters, by, interval)
        ]


@pytest.mark.parametrize("size", [1, 5, 12, 40, 300, 3000])
@pytest.mark.parametrize("favor", [0, 0.01, 0.5, 1])
def test_an_index_that_moves_meanwhile_is_no_error(size: int, favor: float) -> None:
    rng = np.random.default_rng(size)
    region = {Facet.REGION: np.where(rng.random(size) < 0.5, "京", "冀")}
    for given, filters in ((region, Filters()), ({}, Filters(channel="热线"))):
        crowd = Moving(size, rng, given, favor=favor, against=0.3 * (1 - favor))
        crowd.asked = []
        answer = told(crowd, filters).model_dump_json()
        assert "NaN" not in answer
        assert "Infinity" not in answer
