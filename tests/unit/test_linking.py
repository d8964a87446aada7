"""Linking: which policies a comment is about, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.domain import Link, LinkBy
from minyi.linking import SEMANTIC_MARGIN, SEMANTIC_THRESHOLD, Linker, describe
from minyi.policy import Policy
from minyi.registry import load_registry
from minyi.vocabulary import Domain

SHIPPED = Linker(load_registry(Path(__file__).resolve().parents[2] / "data" / "policies").values())
PADDING = "昨天在街口等了很久，雨一直没有停，后来只好走回家去了。" * 30
"""A long text about nothing in the registry."""


def policy(id: str, **fields: tuple[str, ...]) -> Policy:
    return Policy.model_validate(
        {
            "id": id,
            "title": f"政策{id}",
            "domain": Domain.TRANSPORT,
            "description": f"这是一项名为{id}的政策，用来测试。",
            "department": "交通部门",
            **fields,
        }
    )


def ids(links: Sequence[Link]) -> list[str]:
    return [link.policy_id for link in links]


METRO = policy("metro", aliases=("地铁建设",), keywords=("地铁", "号线"))
HOTLINE = policy("hotline", aliases=("12345", "ETC"))
FUND = policy("fund", aliases=("公积金贷款",), keywords=("公积金",))
LOANS = policy("loans", aliases=("贷款",))
BIKES = policy(
    "bikes",
    aliases=("共享单车",),
    keywords=("单车", "押金"),
    exclusions=("动感单车",),
    context_exclusions=("健身房",),
)


def test_an_alias_links_and_says_what_was_found() -> None:
    [link] = Linker([METRO, FUND]).link(None, "盼着地铁建设快一点")
    assert link == Link(policy_id="metro", by=LinkBy.ALIAS, evidence=("地铁建设",))


def test_evidence_is_quoted_as_the_comment_writes_it() -> None:
    [link] = Linker([METRO, HOTLINE]).link("聽說", "地鐵建設遙遙無期")
    assert link.evidence == ("地鐵建設",)
    [link] = Linker([HOTLINE]).link(None, "打了１２３４５没人接，ｅｔｃ也坏了")
    assert link.evidence == ("１２３４５", "ｅｔｃ")


def test_a_comment_may_link_to_several_policies_or_none() -> None:
    linker = Linker([METRO, FUND, HOTLINE])
    assert ids(linker.link(None, "地铁建设的事打12345，公积金贷款也问问")) == [
        "fund",
        "hotline",
        "metro",
    ]
    assert linker.link(None, "今天天气不错") == ()
    assert Linker([]).link(None, "地铁建设") == ()


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("打12345投诉", True),
        ("12345热线", True),
        ("编号123456", False),
        ("012345", False),
        ("0.12345", False),
        ("12345.6元", False),
        ("电话12345.", True),
        ("办了ETC卡", True),
        ("ETCETERA", False),
        ("metc", False),
        ("①12345投诉问题", True),
        ("①.12345投诉问题", True),
        ("打12345¹，办ETC②", True),
        ("12345.②先打电话", True),
        ("②办了ETC3", False),
        ("９12345", False),
        ("０.12345.６", False),
    ],
)
def test_latin_words_and_numbers_must_stand_alone(text: str, links: bool) -> None:
    assert bool(Linker([HOTLINE]).link(None, text)) is links


def test_the_longest_word_wins_over_all_policies() -> None:
    linker = Linker([FUND, LOANS])
    assert ids(linker.link(None, "公积金贷款批不下来")) == ["fund"]
    assert ids(linker.link(None, "公积金贷款批不下来，只好另找贷款")) == ["fund", "loans"]


def test_an_exclusion_cancels_only_what_it_covers() -> None:
    linker = Linker([BIKES])
    assert linker.link("动感单车的押金不退", "练了一个月动感单车") != ()
    assert linker.link("动感单车", "练了一个月") == ()
    assert ids(linker.link("动感单车和共享单车", "都骑过")) == ["bikes"]


def test_a_context_exclusion_vetoes_wherever_it_stands() -> None:
    assert Linker([BIKES]).link("共享单车", "我是说健身房里的那种") == ()


def test_a_keyword_needs_the_title_or_another_keyword() -> None:
    linker = Linker([METRO])
    assert linker.link("小区的问题", "门口有地铁") == ()
    [link] = linker.link("小区的问题", "门口有地铁，听说是3号线")
    assert link.by is LinkBy.KEYWORDS
    assert link.evidence == ("地铁", "号线")
    [link] = linker.link("地铁太挤了", "早上根本上不去")
    assert link.by is LinkBy.KEYWORDS
    assert link.evidence == ("地铁",)


def test_two_forms_of_one_keyword_are_not_two_keywords() -> None:
    linker = Linker([policy("bus", keywords=("公交", "公交车"))])
    assert linker.link("小区的问题", "门口有公交，公交车很吵") == ()


def test_two_keywords_far_apart_are_no_pair() -> None:
    text = "地铁来了。" + "雨" * 80 + "。二号线"
    assert Linker([METRO]).link("小区的问题", text) == ()


def test_a_short_comment_is_its_own_title_but_yields_to_a_named_policy() -> None:
    linker = Linker([METRO, FUND])
    assert ids(linker.link(None, "地铁太挤了")) == ["metro"]
    assert linker.link(None, "地铁太挤了" + PADDING) == ()
    assert ids(linker.link(None, "地铁口那家银行不给办公积金贷款")) == ["fund"]


def test_what_a_long_comment_mentions_in_passing_does_not_link() -> None:
    linker = Linker([METRO])
    assert linker.link("小区的问题", PADDING + "地铁建设。" + PADDING) == ()
    assert ids(linker.link("地铁建设", PADDING)) == ["metro"]
    assert ids(linker.link("小区的问题", ("地铁建设。" + PADDING[:200]) * 5)) == ["metro"]


def test_links_do_not_depend_on_the_order_of_the_registry() -> None:
    policies = [METRO, HOTLINE, FUND, LOANS, BIKES]
    text = "地铁建设打12345，公积金贷款和共享单车押金"
    assert Linker(policies).link(None, text) == Linker(policies[::-1]).link(None, text)


class Directions:
    """An encoder that knows a few texts and points anything else nowhere near."""

    def __init__(self, known: dict[str, tuple[float, ...]]) -> None:
        self.known = known
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.calls.append(list(texts))
        rows = [self.known.get(text, (0.0, 0.0, 1.0)) for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def directions(**texts: tuple[float, ...]) -> Directions:
    return Directions({describe(METRO): (1.0, 0.0, 0.0), describe(BIKES): (0.0, 1.0, 0.0)} | texts)


UNDERGROUND = "地底下那趟车什么时候挖好"


def test_a_comment_without_known_words_links_to_the_nearest_policy() -> None:
    encoder = directions(**{UNDERGROUND: (1.0, 0.1, 0.2)})
    linker = Linker([METRO, BIKES], encoder)
    named, near, far = linker.link_many(
        [(None, "地铁建设"), (None, UNDERGROUND), (None, "今天的天气真是不错啊")]
    )
    assert named[0].by is LinkBy.ALIAS
    assert ids(near) == ["metro"]
    assert near[0].by is LinkBy.SEMANTIC
    assert near[0].evidence == ()
    assert near[0].similarity == pytest.approx(0.976, abs=0.001)
    assert far == ()
    assert Linker([METRO, BIKES]).link_many([(None, UNDERGROUND)]) == [()]


def test_only_unlinked_comments_are_embedded_and_policies_once() -> None:
    encoder = directions()
    linker = Linker([METRO, BIKES], encoder)
    linker.link_many([(None, "地铁建设"), ("标题", UNDERGROUND), (None, "短")])
    linker.link_many([(None, UNDERGROUND)])
    assert encoder.calls == [
        [describe(BIKES), describe(METRO)],
        [f"标题\n{UNDERGROUND}"],
        [UNDERGROUND],
    ]


def at(cosine: float, other: float) -> tuple[float, float, float]:
    return cosine, other, (1 - cosine**2 - other**2) ** 0.5


@pytest.mark.parametrize(
    ("vector", "links"),
    [
        (at(SEMANTIC_THRESHOLD + 0.01, 0.0), ["metro"]),
        (at(SEMANTIC_THRESHOLD - 0.01, 0.0), []),
        (at(0.72, 0.72 - SEMANTIC_MARGIN - 0.01), ["metro"]),
        (at(0.72, 0.72 - SEMANTIC_MARGIN + 0.01), []),
    ],
)
def test_the_nearest_policy_must_be_near_and_alone(
    vector: tuple[float, float, float], links: list[str]
) -> None:
    linker = Linker([METRO, BIKES], directions(**{UNDERGROUND: vector}))
    assert ids(linker.link_many([(None, UNDERGROUND)])[0]) == links


def test_what_a_veto_or_an_exclusion_ruled_out_has_no_second_chance() -> None:
    texts = dict.fromkeys(("健身房里骑车的押金", "周末去练动感单车吧"), (0.0, 1.0, 0.0))
    linker = Linker([METRO, BIKES], directions(**texts))
    assert linker.link_many([(None, text) for text in texts]) == [(), ()]


@given(st.text(max_size=200), st.none() | st.text(min_size=1, max_size=50))
def test_evidence_stands_in_the_comment(text: str, title: str | None) -> None:
    for link in SHIPPED.link(title, f"{text}双减{text}"):
        assert link.evidence
        assert all(word in f"{title}\n{text}双减{text}" for word in link.evidence)


@pytest.mark.parametrize(
    ("text", "policy_id"),
    [
        ("双减以后孩子十点前能睡了", "double-reduction"),
        ("限塑令喊了这么多年，菜场照样白送塑料袋", "plastic-ban"),
        ("支持延迟退休", "delayed-retirement"),
        ("一楼死活不同意加装电梯", "elevator-retrofit"),
        ("天天996，谁来管管", "working-hours"),
        ("①工资低②996③没人管", "working-hours"),
        ("P2P跑路了，血汗钱没了", "pyramid-schemes"),
        ("尾号限行能不能只限高峰", "driving-restriction"),
        ("養狗不牽繩太嚇人", "dog-management"),
    ],
)
def test_the_shipped_registry_knows_what_people_say(text: str, policy_id: str) -> None:
    assert policy_id in ids(SHIPPED.link(None, text))


@pytest.mark.parametrize(
    ("text", "policy_id"),
    [
        ("他这个人很狗腿", "dog-management"),
        ("学位论文没过", "school-zoning"),
        ("这台机器要996元", "working-hours"),
        ("垃圾短信太多", "waste-sorting"),
        ("离小区有三公里", "official-spending"),
        ("雨滴滴答答下个不停", "ride-hailing"),
    ],
)
def test_the_shipped_registry_knows_what_they_do_not_mean(text: str, policy_id: str) -> None:
    assert policy_id not in ids(SHIPPED.link(None, text))
