"""The index in Elasticsearch keeps the contract, on a real server, and equals the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_contract import IndexContract
from index_worlds import (
    ALL,
    FILTERS,
    OPINIONS,
    equals_the_plain_reference,
    listing,
    opinion,
    random_worlds,
)

from indexers import aggregations
from indexers.embedded import EmbeddedIndex
from minyi.ports import Index
from minyi.query import Filters, Group, Interval
from tests.elastic import Worlds


@pytest.fixture(scope="module")
def worlds(elasticsearch: str) -> Iterator[Worlds]:
    worlds = Worlds(elasticsearch)
    yield worlds
    worlds.close()


class TestElastic(IndexContract):
    @pytest.fixture
    def fresh(self, worlds: Worlds) -> Callable[[], Index]:
        return worlds.fresh

    test_equals_the_plain_reference = random_worlds(8)(equals_the_plain_reference)


SNIPPETS = [
    "垃圾",
    "圾分",
    "分類",
    "a1",
    "12",
    "1",
    "🎉",
    "🎊é",
    "ｅ́",
    " ",
    "·",
    "かな",
    "한글",
    "𠀀",
    "㐀",
]
TEXTS = st.lists(st.sampled_from(SNIPPETS), max_size=5).map("".join)
"""Few pieces in several scripts, so that texts repeat and queries meet them."""
WRITTEN = st.builds(
    lambda o, n, text, title: opinion(
        f"c{n}", text, **o.model_dump(exclude={"id", "comment_id", "text", "title", "duplicate_key",
                                               "policy_id", "link"}),
        policy=o.policy_id, title=title,
    ),
    OPINIONS,
    st.integers(0, 200),
    TEXTS,
    st.none() | TEXTS,
)  # fmt: skip
QUESTIONS = st.lists(
    st.tuples(
        TEXTS, FILTERS, st.sampled_from(Interval), st.none() | st.sampled_from(Group),
        st.integers(1, 30),
    ),
    min_size=6,
    max_size=10,
)  # fmt: skip


@given(opinions=st.lists(WRITTEN, min_size=5, max_size=60), questions=QUESTIONS)
@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_answers_what_the_embedded_index_answers(
    worlds: Worlds,
    tmp_path_factory: pytest.TempPathFactory,
    opinions: list,
    questions: list[tuple[str, Filters, Interval, Group | None, int]],
) -> None:
    ours, embedded = worlds.fresh(), EmbeddedIndex(tmp_path_factory.mktemp("embedded"))
    for index in (ours, embedded):
        assert index.upsert(opinions) == []
    assert ours.digest() == embedded.digest()
    for query, filters, interval, group, limit in questions:
        assert listing(ours, query, filters, limit) == listing(embedded, query, filters, limit)
        assert ours.trend(ALL, interval, group) == embedded.trend(ALL, interval, group)
        assert ours.trend(filters, interval, group) == embedded.trend(filters, interval, group)
        assert ours.totals(filters) == embedded.totals(filters)
        assert ours.newest(filters) == embedded.newest(filters)
    ours.close()
    embedded.close()


def test_many_copies_are_collapsed_a_part_at_a_time(
    worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregations, "NUMBERS", 20)
    monkeypatch.setattr(aggregations, "BUCKETS", 60)
    days = ["2024-04-29", "2024-04-30", "2024-05-01", "2024-05-04", "2024-05-20"]
    opinions = [
        opinion(f"{n}-{day}", f"第{n}条", created_at=f"{day}T12:00:00+08:00", region=f"{n % 3}市")
        for n in range(150)
        for day in days
        if n % 2 or day < "2024-05-02"
    ]
    ours, embedded = worlds.fresh(), EmbeddedIndex(tmp_path)
    for index in (ours, embedded):
        index.upsert(opinions)
    for interval in Interval:
        for group in (None, Group.REGION):
            assert ours.trend(ALL, interval, group) == embedded.trend(ALL, interval, group)
    ours.close()
    embedded.close()


@pytest.mark.parametrize("text", ["民" * 20_000, "a1 🎉" * 5_000, "\U0010ffff\ue000\u0378" * 6_000])
def test_a_very_long_text_is_found_by_its_ends(worlds: Worlds, text: str) -> None:
    index = worlds.fresh()
    index.upsert([opinion("long", f"始{text}终"), opinion("short")])
    for query in ("始", "终", f"始{text[:50]}", f"{text[-50:]}终", text[7:1500].strip()):
        assert [o.comment_id for o in index.search(query, ALL).items] == ["long"]
    assert index.search(f"{text[:50]}始", ALL).total == 0
    index.close()
