"""Near-duplicates are found whatever was edited, and unrelated texts are left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planted import own_texts, planted, scored
from minyi.campaigns.clustering import Clusterer
from minyi.campaigns.sketch import alike_from, core, likeness, sketches
from minyi.text import duplicate_key

CALL = "我们坚决反对在本小区强行加装电梯！低层住户采光被挡、噪音不断，没有合理补偿就是不公平。"

words = st.text("我们反对加装电梯支持好处多低层采光不够😡，。! ", max_size=40)


def clusters(texts: Sequence[str], remembered: int = 1000, batch: int = 1000) -> list[set[str]]:
    """Return the clusters of texts, taken in by batches."""
    clusterer = Clusterer(remembered)
    of: defaultdict[int, set[str]] = defaultdict(set)
    for start in range(0, len(texts), batch):
        some = texts[start : start + batch]
        keys = [duplicate_key(text) for text in some]
        for number, text in zip(clusterer.add(keys, [core(t) for t in some]), some, strict=True):
            of[number].add(text)
    return [set().union(*(of[n] for n in found)) for found in clusterer.clusters()]


@pytest.mark.parametrize(
    "copy",
    [
        CALL.replace("，", " ").replace("！", "!!!"),
        "😡" + CALL + "🙏🙏",
        "我們堅決反對在本小區強行加裝電梯！低層住戶採光被擋、噪音不斷，沒有合理補償就是不公平。",
        "作为二楼业主，" + CALL + "请回复！",
        "没有合理补偿就是不公平。我们坚决反对在本小区强行加装电梯！低层住户采光被挡、噪音不断。",
        CALL.replace("坚决", "强烈").replace("噪音", "吵闹").replace("合理", "任何"),
        "转发 @张三 #加装电梯# " + CALL + " https://example.com/a",
    ],
)
def test_an_edited_copy_joins_the_campaign(copy: str) -> None:
    other = "电梯装好以后老人下楼方便多了，支持继续推广，物业费也没有涨。"
    found = clusters([CALL, other, copy])
    assert found == [{CALL, copy}, {other}]


FRAMES = [
    ("来电人反映：", "，望相关部门尽快处理！"),
    ("市民来电反映，", "，现来电请求相关部门核实处理，望及时回复。"),
    ("【重复来电】来电人刘女士反映", "。请相关部门核实后回复来电人，谢谢！"),
]
MATTERS = [
    "小区东门的垃圾桶撤了以后，要走八百米才能扔",
    "早上七点到九点才能投放，上夜班的根本碰不上",
    "清运车把厨余和其他垃圾混在一起拉走，亲眼所见",
    "督导员态度生硬，当众翻我家的袋子",
    "楼下桶站夏天臭味很重，窗户都不敢开",
    "现在楼道干净了，蚊子也少了，应当坚持下去",
]


@pytest.mark.parametrize("frame", FRAMES)
def test_the_frame_that_a_hotline_writes_around_a_matter_makes_no_campaign(
    frame: tuple[str, str],
) -> None:
    before, after = frame
    texts = [before + matter + after for matter in MATTERS]
    assert clusters(texts) == [{text} for text in texts]


def test_the_same_matter_is_a_campaign_in_whatever_frame() -> None:
    texts = [before + MATTERS[0] + after for before, after in FRAMES]
    assert clusters(texts) == [set(texts)]


def test_a_frame_is_dropped_and_what_people_say_is_kept() -> None:
    assert core("来电人反映：望相关部门尽快处理！") == ""
    assert core("请相关部门核实一楼漏水") == "请相关部门核实一楼漏水"
    assert core("反映问题的人没有得到尽快处理") == "反映问题的人没有得到尽快处理"


def test_short_texts_are_alike_only_when_they_are_equal() -> None:
    found = clusters(["支持！", "支持", "支持啊", "反对！", "支  持。", "👍", "👎"])
    assert found == [{"支持！", "支持", "支  持。"}, {"支持啊"}, {"反对！"}, {"👍"}, {"👎"}]


def test_what_many_use_makes_no_campaign() -> None:
    """A hashtag, an address, a policy's name: those who use them say things of their own."""
    tag = "#关于进一步推进老旧小区加装电梯工作的指导意见# https://example.com/very/long/address "
    assert len(clusters([tag + "早就该装了，我妈八十了", tag + "楼下采光谁来赔，别装"])) == 2
    name = "关于进一步推进老旧小区加装电梯工作的指导意见"
    said = [f"{name}挺好的", f"我不赞成{name}"]
    cores = [core(text, [name]) for text in said]
    assert len(set(Clusterer().add(said, cores))) == 2
    assert cores == ["挺好的", "我不赞成"]


@given(st.lists(words, max_size=25), st.integers(1, 30))
def test_batches_change_nothing(texts: list[str], batch: int) -> None:
    assert clusters(texts, batch=batch) == clusters(texts)


@given(st.lists(words, max_size=25))
def test_every_text_is_in_one_cluster(texts: list[str]) -> None:
    clusterer = Clusterer()
    numbers = clusterer.add([duplicate_key(t) for t in texts], [core(t) for t in texts])
    assert sorted(n for one in clusterer.clusters() for n in one) == sorted(set(numbers))


@given(st.lists(words, max_size=60), st.integers(1, 10))
def test_memory_is_bounded_and_the_oldest_are_forgotten(texts: list[str], remembered: int) -> None:
    clusterer = Clusterer(remembered)
    last: dict[int, None] = {}
    for text in texts:
        (number,) = clusterer.add([duplicate_key(text)], [core(text)])
        last.pop(number, None)
        last[number] = None
        assert len(clusterer) <= remembered
        known = sorted(n for one in clusterer.clusters() for n in one)
        assert known == sorted(list(last)[-remembered:])
        held = [n for texts in clusterer._holding.values() for n in texts]
        assert set(held) <= set(known)  # nothing is left of what was forgotten


def test_a_clusterer_that_remembers_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Clusterer(0)


@given(words, words)
def test_likeness_is_symmetric_and_one_for_equal_texts_only(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert (likeness(one, other) == 1) == (one == other)


@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_the_bits_count_what_the_table_of_the_textbook_does(one: str, other: str) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            longer = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else longer
    mean = (len(one) + len(other)) / 2
    assert likeness(one, other) == (table[-1][-1] / mean if mean else 1)


@given(st.lists(words, max_size=10))
def test_a_sketch_is_that_of_the_text_alone(texts: list[str]) -> None:
    assert sketches(texts) == [sketches([text])[0] for text in texts]


def test_the_shorter_the_text_the_more_alike_it_must_be() -> None:
    needed = [alike_from(length) for length in range(10, 300, 10)]
    assert all(a >= b for a, b in pairwise(needed))
    assert needed[0] > 0.7
    assert needed[-1] == 0.45


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.2, 0.3])
def test_planted_campaigns_are_found_and_little_else(rate: float) -> None:
    rows = planted(rate, campaigns=30, size=10, unrelated=2000, seed=7)
    clusterer = Clusterer()
    keys, cores = zip(*((duplicate_key(r.text), core(r.text)) for r in rows), strict=True)
    numbers = clusterer.add(keys, cores)
    cluster = {n: place for place, found in enumerate(clusterer.clusters()) for n in found}
    precision, recall = scored(rows, [cluster[n] for n in numbers])
    assert precision >= 0.95
    assert recall >= 0.9


def test_the_comments_written_for_minyi_are_hardly_ever_taken_for_copies() -> None:
    texts = own_texts()[:4000]
    found = clusters(texts, remembered=10_000)
    assert sum(len(one) for one in found if len(one) > 1) < 0.03 * len(texts)
