"""Headers of two rows: names of groups above the names of their columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minyi.domain import Comment
from minyi.errors import SettingError
from streams.intake.files import open_source
from streams.intake.grouped import combined
from streams.intake.ingest import plan
from tests.unit.test_intake_headers import HEADER, ROW, SUBTITLE, TITLE, put

GROUPS = ["工单编号", "诉求内容", "来电时间", "联系人", "", "备注"]
NAMES = ["", "", "", "姓名", "区域", ""]
FILLED = ["GD1", "支持加装电梯", "2024-03-05", "张三", "城东区", "无"]


def comments(path: Path, **given: str) -> list[Comment]:
    read = [result for _, result in plan(open_source(path), given).read()]
    good = [result for result in read if isinstance(result, Comment)]
    assert len(good) == len(read)
    return good


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("above", [[], [TITLE], [TITLE, SUBTITLE]])
def test_names_are_found_in_the_lower_row(tmp_path: Path, kind: str, above: list[Any]) -> None:
    path = put(tmp_path / f"a.{kind}", [*above, GROUPS, NAMES, FILLED])
    [comment] = comments(path)
    assert (comment.id, comment.text) == ("a:GD1", "支持加装电梯")
    assert (comment.author, comment.region, comment.extra) == ("张三", "城东区", {"备注": "无"})
    first = plan(open_source(path), {}).read()
    assert next(first)[0].place.endswith(str(len(above) + 3))


def test_a_group_and_a_name_may_make_a_name_that_is_known(tmp_path: Path) -> None:
    """By the lower row alone, the time of the answer would be read as that of the comment."""
    table = [
        ["序号", "答复", "", "", "留言", "", ""],
        ["", "单位", "时间", "内容", "标题", "时间", "内容"],
        ["1", "住建局", "2024-03-09", "已转", "电梯", "2024-03-05", "支持加装电梯"],
    ]
    [comment] = comments(put(tmp_path / "a.csv", table))
    assert (comment.text, comment.title, comment.created_at.day) == ("支持加装电梯", "电梯", 4)
    assert comment.reply is not None
    assert (comment.reply.text, comment.reply.department) == ("已转", "住建局")


def test_text_and_time_may_stand_in_different_rows(tmp_path: Path) -> None:
    table = [["诉求内容", "来电", ""], ["", "时间", "方式"], ["支持", "2024-03-05", "电话"]]
    [comment] = comments(put(tmp_path / "a.csv", table))
    assert comment.extra == {"方式": "电话"}


@pytest.mark.parametrize(
    ("upper", "lower", "names"),
    [
        # names that stand twice carry their group, so that neither is read for the other
        (["甲", "", "乙", ""], ["姓名", "电话", "姓名", "电话"], "甲姓名 甲电话 乙姓名 乙电话"),
        (["联系人", "", "区域"], ["姓名", "区域", ""], "姓名 联系人区域 区域"),
        # what the office did is not what the citizen said
        (["内容", "办理情况", ""], ["", "时间", "区域"], "内容 办理情况时间 办理情况区域"),
        (["内容", "受理信息", ""], ["", "受理编号", "受理时间"], "内容 受理编号 受理时间"),
        (["来电人", "", "内容"], ["姓名", "年龄", ""], "姓名 年龄 内容"),
        (["内容", "联系人"], ["", "姓名"], "内容 姓名"),
    ],
)
def test_names_of_two_rows_are_joined(upper: list[str], lower: list[str], names: str) -> None:
    assert combined(upper, lower, {}) == names.split()


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        (HEADER, ROW),
        (HEADER, ["", "内容", "标题", "时间"]),
        (["内容", "时间", "图片", ""], ["支持", "2024-03-05", "a.jpg", "标题"]),
        (["内容", "时间", "图片", ""], ["", "", "a.jpg", "b.jpg"]),
        (["内容", "", "时间", ""], ["支持", "好", "2024-03-05", "行"]),
        (TITLE, HEADER),
        (SUBTITLE, HEADER),
        ([], []),
    ],
)
def test_a_row_of_values_is_no_half_of_a_header(upper: list[str], lower: list[str]) -> None:
    assert combined(upper, lower, {}) is None


def test_a_column_of_a_group_is_mapped_by_either_name(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", [GROUPS, NAMES, FILLED])
    assert comments(path, author="区域")[0].author == "城东区"
    assert comments(path, author="联系人区域")[0].author == "城东区"
    with pytest.raises(SettingError, match="there are: 工单编号, 诉求内容, 来电时间, 姓名, 区域"):
        plan(open_source(path), {"author": "联系人"})


def test_a_group_that_names_no_time_asks_for_a_map(tmp_path: Path) -> None:
    table = [
        ["诉求", "", "办理", ""],
        ["内容", "区域", "时间", "结果"],
        ["好", "东", "2024-3-9", "转"],
    ]
    path = put(tmp_path / "a.csv", table)
    with pytest.raises(SettingError, match=r"no column looks like created_at.*办理时间"):
        plan(open_source(path), {})
