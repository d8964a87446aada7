"""The words that set sides apart, and the quotes that stand for them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.campaigns.collapsing import Clustered
from minyi.campaigns.said import Said
from minyi.domain import Opinion
from minyi.query import Filters
from minyi.reasons.contrast import FEWEST, TELLING, log_odds, telling
from minyi.reasons.phrases import phrases
from minyi.reasons.quotes import choose
from minyi.reasons.why import Side, Why, why
from minyi.text import normalise
from minyi.vocabulary import Aspect, Polarity, Stance
from tests.integration.world import ELEVATOR, START, opinion

FAVOR, AGAINST, NONE = Stance

counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), min_size=1)


@given(counts, counts)
def test_what_sets_one_side_apart_sets_the_other_back(
    one: dict[str, int], other: dict[str, int]
) -> None:
    everything = Counter(one) + Counter(other)
    here, there = log_odds(one, other, everything), log_odds(other, one, everything)
    for phrase in here.keys() & there.keys():
        assert here[phrase] == pytest.approx(tuple(-x for x in there[phrase]))


def test_a_known_value_of_the_log_odds_ratio() -> None:
    # y = 30 of 100 against 10 of 100; prior 100 * 40/200 = 20: log(50/151) - log(30/171)
    odds, z = log_odds({"a": 30, "b": 70}, {"a": 10, "b": 90}, {"a": 40, "b": 160})["a"]
    assert odds == pytest.approx(0.63521, abs=1e-5)
    assert z == pytest.approx(0.63521 / (1 / 50 + 1 / 30) ** 0.5, abs=1e-4)


def side(chance: random.Random, size: int, more: str = "", share: float = 0.0) -> list[frozenset]:
    words = [f"w{n}" for n in range(60)]
    return [
        frozenset([*chance.sample(words, 8), *([more] if chance.random() < share else [])])
        for _ in range(size)
    ]


def test_a_phrase_of_one_side_is_found_and_chance_is_about_what_is_said() -> None:
    chance = random.Random(3)
    found, _ = telling(side(chance, 200, "噪音", 0.2), side(chance, 200))
    assert found[0].phrase == "噪音"
    false = compared = 0
    for _ in range(40):
        none, tried = telling(side(chance, 150), side(chance, 150), limit=60)
        false += len(none)
        compared += tried
    assert false / compared < 1.5 / 40  # one in forty is what the threshold says


def test_few_texts_make_no_phrase() -> None:
    few = [frozenset(["噪音"])] * (FEWEST - 1) + [frozenset(["补偿"])] * 30
    others = [frozenset(["下楼"])] * 30
    assert "噪音" not in {one.phrase for one in telling(few, others)[0]}


def test_of_phrases_inside_one_another_one_is_kept() -> None:
    one = [frozenset(["不公平", "公平"])] * 20 + [frozenset(["公平"])] * 2
    others = [frozenset(["下楼"])] * 30
    found = [each.phrase for each in telling(one, others)[0]]
    assert len(found) == 1


@given(st.text("我们不支持反对加装电梯，采光！ a1", max_size=40))
def test_every_phrase_is_a_piece_of_the_text(text: str) -> None:
    assert all(phrase in normalise(text) for phrase in phrases(text))


def test_phrases_keep_what_turns_a_word_round() -> None:
    found = phrases("没有补偿就是不公平！")
    assert {"不公平", "公平", "没有补偿"} <= found
    assert not {"不", "！", "是不", "就是", "就是不"} & found


def test_addresses_and_people_are_no_phrases() -> None:
    found = phrases("转发 @深圳交警 http://t.cn/RqGPSED 严查")
    assert "严查" in found
    assert not any("t.cn" in phrase or "交警" in phrase or "http" in phrase for phrase in found)


def test_quotes_stand_for_all_and_differ() -> None:
    texts = [frozenset({"采光", "噪音", str(n)}) for n in range(6)]
    texts += [frozenset({"费用", "摊派", f"x{n}"}) for n in range(3)]
    texts += [frozenset({"别的"}), frozenset()]
    chosen = choose(texts, 2)
    assert chosen[0] < 6  # of the larger kind
    assert 6 <= chosen[1] < 9  # not one more of the same
    assert choose(texts, 50)[:2] == chosen
    assert len(choose(texts, 50)) == 10  # a text without phrases is no quote
    assert choose([], 3) == []


@given(st.lists(st.frozensets(st.sampled_from("甲乙丙丁戊己"), max_size=4), max_size=8))
def test_quotes_are_distinct_places(texts: list[frozenset[str]]) -> None:
    chosen = choose(texts, 3)
    assert len(set(chosen)) == len(chosen) <= 3
    assert all(texts[place] for place in chosen)


def told(opinions: list[Opinion], **more: int) -> Why:
    """Return the answer on opinions; equal texts are a campaign."""
    said = [Said.of(o) for o in sorted(opinions, key=lambda o: (o.created_at, o.id))]
    places: dict[str, list[int]] = {}
    for place, one in enumerate(said):
        places.setdefault(one.key, []).append(place)
    scoped = Clustered(said, list(places.values())).within(Filters())
    return why(ELEVATOR.id, START, scoped, [ELEVATOR.title], **more)


TALK = (
    "小区物业街道居民邻居老人孩子楼道花园停车报名公示补贴资料投票会议电话政府施工工人设计图纸签字协议合同材料"
    "质量安全维修卫生灯光道路桌子窗户厨房学校医院超市公园菜场早上晚上周末春天冬天今年去年上海北京广州深圳成都"
)
WORDS = [TALK[place : place + 2] for place in range(0, len(TALK), 2)]
COST = [{"aspect": "cost", "polarity": "criticism", "probability": 0.9}]


def about(words: str, seed: int) -> str:
    """Return a text of its own that holds some words."""
    chance = random.Random(seed)
    around = ["".join(chance.sample(WORDS, k=7)) for _ in range(2)]
    return f"{around[0]}，{words}，{around[1]}"


def opinions() -> list[Opinion]:
    """Twenty against with two words of theirs, twenty for, thirty copies of a text, one unsure."""
    found = [opinion(n, AGAINST, text=about("噪音太大", n), evaluations=COST) for n in range(20)]
    found += [opinion(n, FAVOR, text=about("下楼散步", n)) for n in range(100, 120)]
    found += [opinion(n, FAVOR, text="感谢施工队，通梯那天全楼放鞭炮") for n in range(200, 230)]
    return [*found, opinion(300, AGAINST, text="存疑的噪音", sure=False)]


def by(found: Why, **labels: object) -> Side:
    return next(
        s for s in found.sides if all(getattr(s, name) == label for name, label in labels.items())
    )


def test_each_side_has_its_words_with_the_opinions_that_a_search_finds() -> None:
    found = told(opinions())
    against = by(found, stance=AGAINST)
    phrase = next(p for p in against.phrases if "噪音" in p.phrase)
    assert phrase.z >= TELLING
    assert (phrase.texts, phrase.others) == (20, 0)
    held = [o for o in opinions() if o.stance is AGAINST and phrase.phrase in o.text]
    assert phrase.opinions == len(held)
    favor = by(found, stance=FAVOR)
    assert any("下楼" in p.phrase or "散步" in p.phrase for p in favor.phrases)


def test_a_campaign_is_one_text_and_one_quote() -> None:
    favor = by(told(opinions()), stance=FAVOR)
    assert (favor.opinions, favor.texts) == (50, 21)
    assert not any("鞭炮" in p.phrase for p in favor.phrases)
    assert sum("鞭炮" in q.text for q in favor.quotes) <= 1


def test_quotes_are_whole_texts_that_the_tagger_is_sure_of() -> None:
    found = told(opinions())
    texts = {o.text for o in opinions() if o.sure}
    quotes = [quote for side in found.sides for quote in side.quotes]
    assert quotes
    assert {quote.text for quote in quotes} <= texts


def test_aspects_stand_beside_those_who_do_not_speak_of_them() -> None:
    cost = by(told(opinions()), aspect=Aspect.COST, polarity=Polarity.CRITICISM)
    assert (cost.texts, cost.others) == (20, 21)
    assert any("噪音" in p.phrase for p in cost.phrases)


def test_too_few_are_not_compared() -> None:
    found = told(opinions()[:5] + opinions()[20:40])
    against = by(found, stance=AGAINST)
    assert against.too_few
    assert against.phrases == ()
    assert against.quotes


def test_only_the_newest_are_read() -> None:
    found = told(opinions(), read=31)
    assert (found.read, found.total) == (31, 71)
    assert by(found, stance=FAVOR).opinions == 30
