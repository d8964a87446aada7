"""The columns of a file and the fields that are read from them: guesses for common names, and a
user's own map."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from minyi.errors import SettingError
from minyi.text import normalise

_NOTE = re.compile(r"\((?:必填项?|选填|可选|非必填|可空|[^()]*(?:yyyy|格式)[^()]*|次|周?岁)\)")
_NAMES = {
    "id": (
        "id 留言编号 编号 工单编号 工单号 工单流水号 诉求编号 信件编号 信访编号 受理编号 登记编号 "
        "投诉编号 建议编号 留言id 评论id 微博id mid comment_id"
    ),
    "text": (
        "text 留言详情 留言内容 诉求内容 诉求描述 诉求详情 工单内容 来电内容 来信内容 信件内容 "
        "投诉内容 建议内容 意见内容 咨询内容 反映内容 问题描述 评论内容 微博正文 微博内容 正文 "
        "内容 详情 评论 content comment body message"
    ),
    "title": (
        "title 留言主题 留言标题 诉求标题 诉求主题 工单标题 信件标题 信件主题 来信标题 "
        "建议标题 标题 主题 topic subject"
    ),
    "created_at": (
        "created_at 留言日期 留言时间 评论时间 发布日期 发布时间 发表日期 发表时间 创建时间 "
        "来电日期 来电时间 提交日期 提交时间 诉求日期 诉求时间 来信时间 写信时间 反映时间 "
        "投诉时间 受理日期 受理时间 登记时间 日期 时间 datetime date time publish_time "
        "create_time createtime createdat publishtime time_from_id"
    ),
    "author": (
        "author 留言用户 用户 用户名 用户昵称 昵称 作者 发布者 来电人 诉求人 投诉人 反映人 "
        "留言人 写信人 来信人 发帖人 姓名 user username"
    ),
    "region": (
        "region 地区 区域 所属区域 所属地区 区县 所属区县 所在地区 所在区县 诉求区域 诉求区县 "
        "事发区域 事发区县 行政区 行政区划 区县/街道 属地 街道 所属街道 镇街 乡镇街道 城市 省份 "
        "ip属地 city"
    ),
    "age": "age 年龄 年龄段 年龄层 年龄组 年龄区间 年龄范围 年龄分段",
    "channel": "channel 渠道 来源渠道 受理渠道 诉求渠道 诉求来源 工单来源 信件来源 平台",
    "source": "source 来源 数据来源",
    "url": "url 链接 网址 link",
    "likes": "likes 点赞数 点赞 赞 赞成数 支持数",
    "dislikes": "dislikes 反对数 点踩数 踩",
    "reply.text": (
        "reply reply.text 答复意见 答复内容 回复内容 官方回复 官方答复 回复意见 答复 办理结果 "
        "处理结果 处置结果"
    ),
    "reply.at": "reply_time reply.at 答复时间 回复时间 答复日期 回复日期 办结时间",
    "reply.department": (
        "reply.department 答复单位 答复部门 回复单位 承办单位 承办部门 办理单位 办理部门 "
        "处理单位 处理部门 处置单位 处置部门 主办单位 责任单位 回复部门 department"
    ),
}
NAMES = {field: tuple(names.split()) for field, names in _NAMES.items()}
"""Columns that a field is read from unless the user says otherwise, the likeliest first. A day goes
before a time, which may be one of day only, and when somebody spoke before when an office took it
up."""


def parse_map(items: Iterable[str]) -> dict[str, str]:
    """Read ``field=column`` items of ``--map``; ``field=`` leaves the field out.

    Raises:
        SettingError: for an item without ``=`` or with an unknown field.
    """
    mapping = {}
    for item in items:
        field, separator, column = item.partition("=")
        if not separator or field not in NAMES:
            fields = ", ".join(NAMES)
            raise SettingError(f"--map {item!r}: write field=column, a field being one of {fields}")
        mapping[field] = column
    return mapping


def folded(name: str) -> str:
    """Return a column's name as names are compared: case, width and white space around do not
    matter."""
    return _remembered(name) if len(name) <= _LONGEST_NAME else _folded(name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", _MARKS.sub("", name)).strip().lower()


_MARKS = re.compile("[\ufeff\u200b]")
"""Byte-order marks, of which files that were joined have several, and blanks of no width."""
_remembered = lru_cache(maxsize=4096)(_folded)
"""Every row of JSON has its names, mostly the same."""
_LONGEST_NAME = 100


def guess(
    columns: Iterable[str], given: Mapping[str, str], later: Collection[str] = ()
) -> dict[str, str]:
    """Return field → column for the columns of a file.

    Args:
        columns: the names of the columns that its first rows have.
        given: the user's own map; it wins, and a column that it uses is not guessed elsewhere. A
            field without a column is left out.
        later: those that only rows further down have; a field takes one of them when it finds none
            among the first, since the rows before would be without.

    Raises:
        SettingError: when a given column is not there, or text or time cannot be found.
    """
    first: dict[str, str] = {}
    for name in columns:
        first.setdefault(folded(name), name)
    present = dict(first)
    for name in later:
        present.setdefault(folded(name), name)
    named = {field: column for field, column in given.items() if column}
    missing = [column for column in named.values() if folded(column) not in present]
    if missing:
        raise SettingError(f"no column {missing[0]!r}; there are: {', '.join(present.values())}")
    mapping = {field: present[folded(column)] for field, column in named.items()}
    for known in (first, _barely(first), *((present, _barely(present)) if later else ())):
        for field, names in NAMES.items():
            free = [known[n] for n in names if n in known and known[n] not in mapping.values()]
            if field not in mapping and field not in given and free:
                mapping[field] = free[0]
    for field in ("text", "created_at"):
        if field not in mapping:
            raise SettingError(
                f"no column looks like {field}; name it with --map {field}=COLUMN. "
                f"There are: {', '.join(present.values())}"
            )
    return mapping


def bare(name: str) -> str:
    """Return a column's name without what forms add to it: ``*诉求 内容（必填）：`` is 诉求内容; in
    simplified characters."""
    return _NOTE.sub("", normalise(_MARKS.sub("", name)).replace(" ", "")).strip("*:#")


_KNOWN = frozenset(bare(name) for names in NAMES.values() for name in names)


def is_known(name: str) -> bool:
    """Return whether a column of this name is one that a field is read from."""
    return len(name) <= _LONGEST_NAME and bare(name) in _KNOWN


def is_sought(name: str, given: Mapping[str, str]) -> bool:
    """Return whether a column of this name is known, or the user's own map names it."""
    return is_known(name) or folded(name) in map(folded, given.values())


def _barely(columns: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in columns.values():
        found.setdefault(bare(name), name)
    return found
