"""What every adapter of the port ``Index`` keeps.

An adapter's test module subclasses ``IndexContract`` and gives it the fixture ``fresh``: a
function that returns an empty index each time it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from analysis_contract import AnalysisContract
from edits_contract import EditsContract
from index_worlds import (
    ALL,
    NOON,
    equals_the_plain_reference,
    found,
    listing,
    opinion,
    plain,
    random_worlds,
)
from retract_contract import RetractContract

from minyi.errors import InvalidQuery
from minyi.ports import Index
from minyi.query import Counts, Facet, Filters, Group, Interval
from minyi.vocabulary import AgeBand, Aspect, Domain, Polarity, Stance


class IndexContract(AnalysisContract, EditsContract, RetractContract):
    """Subclass it and give it ``fresh``; a slow store may ask for fewer ``random_worlds``."""

    @pytest.fixture
    def fresh(self) -> Callable[[], Index]:
        raise NotImplementedError

    @pytest.fixture
    def index(self, fresh: Callable[[], Index]) -> Iterator[Index]:
        index = fresh()
        yield index
        index.close()

    def test_empty(self, index: Index) -> None:
        assert index.count() == 0
        assert index.digest()[0] == 0
        assert index.newest(ALL) is None
        assert index.totals(ALL) == {}
        assert index.trend(ALL, Interval.DAY) == []
        page = index.search("垃圾", ALL)
        assert (page.items, page.cursor, page.total) == ((), None, 0)
        index.upsert([])
        assert index.delete([]) == 0

    def test_returns_what_was_written(self, index: Index) -> None:
        written = opinion(
            "c1",
            "电话线\n第二行 \t🎉",
            title="标题",
            region="北京",
            likes=3,
            reply={"text": "已办理", "at": "2024-06-01T00:00:00Z"},
            created_at="2024-05-15T12:00:00.123456+08:00",
            praise=[Aspect.EFFECT],
            criticism=[Aspect.EFFECT, Aspect.COST],
            span=(0, 3),
        )
        index.upsert([written])
        assert index.search("", ALL).items == (written,)
        assert index.newest(ALL) == written.created_at

    def test_upsert_replaces_by_id(self, index: Index) -> None:
        index.upsert([opinion("c1", "地铁太贵"), opinion("c2", "地铁很好")])
        index.upsert([opinion("c1", "公交太慢", stance="against"), opinion("c1", "公交太挤")])
        assert index.count() == 2
        assert found(index, "地铁") == {"c2"}
        assert found(index, "太慢") == set()
        assert found(index, "太挤") == {"c1"}
        assert {id_: plain(c) for id_, c in index.totals(ALL).items()} == {"waste": Counts(favor=2)}

    def test_delete(self, index: Index) -> None:
        index.upsert([opinion("c1"), opinion("c2")])
        ids = [opinion("c1").id, "unknown", "'; DROP TABLE opinion; --"]
        assert index.delete(ids) == 1
        assert index.delete(ids) == 0
        assert found(index, "垃圾") == {"c2"}
        assert index.count() == 1

    @pytest.mark.parametrize(
        ("query", "hits"),
        [
            ("垃圾", {"sorted", "traditional"}),
            ("垃", {"sorted", "traditional"}),
            ("类", {"sorted", "traditional"}),
            ("垃圾分類", {"sorted", "traditional"}),
            ("分类垃圾", set()),
            ("圾类", set()),
            ("5G", {"mixed"}),
            ("５ｇ基站", {"mixed"}),
            ("g", {"mixed"}),
            ("app", {"mixed"}),
            ("pp装", {"mixed"}),
            ("办理 流程", {"title"}),
            ("流程　办理", {"title"}),
            ("流程办理", set()),
            ("题正", set()),
            ("正 题", {"title"}),
            ("100%", {"signs"}),
            ("%", {"signs"}),
            ("0_", set()),
            ("c++", {"signs"}),
            ("🎉", {"signs"}),
            ("不存在的词", set()),
            ("", {"sorted", "traditional", "mixed", "title", "signs"}),
            (" 　\n", {"sorted", "traditional", "mixed", "title", "signs"}),
        ],
    )
    def test_search(self, index: Index, query: str, hits: set[str]) -> None:
        index.upsert(
            [
                opinion("sorted", "我支持垃圾分类"),
                opinion("traditional", "垃圾分類，太麻煩"),
                opinion("mixed", "５Ｇ基站与APP装不上"),
                opinion("title", "正文说办理", title="流程问题"),
                opinion("signs", "满意度100%，会C++的🎉"),
            ]
        )
        assert found(index, query) == hits

    @pytest.mark.parametrize(
        "query",
        [
            '"', '""', "*", "垃*", "*垃", "垃圾 OR 地铁", "NOT", "AND OR NOT", "NEAR(垃圾 分类)",
            "^垃圾", "-垃圾", "+垃圾", "pairs:垃圾", "{pairs}:垃圾", "(", ")(", "垃圾)", "\\", "?",
            "~", "'; DROP TABLE opinion; --", "\x00", "垃圾\x00", "[a-z]+", "a" * 5000, "民" * 3000,
            "垃圾 " * 300,
            " ".join(chr(0x4E00 + n) for n in range(300)),
        ],
    )  # fmt: skip
    def test_operators_are_plain_text(self, index: Index, query: str) -> None:
        quoting = opinion("quoting", f"前{query}后")
        index.upsert([opinion("plain"), opinion("metro", "地铁"), quoting])
        hits = found(index, query)
        assert "quoting" in hits
        assert "metro" not in hits
        assert index.count() == 3

    def test_filters(self, index: Index) -> None:
        index.upsert(
            [
                opinion("a", region="北京", channel="热线", criticism=[Aspect.COST]),
                opinion("b", region="上海", source="12345", praise=[Aspect.COST, Aspect.EFFECT]),
                opinion(
                    "c",
                    stance="against",
                    age="60+",
                    praise=[Aspect.EFFECT],
                    criticism=[Aspect.SERVICE],
                ),
                opinion("d", policy="metro", domain="transport", created_at=NOON + timedelta(1)),
            ]
        )
        for filters, hits in [
            (Filters(policy_id="metro"), "d"),
            (Filters(policy_id="wast"), ""),
            (Filters(stance=Stance.FAVOR), "abd"),
            (Filters(region="北京"), "a"),
            (Filters(channel="热线"), "a"),
            (Filters(source="12345"), "b"),
            (Filters(domain=Domain.TRANSPORT), "d"),
            (Filters(age=AgeBand.SENIOR), "c"),
            (Filters(age=AgeBand.YOUNG), ""),
            (Filters(lacking=(Facet.REGION,)), "cd"),
            (Filters(lacking=(Facet.REGION, Facet.AGE)), "d"),
            (Filters(lacking=(Facet.POLICY,)), ""),
            (Filters(lacking=(Facet.REGION,), stance=Stance.AGAINST), "c"),
            (Filters(aspect=Aspect.COST), "ab"),
            (Filters(polarity=Polarity.CRITICISM), "ac"),
            (Filters(aspect=Aspect.EFFECT, polarity=Polarity.CRITICISM), ""),
            (Filters(aspect=Aspect.EFFECT, polarity=Polarity.PRAISE), "bc"),
            (Filters(aspect=Aspect.EFFECT, stance=Stance.AGAINST), "c"),
            (Filters(since=NOON + timedelta(1)), "d"),
            (Filters(until=NOON + timedelta(1)), "abc"),
            (Filters(since=NOON, until=NOON), ""),
        ]:
            assert found(index, "", filters) == set(hits), filters
            assert found(index, "垃圾", filters) == set(hits), filters
            counted = [p.counts.total for p in index.trend(filters, Interval.MONTH)]
            assert sum(counted) == len(hits), filters
            assert sum(c.total for c in index.totals(filters).values()) == len(hits), filters
            assert (index.newest(filters) is None) == (not hits), filters

    def test_trend_buckets_lie_in_shanghai(self, index: Index) -> None:
        moments = [
            "2023-12-31T15:59:59.999999Z",  # a Sunday in both places, the last of its year
            "2023-12-31T16:00:00Z",  # Monday in Shanghai
            "2024-02-29T00:00:00+08:00",
            "2024-03-03T23:59:59+08:00",
            "1991-06-01T15:30:00Z",  # Shanghai kept summer time: half past midnight, Sunday
        ]
        index.upsert([opinion(str(n), created_at=at) for n, at in enumerate(moments)])

        def buckets(interval: Interval) -> list[str]:
            return [p.bucket.isoformat() for p in index.trend(ALL, interval)]

        assert buckets(Interval.DAY) == [
            "1991-06-02", "2023-12-31", "2024-01-01", "2024-02-29", "2024-03-03",
        ]  # fmt: skip
        assert buckets(Interval.WEEK) == ["1991-05-27", "2023-12-25", "2024-01-01", "2024-02-26"]
        assert buckets(Interval.MONTH) == [
            "1991-06-01", "2023-12-01", "2024-01-01", "2024-02-01", "2024-03-01",
        ]  # fmt: skip

    def test_trend_counts_and_collapses(self, index: Index) -> None:
        copy = "坚决反对涨价！"
        index.upsert(
            [
                opinion("a", copy, stance="against", criticism=[Aspect.COST]),
                opinion("b", "坚决反对 涨价", stance="against", criticism=[Aspect.SERVICE]),
                opinion("c", copy, stance="against", criticism=[Aspect.COST]),
                opinion("d", copy, stance="favor"),
                opinion("e", copy, stance="against", created_at=NOON + timedelta(40)),
                opinion("f", "别的话", stance="none", praise=[Aspect.COST]),
            ]
        )
        first, second = index.trend(ALL, Interval.MONTH)
        cost = {Polarity.PRAISE: 1, Polarity.CRITICISM: 2}
        service = {Polarity.CRITICISM: 1}
        assert first.bucket == date(2024, 5, 1)
        assert plain(first.counts) == Counts(
            favor=1,
            against=3,
            none=1,
            evaluations={Aspect.COST: cost, Aspect.SERVICE: service},
        )
        assert first.collapsed == Counts(
            favor=1,
            against=1,
            none=1,
            evaluations={Aspect.COST: cost | {Polarity.CRITICISM: 1}, Aspect.SERVICE: service},
        )
        assert plain(second.counts) == second.collapsed == Counts(against=1)

    @pytest.mark.parametrize("group", Group)
    def test_trend_by_group(self, index: Index, group: Group) -> None:
        names = ["18-29", "60+"] if group is Group.AGE else ["health", "transport"]
        index.upsert(
            [
                opinion("a", **{group.value: names[0]}),
                opinion("b", **{group.value: names[1]}),
                opinion("c", **{group.value: names[1]}, stance="against"),
                opinion("d", **{group.value: names[0]}, created_at=NOON + timedelta(60)),
            ]
        )
        points = index.trend(ALL, Interval.MONTH, group)
        assert [(p.bucket.month, p.group, p.counts.total) for p in points] == [
            (5, names[0], 1),
            (5, names[1], 2),
            (7, names[0], 1),
        ]
        # One text in two groups is no copy; within one group and stance it would be.
        assert all(p.collapsed == plain(p.counts) for p in points)

    def test_an_opinion_without_the_field_has_the_group_none(self, index: Index) -> None:
        index.upsert([opinion("a", region="北京"), opinion("b"), opinion("c", "别的话")])
        points = index.trend(ALL, Interval.DAY, Group.REGION)
        assert [(p.group, p.counts.total) for p in points] == [(None, 2), ("北京", 1)]

    def test_listing_is_newest_first_and_complete(self, index: Index) -> None:
        index.upsert([opinion(f"c{n}", created_at=NOON - timedelta(n // 4)) for n in range(23)])
        items = listing(index, "", ALL, limit=5)
        keys = [(o.created_at, o.id) for o in items]
        assert keys == sorted(keys, reverse=True)
        assert len(set(keys)) == 23

    def test_a_cursor_stays_where_it_was(self, index: Index) -> None:
        old = [opinion(f"c{n}", created_at=NOON - timedelta(n)) for n in range(6)]
        index.upsert(old)
        first = index.search("垃圾", ALL, limit=3)
        assert list(first.items) == old[:3]
        index.upsert([opinion("late", created_at=NOON + timedelta(1))])
        index.delete([old[2].id])
        second = index.search("垃圾", ALL, limit=3, cursor=first.cursor)
        assert list(second.items) == old[3:]
        assert second.cursor is None
        assert second.total == 6

    @pytest.mark.parametrize(
        "cursor",
        [
            "", "x", "null", "%%%", "W10=", "WzEsMl0=", "WyIxIiwiYSJd", "WzEuNSwiYSJd", "垃圾",
            "A" * 9999, "WzFlOTk5LCJhIl0=", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTksICJhIl0=",
            "W1tbW1tbW1tb", "WzEsICJcdWQ4MDAiXQ==",
        ],
    )  # fmt: skip
    def test_a_made_up_cursor_is_an_invalid_query(self, index: Index, cursor: str) -> None:
        index.upsert([opinion("a")])
        with pytest.raises(InvalidQuery):
            index.search("", ALL, cursor=cursor)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_page_without_room_is_an_invalid_query(self, index: Index, limit: int) -> None:
        with pytest.raises(InvalidQuery):
            index.search("", ALL, limit=limit)

    def test_the_digest_knows_the_state_not_the_way(self, fresh: Callable[[], Index]) -> None:
        opinions = [opinion(f"c{n}", f"第{n}条意见") for n in range(20)]
        straight, winding = fresh(), fresh()
        straight.upsert(opinions)
        winding.upsert([opinion("c3", "旧的说法", stance="against"), opinion("gone")])
        for one in reversed(opinions):
            winding.upsert([one, one])
        assert winding.digest() != straight.digest()
        winding.delete([opinion("gone").id])
        assert winding.digest() == straight.digest()
        assert straight.digest()[0] == 20
        winding.upsert([opinions[7].model_copy(update={"author": "0123456789abcdef"})])
        assert winding.digest() == straight.digest(), "authors are hashed with a local key"
        winding.upsert([opinions[7].model_copy(update={"likes": 1})])
        assert winding.digest() != straight.digest()
        straight.close()
        winding.close()

    test_equals_the_plain_reference = random_worlds(150)(equals_the_plain_reference)
