from __future__ import annotations

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.names import DOUBLE_SURNAMES, SURNAMES
from minyi.redaction import kinds_in, redact
from minyi.registry import load_registry
from minyi.settings import ROOT
from minyi.text import fold
from tests.unit.stalling import seconds_to_redact

INTRODUCED = (
    "联系人：{}",
    "投诉人：{}，男，汉族",
    "举 报 人： {} 电话：0000",
    "此致敬礼！申请人:{}2020年1月2日",
    "实名举报人：{}联系电话：****",
    "业主代表签名：{}\n1栋业主",
    "（户主：{}）",
    "经营者∶{}",
    "姓名：{}、性别：女",
    "本人姓名，{}，电话****",
    "我叫{}，今年四十岁",
    "您好！本人叫{}是货车司机",
    "我，名叫{}，女",
    "我的名字是{}。",
    "我名{}，住城东",
    "尊敬的领导：本人{}，家住城东",
    "我是幸福镇和平村三组村民{}，现年七十岁",
    "我是第一中学教师{}。",
    "尊敬的市长：您好！我是{}，家住城东",
    "投诉人{}，身份证号：11010519491231002X",
    "村民{} 电话：13800138000",
    "业主{}，女，三十岁",
    "盼复！\n{}，身份证号码：****",
    "此致\n敬礼！\n{}\n2020年1月2日",
    "万分感谢！{} 2020.1.2",
    "联系人：{}先生 电话：0000",
    "来访人：{}夫妇",
    "我儿子叫{}，今年上小学",
    "我爱人的名字叫{}。",
)


@pytest.mark.parametrize("text", INTRODUCED)
@pytest.mark.parametrize("name", ["李四", "张小明", "欧阳修远", "張國榮", "关羽"])
def test_a_name_that_is_introduced_is_replaced(text: str, name: str) -> None:
    redacted = redact(text.format(name))
    assert redacted == redact(text.format("〔姓名〕"))
    assert "〔姓名〕" in redacted
    assert "姓名" in kinds_in(text.format(name))


def test_all_names_of_a_list_are_replaced() -> None:
    assert redact("投诉人：李四、张小明 王五等3人") == "投诉人：〔姓名〕、〔姓名〕 〔姓名〕等3人"
    assert redact("联系人：李四；张小明，") == "联系人：〔姓名〕；〔姓名〕，"
    assert redact("此致敬礼 李四 张小明") == "此致敬礼 〔姓名〕 〔姓名〕"


def test_a_name_that_is_spaced_out_is_one() -> None:
    assert redact("联系人：张 三，男") == redact("联系人：欧阳 锋，男") == "联系人：〔姓名〕，男"


def test_width_script_and_what_cannot_be_seen_hide_no_name() -> None:
    for text in ("聯繫人：張三丰，", "联系人﹕张三丰，", "联系人：张\u200b三\ufeff丰，"):
        assert redact(text) == f"{text[:4]}〔姓名〕，"


@pytest.mark.parametrize(
    "text",
    [
        "我叫天天不应，叫地地不灵",
        "我叫停车，司机不听；我叫他们过来，我叫师傅，我叫警察。",
        "我叫武汉，这是我的故事。",
        "我叫医保，你叫社保",
        "李市长、张三局长不作为，王五也一样",
        "被举报人：赵四，男；被告：钱五，男，村支书",
        "法定代表人：孙六。记者：周七，编辑：吴八",
        "举报人：张某，李某某，王先生，陈女士",
        "联系人：刘主任 何老师 李经理",
        "联系人：向阳村，申请人：安宁区",
        "申请人：全体业主，投诉人：金辉小区9栋全体业主",
        "业主：何时交房？居民：安全第一",
        "本人应该，本人认为，本人和家人，本人曾经是，本人时间，本人向您反映",
        "与本人相邻，还本人费用。日本人：明智",
        "日本人田中，是游客",
        "我是业主代表，我是小组成员，我是村民小组的，我是外地来的农民工",
        "我是幸福家园的业主，我是第一医院的常客。如果我是张三，我是李四的邻居。您好，我是单身",
        "此致敬礼！谢谢！此致 祝好",
        "此致敬礼！\n全体业主\n2020年1月2日",
        "姓名权，姓名和电话，姓名：无",
        "业主时常电话催，居民于是打电话，村民和物业电话联系",
        "房东，身份证号：****",
        "特别感谢！房屋 2020年1月2日",
        "高考，高房价，廉租房",
        "本人支持，本人关注。本人路过，本人高龄，本人毕业于，本人应聘，本人乐意，本人常常，",
        "居民：支持！村民：路烂，业主：安静，患者：高血压，考生：宁夏，消费者：安心",
        "您好，我是孙女，您好，我是应届生，您好，我是白领，您好，我是苗族，您好，我是孙子。",
        "联系人：房管员，收款人：万科，姓名：曾用名，此致敬礼！高家庄",
        "联系人：王先生 报修人：李女士，来访人：张老先生家属",
        "本人连累家人，本人于当日，本人和女儿，本人任教，本人严查，居民：严查！书记：我是常德人",
        "孩子叫高中生欺负，我女儿叫我，我妻子叫安保",
    ],
)
def test_what_introduces_no_name_stays(text: str) -> None:
    assert redact(text) == text


def test_no_word_that_a_policy_is_known_by_is_cut() -> None:
    for policy in load_registry(ROOT / "data" / "policies").values():
        for word in (policy.title, *policy.aliases, *policy.keywords):
            if word != "柴静":  # is a name
                for text in INTRODUCED:
                    assert word in redact(text.format(word)), text


def test_surnames_are_folded_and_none_stands_twice() -> None:
    every = [*SURNAMES, *DOUBLE_SURNAMES.split()]
    assert [fold(name) for name in every] == every
    assert len(set(every)) == len(every)


WHOLE = (
    "联系人： 我叫 本人 我名 我是三组 村民 敬礼 姓名 身份证：* 电话：1 2020年1月2日 "
    "〔姓名〕 先生 儿子叫 13800138000 138OO138OOO 11010519491231002X"
)
parts = st.sampled_from(
    [*"张李欧阳三四一男系是等，、：；。（）! \n\u200b①1○·本人我叫名组村民礼", *WHOLE.split()]
)
texts = st.lists(parts, max_size=14).map("".join)


@given(texts)
def test_redacting_names_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


TRADITIONAL = opencc.OpenCC("s2t")


@given(texts)
def test_names_are_found_in_any_width_and_script(text: str) -> None:
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    for other in (wide, TRADITIONAL.convert(text)):
        assert fold(redact(other)) == fold(redact(text))


@pytest.mark.parametrize(
    "unit",
    [
        "联系人：", "张三", "张三、", "联系人：张三、", "我是", "我叫张", "本人张三", "敬礼 ",
        "我是组", "张三，身份证", "张三电话：", "。张三 2020年1月2日 ", " ", "：", "1.1.1 ",
        "联 系 人 ", "村民",
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "联系人：", "我是"])
def test_no_text_stalls_the_search_for_names(start: str, unit: str) -> None:
    assert seconds_to_redact(start, unit) < 1
