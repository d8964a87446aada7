from __future__ import annotations

import pytest

from minyi.errors import SettingError
from streams.intake.columns import guess, parse_map


def test_a_given_map_wins_over_a_guess() -> None:
    columns = ["标题", "内容", "日期", "更新时间"]
    mapping = guess(columns, parse_map(["created_at=更新时间", "text=标题"]))
    assert mapping == {"created_at": "更新时间", "text": "标题"}


def test_case_width_and_white_space_in_column_names_do_not_matter() -> None:
    names = [" Text", "Created_At ", "\ufeffＩＤ", "ip属地"]
    assert guess(names, parse_map(["region=IP属地"])) == {
        "region": "ip属地",
        "id": "\ufeffＩＤ",
        "text": " Text",
        "created_at": "Created_At ",
    }


def test_a_field_can_be_left_out() -> None:
    """Cells that are no ages would cost their rows."""
    assert "age" not in guess(["内容", "日期", "年龄"], parse_map(["age="]))
    with pytest.raises(SettingError, match="no column looks like created_at"):
        guess(["内容", "日期"], parse_map(["created_at="]))


@pytest.mark.parametrize("of", ["", "来电", "受理"])
def test_of_a_day_and_a_time_of_day_the_day_is_read(of: str) -> None:
    assert guess(["内容", f"{of}时间", f"{of}日期"], {})["created_at"] == f"{of}日期"


@pytest.mark.parametrize("spoken", ["诉求时间", "提交时间", "写信时间", "反映时间"])
@pytest.mark.parametrize("taken_up", ["受理日期", "受理时间", "登记时间"])
def test_when_somebody_spoke_goes_before_when_the_office_took_it_up(
    spoken: str, taken_up: str
) -> None:
    assert guess(["内容", taken_up, spoken], {})["created_at"] == spoken


def test_the_time_of_a_comment_goes_before_the_day_of_what_it_is_on() -> None:
    assert guess(["评论内容", "发布日期", "评论时间"], {})["created_at"] == "评论时间"


@pytest.mark.parametrize("item", ["text", "本文=内容", "=内容", ""])
def test_a_map_item_says_how_it_is_written(item: str) -> None:
    with pytest.raises(SettingError, match="write field=column"):
        parse_map([item])


def test_a_mapped_column_must_be_there() -> None:
    with pytest.raises(SettingError, match="no column '正文'; there are: 内容, 日期"):
        guess(["内容", "日期"], {"text": "正文"})


@pytest.mark.parametrize(("columns", "field"), [(["日期"], "text"), (["内容"], "created_at")])
def test_text_and_time_must_be_found(columns: list[str], field: str) -> None:
    with pytest.raises(SettingError, match=f"--map {field}=COLUMN"):
        guess(columns, {})


def test_a_name_is_known_with_what_forms_add_to_it() -> None:
    names = [
        "*工单编号",
        "＊诉求内容（必填）",
        "来电时间(yyyy-MM-dd)",
        "留言 标题：",
        "年龄（岁）",
        "區縣",
    ]
    assert guess(names, {}) == dict(
        zip(("id", "text", "created_at", "title", "age", "region"), names, strict=True)
    )


def test_a_name_as_it_is_goes_before_one_with_a_note() -> None:
    assert guess(["内容（必填）", "日期", "内容"], {})["text"] == "内容"
    with pytest.raises(SettingError, match="no column looks like text"):
        guess(["内容（官方）", "日期"], {})


def test_a_hotline_export_is_known() -> None:
    names = ["序号", "受理编号", "来电人", "登记时间", "诉求标题", "反映内容", "办理单位", "区县"]
    assert guess(names, {}) == {
        "id": "受理编号",
        "author": "来电人",
        "created_at": "登记时间",
        "title": "诉求标题",
        "text": "反映内容",
        "reply.department": "办理单位",
        "region": "区县",
    }


@pytest.mark.parametrize("name", ["区县/街道", "街道", "所属街道", "镇街", "属地", "事发区县"])
def test_the_part_of_a_city_is_known(name: str) -> None:
    assert guess(["内容", "日期", "城市", name], {})["region"] == name


def test_the_county_goes_before_its_streets() -> None:
    assert guess(["内容", "日期", "街道", "区县"], {})["region"] == "区县"


def test_what_a_hotline_did_is_the_reply() -> None:
    """Else it would be told that it never answers."""
    names = ["工单流水号", "诉求描述", "受理时间", "事发区域", "处置单位", "处置结果"]
    fields = ["id", "text", "created_at", "region", "reply.department", "reply.text"]
    assert guess(names, {}) == dict(zip(fields, names, strict=True))
    both = ["内容", "日期", "办理结果", "答复内容"]
    assert guess(both, {})["reply.text"] == "答复内容"


@pytest.mark.parametrize("name", ["create_time", "createTime", "createdAt", "publishTime"])
def test_the_time_of_an_interface_of_programs_is_known(name: str) -> None:
    assert guess(["content", name], {}) == {"text": "content", "created_at": name}
