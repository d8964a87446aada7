from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.domain import Comment
from minyi.errors import InvalidRecord
from streams.intake.columns import guess
from streams.intake.comments import to_comment

PETITION = {
    "留言编号": "87820",
    "留言用户": "A1199512",
    "留言主题": "建议加装电梯",
    "留言时间": "2020/1/26 9:47:11",
    "留言详情": "六层的老楼，支持加装电梯。",
    "反对数": 3,
    "点赞数": "1.2万",
    "答复意见": "已转住建局。",
    "答复时间": "2020年2月3日",
}


def petition(**changes: Any) -> Comment:
    return to_comment(PETITION | changes, guess(PETITION, {}), "导出")


def likes(written: Any) -> int | None:
    values = {"text": "好", "时间": "2026-03-01", "赞": written}
    return to_comment(values, guess(values, {}), "s").likes


def test_a_petition_export_needs_no_map() -> None:
    comment = petition()
    assert comment.id == "导出:87820"
    assert comment.author == "A1199512"
    assert comment.title == "建议加装电梯"
    assert comment.created_at == datetime(2020, 1, 26, 1, 47, 11, tzinfo=UTC)
    assert (comment.likes, comment.dislikes) == (12_000, 3)
    assert comment.reply is not None
    assert comment.reply.text == "已转住建局。"
    assert comment.reply.at == datetime(2020, 2, 2, 16, tzinfo=UTC)
    assert comment.extra == {}


def test_a_petition_without_a_reply_has_none() -> None:
    assert petition(答复意见="", 答复时间="2020-02-03").reply is None
    assert petition(答复意见=None, 答复时间=None).reply is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0", 0),
        (7, 7),
        (7.0, 7),
        ("1,024", 1024),
        ("1.2万", 12_000),
        ("3千", 3_000),
        ("100万+", 1_000_000),
        ("1.2w", 12_000),
        ("1.2 万次", 12_000),
        ("1.2亿", 120_000_000),
        ("12人", 12),
        ("1,024,000", 1_024_000),
        ("1,024.0", 1024),
        ("12,0000", 120_000),
        ("１，０２４", 1024),
        ("1.23456万", 12_346),
        ("3K+", 3_000),
        ([], None),
        ({}, None),
        ("１２", 12),
        ("-", None),
        ("无", None),
        (float("nan"), None),
        ("", None),
        (None, None),
    ],
)
def test_a_count_is_read_as_people_write_it(written: Any, number: int | None) -> None:
    assert likes(written) == number


@pytest.mark.parametrize("written", [35, 35.0, "35", "35岁", " ３５ 歲", "35周岁"])
def test_an_age_is_read_as_people_write_it(written: Any) -> None:
    values = PETITION | {"年龄": written}
    assert to_comment(values, guess(values, {}), "s").age == 35


@pytest.mark.parametrize(
    ("written", "band"),
    [
        ("18-30岁", "18-29"),
        ("18—29", "18-29"),
        (" 31 至 45 ", "30-44"),
        ("45歲～59歲", "45-59"),
        ("46-60周岁", "45-59"),
        ("36到40", "30-44"),
        ("60岁以上", "60+"),
        ("61岁及以上", "60+"),
        ("65岁（含）以上", "60+"),
        ("≥60", "60+"),
        ("60+", "60+"),
        ("18岁以下", "0-17"),
        ("未满18周岁", "0-17"),
        ("<18", "0-17"),
        ("未成年人", "0-17"),
        ("30-44", "30-44"),
    ],
)
def test_a_band_of_ages_is_read_where_it_is_one_of_ours_but_for_a_year(
    written: str, band: str
) -> None:
    values = PETITION | {"年龄段": written}
    comment = to_comment(values, guess(values, {}), "s")
    assert (comment.age, comment.extra) == (band, {})


@pytest.mark.parametrize("written", ["20-40岁", "40-50", "35岁以下", "50岁以上", "老年", "80后"])
def test_a_band_that_spans_several_of_ours_is_kept_unread(written: str) -> None:
    """It costs no row, since who said it has still said it."""
    values = PETITION | {"年龄": written}
    comment = to_comment(values, guess(values, {}), "s")
    assert (comment.age, comment.extra) == (None, {"年龄": written})


@pytest.mark.parametrize("written", ["甲", "岁", "350岁", "40-20", -1, True])
def test_what_is_no_age_is_refused_by_its_field(written: Any) -> None:
    values = PETITION | {"年龄": written}
    with pytest.raises(InvalidRecord) as caught:
        to_comment(values, guess(values, {}), "s")
    assert caught.value.place == "field age"


@pytest.mark.parametrize(
    "written",
    [
        ",",
        "很多",
        -1,
        "1e5",
        True,
        10**30,
        [1],
        "9" * 400,
        "1,2万",
        "1,02",
        "10,24",
        "1.5",
        1.5,
        ",1",
    ],
)
def test_what_is_no_count_is_refused_by_its_field(written: Any) -> None:
    with pytest.raises(InvalidRecord) as caught:
        likes(written)
    assert caught.value.place == "field likes"


def test_an_id_from_a_spreadsheet_has_no_decimals() -> None:
    assert petition(留言编号=87820.0).id == "导出:87820"


@pytest.mark.parametrize("written", ["4.46512E+15", " 1E+15 ", "4,46512e+15", 4.46512e15, 1e200])
def test_an_id_that_a_spreadsheet_rounded_is_refused(written: Any) -> None:
    with pytest.raises(InvalidRecord, match="save its column as text") as caught:
        petition(留言编号=written)
    assert caught.value.place == "field id"


@pytest.mark.parametrize("written", ["4465120000000001", 4465120000000001, "1E5", "4.5", "E+15"])
def test_an_id_that_only_looks_like_a_number_is_kept(written: Any) -> None:
    assert petition(留言编号=written).id == f"导出:{written}"


@pytest.mark.parametrize("written", ["0087820\t", "'0087820", " 0087820 "])
def test_what_keeps_a_spreadsheet_from_rounding_an_id_is_none_of_it(written: str) -> None:
    assert petition(留言编号=written).id == "导出:0087820"
    assert petition(留言编号="'好' '坏'").id == "导出:'好' '坏'"


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#NAME?", " #VALUE! ", "########"])
def test_an_error_of_a_spreadsheet_is_no_value(error: str) -> None:
    for column, field in (("留言编号", "id"), ("留言详情", "text")):
        with pytest.raises(InvalidRecord, match="the cell shows #") as caught:
            petition(**{column: error})
        assert caught.value.place == f"field {field}"
    comment = petition(留言用户=error, 留言主题=error, 点赞数=error, 答复意见=error)
    assert (comment.author, comment.title, comment.likes, comment.reply) == (None,) * 4
    assert petition(留言详情="#加装电梯# 支持").text == "#加装电梯# 支持"


def test_blanks_around_a_name_do_not_make_another() -> None:
    values = PETITION | {"地区": " 城东区\u3000", "来源": "热线\t", "留言用户": " 张三"}
    comment = to_comment(values, guess(values, {}), "s")
    assert (comment.region, comment.source, comment.author) == ("城东区", "热线", "张三")


def test_a_row_without_an_id_gets_one_from_its_content() -> None:
    values = {k: v for k, v in PETITION.items() if k != "留言编号"}
    first, again, other = (
        to_comment(row, guess(row, {}), "导出")
        for row in (values, dict(values), values | {"留言详情": "反对。"})
    )
    assert first.id == again.id != other.id
    # votes change between two exports of one board; the comment stays the same
    liked = values | {"点赞数": 9}
    assert to_comment(liked, guess(liked, {}), "导出").id == first.id


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("留言用户", "13800138000", "13900139000"),
        ("留言详情", "请回电13800138000。", "请回电13900139000。"),
        ("留言主题", "找13800138000", "找13900139000"),
    ],
)
def test_the_id_of_a_row_gives_away_nothing_that_its_opinion_hides(
    column: str, one: str, other: str
) -> None:
    """Who reads the index could try all numbers until the hash of one is the id."""
    values = {k: v for k, v in PETITION.items() if k != "留言编号"}
    rows = [values | {column: written} for written in (one, other)]
    alone = [to_comment(row, guess(row, {}), "导出", Counter()).id for row in rows]
    assert alone[0] == alone[1]
    seen: Counter[bytes] = Counter()
    together = [to_comment(row, guess(row, {}), "导出", seen).id for row in rows]
    assert together[0] == alone[0] != together[1]


def test_a_running_number_is_no_id() -> None:
    """Every export counts from 1: two months would overwrite each other."""
    values = {"序号": 1, "内容": "支持", "日期": "2026-03-01"}
    other = values | {"内容": "反对"}
    assert (
        to_comment(values, guess(values, {}), "s").id != to_comment(other, guess(other, {}), "s").id
    )


def test_a_number_counts_within_its_source_only() -> None:
    """Two boards in one export both count from 1."""
    values = {"编号": "1", "来源": "留言板", "text": "支持", "时间": "2026-03-01"}
    mapping = guess(values, {})
    rows = [values, values | {"来源": "热线"}, values | {"来源": ""}]
    comments = [to_comment(row, mapping, "导出") for row in rows]
    assert [(c.id, c.source) for c in comments] == [
        ("留言板:1", "留言板"),
        ("热线:1", "热线"),
        ("导出:1", "导出"),
    ]


@pytest.mark.parametrize(
    ("columns", "id_"),
    [
        (("id", "source"), "w1"),
        ((" ID", "Source"), "w1"),
        (("id", "来源"), "weibo:w1"),
        (("编号", "source"), "weibo:w1"),
        (("comment_id", "source"), "weibo:w1"),
    ],
)
def test_an_id_stands_as_it_is_under_the_names_of_the_contract(
    columns: tuple[str, str], id_: str
) -> None:
    values = dict(zip(columns, ("w1", "weibo"), strict=True))
    values |= {"text": "支持", "时间": "2026-03-01"}
    comment = to_comment(values, guess(values, {}), "file")
    assert (comment.id, comment.source) == (id_, "weibo")


def test_an_own_id_without_a_source_counts_within_its_file() -> None:
    values = {"id": "1", "source": None, "text": "支持", "时间": "2026-03-01"}
    assert to_comment(values, guess(values, {}), "导出").id == "导出:1"


def test_what_minyi_wrote_is_read_back_the_same() -> None:
    comment = Comment.from_mapping(
        {
            "id": "1",
            "source": "s",
            "text": "支持",
            "created_at": "2026-03-01T08:00:00.123456Z",
            "likes": 3,
            "reply": {"text": "好", "at": "2026-03-02T00:00:00Z", "department": "住建局"},
            "mood": "好",
        }
    )
    values = comment.model_dump(mode="json")
    assert to_comment(values, guess(values, {}), "other") == comment


def test_columns_that_nobody_asked_for_are_kept() -> None:
    assert petition(心情="好", 备注=None).extra == {"心情": "好"}


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.datetimes()
    | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.sampled_from(["text", "at", "x"]), st.text(st.characters()), max_size=2)
)


@given(st.dictionaries(st.sampled_from([*PETITION, "别的", "extra", "\ud800"]), VALUES, max_size=8))
def test_any_row_is_read_or_refused(changes: dict[str, Any]) -> None:
    try:
        comment = petition(**changes)
    except InvalidRecord:
        return
    assert Comment.from_json(comment.to_json()) == comment
