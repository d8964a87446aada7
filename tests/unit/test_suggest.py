"""Suggestions: frequent phrases that the registry does not know."""

from __future__ import annotations

import random

import pytest

from minyi.suggest import suggest

PLACES = ("东门", "西街", "南巷", "北路", "桥头", "河边", "山脚", "村口", "站前", "江岸", "湖畔")
ENDINGS = ("晚上太黑", "坏了半年", "没人来修", "忽明忽暗", "全都灭着", "老人摔跤", "孩子害怕")
CHATTER = ("天气不错", "吃了碗面", "看场电影", "钓鱼去啦", "睡个懒觉", "散步回来", "喝杯热茶")


def street_lights(count: int) -> list[str]:
    """Comments that complain of street lights, all different."""
    draw = random.Random(7)
    return [f"{draw.choice(PLACES)}路灯{draw.choice(ENDINGS)}，{i}号" for i in range(count)]


def chatter(count: int) -> list[str]:
    draw = random.Random(8)
    return [f"{draw.choice(PLACES)}{draw.choice(CHATTER)}，{i}号" for i in range(count)]


def test_a_frequent_phrase_comes_first_with_counts_and_examples() -> None:
    first = suggest(street_lights(60) + chatter(200), min_cohesion=2)[0]
    assert first.text == "路灯"
    assert first.comments == 60
    assert first.distinctness is None
    assert len(first.examples) == 3
    assert all("路灯" in example for example in first.examples)


def test_what_linked_comments_say_as_well_is_not_distinct() -> None:
    unlinked = street_lights(60) + chatter(60)
    phrases = [s.text for s in suggest(unlinked, linked=chatter(300), min_cohesion=2)]
    assert "路灯" in phrases
    assert not set(phrases) & set(CHATTER)


def test_words_of_the_registry_and_parts_of_them_are_left_out() -> None:
    known = [s.text for s in suggest(street_lights(60), known=["路灯"], min_cohesion=2)]
    assert all("路灯" not in phrase for phrase in known)
    longer = [s.text for s in suggest(street_lights(60), known=["路灯照明"], min_cohesion=2)]
    assert "路灯" not in longer


def test_a_part_gives_way_to_the_whole() -> None:
    texts = [text.replace("路灯", "红绿灯") for text in street_lights(60)]
    phrases = [s.text for s in suggest(texts, min_cohesion=2)]
    assert "红绿灯" in phrases
    assert not {"红绿", "绿灯"} & set(phrases)


def test_a_copied_comment_counts_once() -> None:
    campaign = ["请修一修路灯吧！"] * 500 + ["请修一修路灯吧"] * 500
    assert suggest(campaign) == []


def test_scripts_count_together_and_examples_stay_as_written() -> None:
    texts = street_lights(30) + [t.replace("路灯", "路燈") + "啊" for t in street_lights(30)]
    first = suggest(texts, min_cohesion=2, examples=60)[0]
    assert first.text == "路灯"
    assert first.comments == 60
    assert any("路燈" in example for example in first.examples)


def test_rarer_phrases_than_asked_for_are_not_shown() -> None:
    texts = street_lights(20) + chatter(50)
    assert any(s.text == "路灯" for s in suggest(texts, min_comments=20, min_cohesion=2))
    assert all(s.text != "路灯" for s in suggest(texts, min_comments=21, min_cohesion=2))


def test_the_result_does_not_depend_on_the_order_of_comments() -> None:
    texts = street_lights(40) + chatter(40)
    shuffled = random.Random(1).sample(texts, len(texts))
    assert suggest(texts, min_cohesion=2) == suggest(shuffled, min_cohesion=2)


@pytest.mark.parametrize("texts", [[], [""], ["hello 123"], ["好"], ["\n\n", "，。"]])
def test_nothing_to_say_gives_no_suggestion(texts: list[str]) -> None:
    assert suggest(texts) == []
