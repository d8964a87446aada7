"""What every adapter of the port ``Index`` keeps in the counts that analyses stand on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from index_reference import ReferenceIndex
from index_worlds import ALL, NOON, opinion, plain

from minyi.campaigns.reader import CampaignReader
from minyi.clock import SystemClock
from minyi.ports import Index
from minyi.query import Counts, Facet, Filters, Group, Interval
from minyi.vocabulary import Aspect, Polarity, Stance

UNSURE = {"favor": 0.4, "against": 0.35, "none": 0.25}
CLEAR = {"favor": 0.95, "against": 0.02, "none": 0.03}
DAY = date(2024, 5, 15)


class AnalysisContract:
    """A part of ``IndexContract``."""

    def test_nothing_is_counted_in_an_empty_index(self, index: Index) -> None:
        assert index.cells(ALL, []) == index.cells(ALL, [Facet.REGION], Interval.DAY) == []
        assert index.votes(ALL, Interval.MONTH, Group.AGE) == []
        assert index.answers(ALL, [Facet.POLICY]) == []

    def test_outputs_are_counted_by_model_and_add_up_to_the_total(self, index: Index) -> None:
        index.upsert(
            [
                opinion("a", probabilities=UNSURE),
                opinion("b", probabilities=UNSURE, region="北京"),
                opinion("c", probabilities=CLEAR),
                opinion("d", probabilities=CLEAR, stance="against", model_id="m2"),
            ]
        )
        # Favor before against below 0.5, favor before none above 0.9; against before favor.
        outputs = {"m1": {0: 2, 9: 1}, "m2": {10: 1}}
        (point,) = index.trend(ALL, Interval.DAY)
        (cell,) = index.cells(ALL, [])
        for counts in (point.counts, cell.counts, index.totals(ALL)["waste"]):
            assert counts == Counts(favor=3, against=1, outputs=outputs)
        assert point.collapsed.outputs == {}
        lacking, there = index.trend(Filters(stance=Stance.FAVOR), Interval.DAY, Group.REGION)
        assert lacking.counts.outputs == {"m1": {0: 1, 9: 1}}
        assert there.counts.outputs == {"m1": {0: 1}}

    def test_a_new_tagging_moves_its_output(self, index: Index) -> None:
        index.upsert([opinion("a", probabilities=UNSURE), opinion("b", probabilities=CLEAR)])
        index.upsert([opinion("a", probabilities=CLEAR, model_id="m2")])
        assert index.totals(ALL)["waste"].outputs == {"m1": {9: 1}, "m2": {9: 1}}
        index.delete([opinion("b").id])
        assert index.totals(ALL)["waste"].outputs == {"m2": {9: 1}}

    def test_cells_by_facets(self, index: Index) -> None:
        index.upsert(
            [
                opinion("a", region="北京", age="60+", author="x", praise=[Aspect.COST]),
                opinion("b", region="北京", age="18-29", author="x", stance="against"),
                opinion("c", region="北京", author="y", created_at=NOON + timedelta(20)),
                opinion("d", region="上海", author="x", policy="metro"),
                opinion("e"),
                opinion("f", "别的话"),
            ]
        )
        (all_,) = index.cells(ALL, [])
        assert (all_.bucket, all_.values, all_.authors) == (None, (), 4)
        assert plain(all_.counts) == Counts(
            favor=5, against=1, evaluations={Aspect.COST: {Polarity.PRAISE: 1}}
        )
        by_region = index.cells(ALL, [Facet.REGION])
        assert [(c.values, c.counts.total, c.authors) for c in by_region] == [
            ((None,), 2, 2),
            (("上海",), 1, 1),
            (("北京",), 3, 2),
        ]
        by_both = index.cells(Filters(policy_id="waste"), [Facet.REGION, Facet.AGE], Interval.MONTH)
        assert [(c.bucket, c.values, c.counts.total, c.authors) for c in by_both] == [
            (date(2024, 5, 1), (None, None), 2, 2),
            (date(2024, 5, 1), ("北京", "18-29"), 1, 1),
            (date(2024, 5, 1), ("北京", "60+"), 1, 1),
            (date(2024, 6, 1), ("北京", None), 1, 1),
        ]
        by_policy = index.cells(ALL, [Facet.POLICY], Interval.WEEK)
        assert [(c.bucket, c.values, c.authors) for c in by_policy] == [
            (date(2024, 5, 13), ("metro",), 1),
            (date(2024, 5, 13), ("waste",), 3),
            (date(2024, 6, 3), ("waste",), 1),
        ]

    @pytest.mark.parametrize("facet", Facet)
    def test_every_facet_tells_opinions_apart(self, index: Index, facet: Facet) -> None:
        values = ["18-29", "60+"] if facet is Facet.AGE else ["health", "transport"]
        index.upsert([opinion(value, **{_argument(facet): value}) for value in values])
        assert [c.values for c in index.cells(ALL, [facet])] == [(value,) for value in values]
        assert [c.values for c in index.answers(ALL, [facet])] == [(value,) for value in values]

    @pytest.mark.parametrize(
        ("stances", "vote"),
        [
            (["favor", "favor", "against"], Stance.FAVOR),
            (["against", "none", "none"], Stance.AGAINST),
            (["favor", "against", "none"], Stance.NONE),
            (["none"], Stance.NONE),
        ],
    )
    def test_an_author_has_one_vote(self, index: Index, stances: list[str], vote: Stance) -> None:
        index.upsert([opinion(str(n), stance=s, author="x") for n, s in enumerate(stances)])
        (point,) = index.votes(ALL, Interval.WEEK)
        assert point.counts == point.collapsed == Counts(**{vote.value: 1})

    def test_volumes_by_bucket(self, index: Index) -> None:
        index.upsert(
            [opinion(str(n), created_at=NOON + timedelta(days=d)) for n, d in enumerate((1, 0, 1))]
        )
        index.upsert([opinion("b", region="北京", created_at=NOON + timedelta(days=40))])
        assert list(index.volumes(ALL, Interval.DAY).items()) == [
            (DAY, 1),
            (DAY + timedelta(1), 2),
            (DAY + timedelta(40), 1),
        ]
        there = index.volumes(Filters(region="北京"), Interval.DAY)
        assert there == {DAY + timedelta(40): 1}
        assert sum(index.volumes(ALL, Interval.MONTH).values()) == 4
        assert index.volumes(Filters(region="没有"), Interval.WEEK) == {}

    def test_votes_by_bucket_and_group(self, index: Index) -> None:
        index.upsert(
            [
                opinion("a", author="x", region="北京", praise=[Aspect.COST]),
                opinion("b", author="x", region="上海", stance="against"),
                opinion("c", author="x", region="上海", created_at=NOON + timedelta(1)),
                opinion("d", author="y", region="上海"),
                opinion("e"),
                opinion("f"),
            ]
        )
        days = index.votes(ALL, Interval.DAY)
        assert [(p.bucket, p.group, p.counts) for p in days] == [
            (DAY, None, Counts(favor=3, none=1)),
            (DAY + timedelta(1), None, Counts(favor=1)),
        ]
        (month,) = index.votes(ALL, Interval.MONTH)
        assert month.counts == Counts(favor=4)
        regions = index.votes(ALL, Interval.MONTH, Group.REGION)
        assert [(p.group, p.counts) for p in regions] == [
            (None, Counts(favor=2)),
            ("上海", Counts(favor=1, none=1)),
            ("北京", Counts(favor=1)),
        ]
        (against,) = index.votes(Filters(stance=Stance.AGAINST), Interval.MONTH)
        assert against.counts == Counts(against=1)

    def test_answers(self, index: Index) -> None:
        day = timedelta(days=1)
        replies = {
            "the day before": NOON - day,
            "midnight, as a date is read": NOON - day / 2,
            "at once": NOON,
            "almost a day": NOON + day - timedelta(microseconds=1),
            "a day": NOON + day,
            "late": NOON + 400 * day,
        }
        index.upsert(
            [
                *(
                    opinion(name, reply={"text": "已办理", "at": at}, praise=[Aspect.COST])
                    for name, at in replies.items()
                ),
                opinion("some time", reply={"text": "已办理"}, stance="against"),
                opinion("never", stance="none"),
                opinion("elsewhere", region="北京", reply={"text": "好", "at": NOON + 2 * day}),
                opinion("tomorrow", created_at=NOON + day, reply={"text": "好", "at": NOON + day}),
            ]
        )
        answers = index.answers(ALL, [Facet.REGION])
        assert [(c.day, c.values, c.answered, c.delay, c.counts.total) for c in answers] == [
            (DAY, (None,), False, None, 1),
            (DAY, (None,), True, None, 2),
            (DAY, (None,), True, 0, 3),
            (DAY, (None,), True, 1, 1),
            (DAY, (None,), True, 400, 1),
            (DAY, ("北京",), True, 2, 1),
            (DAY + day, (None,), True, 0, 1),
        ]
        assert [c.counts for c in answers[:3]] == [
            Counts(none=1),
            Counts(favor=1, against=1, evaluations={Aspect.COST: {Polarity.PRAISE: 1}}),
            Counts(favor=3, evaluations={Aspect.COST: {Polarity.PRAISE: 3}}),
        ]
        assert all(cell.counts.outputs == {} for cell in answers)
        assert sum(cell.counts.total for cell in index.answers(ALL, [])) == 10

    def test_campaigns_are_the_same_from_every_index(
        self, index: Index, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("minyi.campaigns.reader.PAGE", 3)  # read over several pages
        call = "桶站半夜收运噪音太大，居民投诉三次没有回音，请街道立即整改并公开结果"
        said = [
            opinion(f"{n}", f"第{n}栋：{call}", created_at=NOON + timedelta(n), region="北京")
            for n in range(7)
        ]
        said += [opinion("a", "厨余桶换得勤，楼道干净多了"), opinion("b", "撤桶以后要走三百米")]
        reference = ReferenceIndex()
        readers = [CampaignReader(each, SystemClock()) for each in (index, reference)]
        for some in (said[:5], said[5:]):  # newer ones are added, the late ones read again
            for each in (index, reference):
                each.upsert(some)
            found, expected = (reader.read("waste").clustered for reader in readers)
            assert found == expected
        assert [len(cluster) for cluster in found.clusters] == [7]


def _argument(facet: Facet) -> str:
    return "policy" if facet is Facet.POLICY else facet.value
