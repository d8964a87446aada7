"""A placeholder is no value, whether a file or a request brings it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from minyi.domain import Reply
from minyi.pipeline import protect
from streams.intake.columns import guess
from streams.intake.comments import to_comment
from tests.unit.test_intake_comments import PETITION, petition

WORDS = "- —— － / \\N 无 無 未知 暂无 暂无回复 未回复 办理中 待处理 已派单 退单 NaN NULL N/A"
NOTHING = [*WORDS.split(), " / "]


@pytest.mark.parametrize("nothing", [*NOTHING, float("nan")])
def test_a_cell_that_only_holds_the_place_is_no_value(nothing: Any) -> None:
    row = {"地区": nothing, "年龄": nothing, "渠道": nothing, "来源": nothing, "链接": nothing}
    row |= {"点赞数": nothing, "答复意见": "已转。", "答复时间": nothing, "答复单位": nothing}
    values = PETITION | row
    comment = to_comment(values, guess(values, {}), "导出")
    assert (comment.region, comment.age, comment.channel, comment.url) == (None, None, None, None)
    assert (comment.source, comment.likes) == ("导出", None)
    assert comment.reply == Reply(text="已转。")
    assert petition(答复意见=nothing).reply is None
    assert petition(答复意见={"text": nothing, "at": nothing}).reply is None


@pytest.mark.parametrize("nothing", NOTHING)
def test_text_title_and_author_stay_as_they_stand(nothing: str) -> None:
    comment = petition(留言详情=nothing, 留言主题=nothing, 留言用户=nothing)
    assert (comment.text, comment.title, comment.author) == (nothing, nothing, nothing.strip())


@pytest.mark.parametrize("nothing", NOTHING)
def test_rows_without_a_number_do_not_overwrite_each_other(nothing: str) -> None:
    one, other = petition(留言编号=nothing), petition(留言编号=nothing, 留言详情="反对")
    assert one.id.startswith("row-")
    assert one.id != other.id


def test_the_id_of_a_row_does_not_change_with_the_version() -> None:
    """Else a file that was ingested by an earlier one would come in twice."""
    values = {"用户": "匿名", "内容": "支持", "日期": "2026-03-01"}
    comment = to_comment(values, guess(values, {}), "s")
    assert (comment.author, comment.id) == ("匿名", "row-d2aeb3816cff79f64e679c46")


@pytest.mark.parametrize("written", ["无人机黑飞", "未知路段", "-5", "暂无回复的都在这里"])
def test_what_only_begins_like_an_empty_cell_is_a_value(written: str) -> None:
    assert petition(答复意见=written).reply == Reply(
        text=written, at=datetime(2020, 2, 2, 16, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "nobody",
    ["匿名", " 匿名网友 ", "匿名用户", "游客", "遊客", "Anonymous", "nan", "-", "未知", "无"],
)
def test_a_name_that_stands_for_nobody_is_no_author(nobody: str) -> None:
    assert protect(petition(留言用户=nobody), "key").author is None
    assert protect(petition(留言用户=f"{nobody.strip()}7"), "key").author is not None


@pytest.mark.parametrize(
    "shared",
    [
        *("王先生", "黃女士", "欧阳小姐", "某先生", "*女士", "王某", "李某某", "张*", "张＊＊"),
        *("刘XX", "**明", "***", "市民", "热心市民", "来电人", "业主"),
        *("王某先生", "张*女士", "李**先生", "刘某某女士", "王　先生", "陈 某"),
    ],
)
def test_a_name_that_many_share_is_no_author(shared: str) -> None:
    """Hotlines write a caller's surname only: every 王先生 of a city would have one vote."""
    assert protect(petition(留言用户=shared), "key").author is None


@pytest.mark.parametrize(
    "own",
    [
        "王明",
        "王*明",
        "快乐先生",
        "猫先生",
        "王先生001",
        "138****5678",
        "某城小记",
        "x",
        "业主老王",
    ],
)
def test_a_name_that_is_somebodys_own_is_an_author(own: str) -> None:
    assert protect(petition(留言用户=own), "key").author is not None
