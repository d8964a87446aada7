from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.redaction import numbering, redact
from minyi.text import fold
from tests.unit.stalling import seconds_to_redact

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我的电话是13800138000。", "〔手机号〕"),
        ("+86 138-0013-8000", "〔手机号〕"),
        ("身份证11010519491231002X号", "〔身份证号〕"),
        ("写信到zhang.san@example.com吧", "〔邮箱〕"),
        ("座机010-12345678", "〔电话〕"),
        ("卡号6222 0212 3456 7890 123", "〔卡号〕"),
        ("车牌京A12345乱停", "〔车牌〕"),
        ("新能源车粤BD12345占道", "〔车牌〕"),
        ("加微信：minyi_2026", "〔社交账号〕"),
        ("手机１３８００１３８０００", "〔手机号〕"),
        ("＋８６　１３８－００１３－８０００", "〔手机号〕"),
        ("8613800138000", "〔手机号〕"),
        ("身份证１１０１０５１９４９１２３１００２Ｘ", "〔身份证号〕"),
        ("身份证11010519491231002x", "〔身份证号〕"),
        ("ｚｈａｎｇ．ｓａｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "〔邮箱〕"),
        ("家里073156785678", "〔电话〕"),
        ("家里01056785678", "〔电话〕"),
        ("家里（0731）5678 5678", "〔电话〕"),
        ("家里０７３１－５６７８５６７８", "〔电话〕"),
        ("卡号6222021234567890", "〔卡号〕"),
        ("卡号62220212345678901", "〔卡号〕"),
        ("卡号622202123456789012", "〔卡号〕"),
        ("卡号6222 0212 3456 7890 12", "〔卡号〕"),
        ("卡号6222-0212-3456-7890", "〔卡号〕"),
        ("卡号６２２２０２１２３４５６７８９０１２", "〔卡号〕"),
        ("车牌粵Ｂ·５６７８Ｇ", "〔车牌〕"),
        ("车牌粤b5678g", "〔车牌〕"),
        ("ＱＱ：５６７８５６７８", "〔社交账号〕"),
        ("QQ群号：567856789", "〔社交账号〕"),
        ("QQ号码：567856789", "〔社交账号〕"),
        ("微信帳號：minyi_2026", "〔社交账号〕"),
        ("身份证：110105 1949 1231 002X", "〔身份证号〕"),
        ("身份证110105 19491231 0021", "〔身份证号〕"),
        ("身份证110105-1949-12-31-0021", "〔身份证号〕"),
        ("京A.56785停着", "〔车牌〕"),
        ("京A5678警", "〔车牌〕"),
        ("京A·5678學", "〔车牌〕"),
        ("粤Z5678港", "〔车牌〕"),
        ("联系电话①13800138000②13900139000", "〔手机号〕"),
        ("13800138000①", "〔手机号〕"),
        ("①010-12345678", "〔电话〕"),
        ("¹13800138000²", "〔手机号〕"),
        ("₁身份证①11010519491231002X②", "〔身份证号〕"),
        ("①③⑧００①③8000", "〔手机号〕"),
    ],
)
def test_personal_data_is_replaced_by_its_kind(text: str, kind: str) -> None:
    redacted = redact(text)
    assert kind in redacted
    for part in ("0013", "1949", "zhang", "5678", "6222", "minyi_"):
        assert part not in fold(redacted)


@pytest.mark.parametrize(
    "account",
    [
        "QQ56785678",
        "ＱＱ　５６７８５６７８",
        "qq号56785678",
        "QQ是56785678",
        "QQ（56785678）",
        "扣扣 56785678",
        "QQ群567856789",
        "QQ群号567856789",
        "QQ交流群 567856789",
        "Q群 (5678567)",
        "微信minyi2026",
        "微信 minyi_ren",
        "微信“minyi2026”",
        "微信【minyi2026】",
        "微信号minyiren",
        "微信号是minyi2026",
        "微信號為minyi2026",
        "微信号：minyiren",
        "微信帐号 567856789",
        "V信 minyi2026",
        "v信：minyi2026",
        "vx minyi2026",
        "WeChat minyi2026",
    ],
)
def test_an_account_is_replaced_without_a_colon_too(account: str) -> None:
    assert redact(f"我的{account}，随时联系") == "我的〔社交账号〕，随时联系"
    assert redact(f"电话13800138000{account}") == "电话〔手机号〕〔社交账号〕"
    assert redact(f"{account}，13800138000") == "〔社交账号〕，〔手机号〕"
    assert redact(f"QQ123456{account}") == "〔社交账号〕〔社交账号〕"


def test_an_account_that_one_is_asked_to_add_is_replaced() -> None:
    for add in ("加", "+", "＋", "加我"):
        for account in ("v56785678", "V：minyi2026", "微minyi2026", "薇：minyi2026"):
            assert redact(f"请{add}{account}！") == f"请{add}〔社交账号〕！"


@pytest.mark.parametrize("dash", "-－‐‑‒–—―−﹘")
def test_numbers_joined_by_any_dash_are_replaced(dash: str) -> None:
    numbers = ["138-0013-8000", "+86-138-0013-8000", "0731-5678-5678", "6222-0212-3456-7890"]
    numbers += ["(0731)-5678-5678", "110105-19491231-0021", "京A-12345", "粤B-D12345"]
    for joint in (dash, dash * 2):
        text = "、".join(number.replace("-", joint) for number in numbers)
        redacted = (
            "〔手机号〕、〔手机号〕、〔电话〕、〔卡号〕、〔电话〕、〔身份证号〕、〔车牌〕、〔车牌〕"
        )
        assert redact(f"致电——{text}——急！") == f"致电——{redacted}——急！"


DIGITS = {
    "mathematical": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "Arabic": "٠١٢٣٤٥٦٧٨٩",
    "circled": "⓪①②③④⑤⑥⑦⑧⑨",
    "black": "⓿❶❷❸❹❺❻❼❽❾",
    "sans serif": "🄋➀➁➂➃➄➅➆➇➈",
    "doubly circled": "⓪⓵⓶⓷⓸⓹⓺⓻⓼⓽",
    "with a full stop": "🄀⒈⒉⒊⒋⒌⒍⒎⒏⒐",
}
MARKED = {"keycap": "\ufe0f\u20e3", "old keycap": "\u20e3", "struck": "\u0336", "ringed": "\u20dd"}
NUMBERS = (
    ("13800138000", "手机号"),
    ("11010519491231002X", "身份证号"),
    ("010-12345678", "电话"),
    ("6222021234567890", "卡号"),
)


def styled(number: str, digits: str) -> str:
    return number.translate({ord(str(n)): digit for n, digit in enumerate(digits)})


@pytest.mark.parametrize("digits", DIGITS.values(), ids=DIGITS)
@pytest.mark.parametrize(("number", "kind"), NUMBERS)
def test_digits_of_any_style_are_digits(number: str, kind: str, digits: str) -> None:
    hidden = (styled(number, digits), number[:4] + styled(number[4:], digits))
    for one in hidden:
        assert redact(f"找我，{one}！") == f"找我，〔{kind}〕！"


@pytest.mark.parametrize("mark", MARKED.values(), ids=MARKED)
@pytest.mark.parametrize(("number", "kind"), NUMBERS)
def test_marks_on_digits_hide_nothing(number: str, kind: str, mark: str) -> None:
    marked = "".join(c + mark if c.isdigit() else c for c in number)
    partly = number[:5] + marked[5 * (1 + len(mark)) :] if number[:5].isdigit() else marked
    for one in (marked, partly):
        assert redact(f"找我，{one}！") == f"找我，〔{kind}〕！"


@pytest.mark.parametrize("picture", ["🌸", "☎️", "★", "👨\u200d👩", "👍🏽", "●"])
@pytest.mark.parametrize(("number", "kind"), NUMBERS)
def test_pictures_between_hide_nothing(number: str, kind: str, picture: str) -> None:
    for one in (picture.join(number), number[:3] + picture + number[3:]):
        assert redact(f"找我{picture}{one}！") == f"找我{picture}〔{kind}〕！"
    assert redact(f"{picture}13800138000{picture}13900139000") == f"{picture}〔手机号〕" * 2
    assert redact(picture.join("zhang.san@example.com")) == "〔邮箱〕"


@pytest.mark.parametrize(
    "number",
    [
        "一三八零零一三八零零零",
        "幺三八〇〇幺三八〇〇〇",
        "壹叁捌零零壹叁捌零零零",
        "壹參捌零零壹參捌零零零",
        "幺三八洞洞幺三八洞洞洞",
        "138零零一3八OOO",
        "l38oo138ooo",
        "138○○138○○○",
        "一三八-零零一三-八零零零",
        "一🐶三八零零一三八零零零",
        "1 3 8 0 0 1 3 8 0 0 0",
        "1-3-8-0-0-1-3-8-0-0-0",
        "一 三 八 零 零 一 三 八 零 零 零",
        "138 - 0013 - 8000",
        "138.0013.8000",
        "138·0013·8000",
        "138_0013_8000",
        "138一0013一8000",
        "138ー0013ー8000",
        "138\xa00013\xa08000",
    ],
)
def test_a_mobile_number_that_is_spelt_or_spread_is_replaced(number: str) -> None:
    assert redact(f"请加我，{number}，谢谢") == "请加我，〔手机号〕，谢谢"


@pytest.mark.parametrize(
    "number", ["一一〇一〇五一九四九一二三一〇〇二X", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X"]
)
def test_an_identity_number_that_is_spelt_or_spread_is_replaced(number: str) -> None:
    assert redact(f"证号{number}，谢谢") == "证号〔身份证号〕，谢谢"


UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u061c\u180e\u200e\u202c\ufe0f\U000e0041\U000e0101"


@pytest.mark.parametrize("unseen", [*UNSEEN, UNSEEN])
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("13800138000", "手机号"),
        ("１３８—００１３—８０００", "手机号"),
        ("11010519491231002X", "身份证号"),
        ("010-12345678", "电话"),
        ("6222021234567890", "卡号"),
        ("zhang.san@example.com", "邮箱"),
        ("京A12345", "车牌"),
        ("微信：minyi_2026", "社交账号"),
        ("微信号minyi_2026", "社交账号"),
        ("QQ群56785678", "社交账号"),
    ],
)
def test_what_cannot_be_seen_hides_nothing(number: str, kind: str, unseen: str) -> None:
    for hidden in (unseen.join(number), number[:4] + unseen + number[4:], number):
        text = f"👨{unseen}👩电话{unseen}{hidden}{unseen}。請 {unseen}Ｏｋ"
        assert redact(text) == f"👨{unseen}👩电话{unseen}〔{kind}〕{unseen}。請 {unseen}Ｏｋ"


def test_what_cannot_be_seen_may_part_two_numbers() -> None:
    assert redact("第5\u200b13800138000") == "第5\u200b〔手机号〕"
    assert redact("13800138000\u200b13900139000") == "〔手机号〕\u200b〔手机号〕"
    three = "138\u200b00138000\u200b13900139000"
    assert redact(three) == redact(redact(three)) == "〔手机号〕\u200b〔手机号〕"


def test_all_characters_that_fold_to_a_digit_are_known() -> None:
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    digits = {
        old
        for old, new in zip(every, fold("".join(every)), strict=True)
        if new in "0123456789" and not old.isdecimal()
    }
    assert digits <= numbering().keys()


def test_no_format_character_splits_a_number() -> None:
    every = (chr(code) for code in range(0x110000))
    for character in (one for one in every if unicodedata.category(one) == "Cf"):
        assert redact(f"138{character}12345678") == "〔手机号〕", hex(ord(character))


@given(st.text("0135689 -—\u200b\ufe0f:q@.a①²", max_size=60))
def test_redacting_numbers_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "请拨打12345热线",
        "９９６太累",
        "2026年3月1日第1234号文件",
        "京A停车场",
        "新SUV2024款",
        "京A1BCDE",
        "工单862026030112",
        "房价38000元",
        "总价12000000元，首付3600000",
        "20260301到2026-03-01 08:30:00",
        "工单20260301083000123和202603010830001234",
        "国办发〔２０２６〕１２号",
        "5000-6000 7000-8000元",
        "2019 2020 2021 2022四年",
        "5000—6000 7000—8000元",
        "2019—2020—2021—2022四年，3000——5000元",
        "微信群——大家都来说说——",
        "qq：——————",
        "2026\u200b年\u200b3\u200b月，👨\u200d👩\u200d👧\ufeff",
        "邮编410000",
        "国发〔2020〕12号，2020-01-01 10:00",
        "①2020年②2021年，面积100m²2020年，①②③④⑤⑥⑦⑧⑨⓪①②",
        "2020\ufe0f-01-01 10:00\u200e，第12\u00ad345号",
        "202001 20200115 1200、350000元 2019-12-31 1000元",
        "350000 2019-12-31 1000",
        "工单110105-20201331-0021",
        "京A-1234，川A.2024年，云A1234年，新A——12",
        "QQ群号：无，QQ号码是多少",
        "微信支付14780元，微信12000.5元，微信 20000元，微信转账5000，QQ红包10000个",
        "微信公众号9612个，微信公众号minyi2026，微信群10000人，QQ群20000多人，微信100000户",
        "微信12345，微信12315投诉，微信95598，QQ 10086",
        "微信WiFi下视频，微信小程序，微信iphone版，微信c1903班级群，微信号abc",
        "http://t.cn/Rqq3j12345 VIDE8vx221123x.shtml，wqq56785678，02QQ56785678",
        "@一叶舟QQ2018:，微信##iPhone，QQ音乐，QQ2019年，加v认证，我v5",
        "微信在2016年，微信。了解minyi2026",
        "一一一一一一一一一一一一一一一一一一",
        "二〇二四年三月五日，一九四九年十月一日，第二百五十一号",
        "三点一四一五九二六五三五八九七九三二三八四六",
        "一三五七九二四六八十，一二三四五六七八九十，一三四五六七八九〇",
        "尺寸150*2000*3000，150×2000×3000",
        "150  2000  3000\t150\t2000\t3000",
        "8 9 7 6 5 4 3 2 1 0 9",
        "1 2 3 4 5 6 7 8 9 10 11 12 13",
        "1️⃣2020年2️⃣2021年3️⃣，得分5️⃣，共1️⃣3️⃣项",
        "⏰8:30🌞11:30🌙，涨了👍3000元👎5000元🎉",
        "loool，cool oo",
        "地址192.168.100.1，版本3.14.15.92",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert redact(text) == text


def test_what_stands_around_personal_data_keeps_its_form() -> None:
    assert redact("ＥＴＣ 電話１３８００１３８０００，Ｏｋ") == "ＥＴＣ 電話〔手机号〕，Ｏｋ"
    assert redact("13800138000、073156785678") == "〔手机号〕、〔电话〕"


@pytest.mark.parametrize(
    "unit",
    [
        "qq ",
        "1",
        "0731",
        "a",
        "a.",
        "a@",
        "a@a.",
        "6222 ",
        "1 ",
        "京a1",
        "微信号",
        "0",
        "8613",
        "1—",
        "138——",
        "1\u200b",
        "138\u200b",
        "\u200b",
        "138\u200b00138000\u200b1—",
        "①",
        "138①",
        "1\ufe0f①",
        "110105-1949",
        "110105 1949 12 ",
        "京a-1",
        "qq群号",
        "qq交流群",
        "微信号是",
        "微信（a",
        "加v",
        "qq12345",
        "1一",
        "一",
        "一 ",
        "1.",
        "o1",
        "1\u20e3",
        "1🐶",
        "❶",
    ],
)
@pytest.mark.parametrize("start", ["", "qq", "a@", "6222"])
def test_no_text_stalls_the_redaction(start: str, unit: str) -> None:
    assert seconds_to_redact(start, unit) < 1


@given(texts)
def test_redacting_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)
