"""From a row's columns to a comment's fields: guesses for common names, and a user's own map.

Times, counts and ages are read as people write them; placeholders as nothing, see ``to_comment``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from minyi.domain import Comment
from minyi.errors import InvalidRecord, SettingError
from minyi.placeholders import is_nothing
from minyi.text import redact

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "id",
        "留言编号",
        "编号",
        "工单编号",
        "工单号",
        "诉求编号",
        "微博id",
        "mid",
        "comment_id",
    ),
    "text": (
        "text",
        "留言详情",
        "留言内容",
        "诉求内容",
        "评论内容",
        "微博正文",
        "微博内容",
        "正文",
        "内容",
        "详情",
        "评论",
        "content",
        "comment",
        "body",
        "message",
    ),
    "title": ("title", "留言主题", "留言标题", "标题", "主题", "topic", "subject"),
    "created_at": (
        "created_at",
        "留言时间",
        "发布时间",
        "发表时间",
        "评论时间",
        "创建时间",
        "来电时间",
        "受理时间",
        "提交时间",
        "时间",
        "日期",
        "time",
        "datetime",
        "date",
        "publish_time",
        "time_from_id",
    ),
    "author": (
        "author",
        "留言用户",
        "用户",
        "用户名",
        "用户昵称",
        "昵称",
        "作者",
        "发布者",
        "user",
        "username",
    ),
    "region": ("region", "地区", "区域", "所属区域", "所属地区", "城市", "省份", "ip属地", "city"),
    "age": ("age", "年龄"),
    "channel": ("channel", "渠道", "来源渠道", "受理渠道", "平台"),
    "source": ("source", "来源", "数据来源"),
    "url": ("url", "链接", "网址", "link"),
    "likes": ("likes", "点赞数", "点赞", "赞", "赞成数", "支持数"),
    "dislikes": ("dislikes", "反对数", "点踩数", "踩"),
    "reply.text": ("reply", "reply.text", "答复意见", "答复内容", "回复内容", "官方回复", "答复"),
    "reply.at": ("reply_time", "reply.at", "答复时间", "回复时间", "办结时间"),
    "reply.department": (
        "reply.department",
        "答复单位",
        "答复部门",
        "回复单位",
        "承办单位",
        "department",
    ),
}
"""Columns that a field is read from unless the user says otherwise, the likeliest first."""

_TIME = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(上午|下午)?\s*(\d{1,2})\s*[:：时点]"
    r"(?:\s*(\d{1,2})\s*(?:[:：分]\s*(\d{1,2})(?:\.\d+)?\s*秒?|分)?)?)?"
)
_LONGEST_TIME = 40
_COUNT = re.compile(r"(\d[\d,]{,17}(?:\.\d{1,6})?)\s*([万千]?)\+?")
_AGE = re.compile(r"\s*(\d{1,3})\s*(?:周?[岁歲])?\s*")
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+\d{2,}")
MAX_EXACT = 10**15
"""A spreadsheet keeps fifteen digits of a number: several longer ids become one."""
AS_WRITTEN = ("text", "title", "id", "author")
"""Fields whose placeholders are kept: what somebody said, or is called, may be just 无."""


def parse_map(items: Iterable[str]) -> dict[str, str]:
    """Read ``field=column`` items of ``--map``.

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
    """Return a column's name as names are compared: case and white space around do not matter."""
    return name.strip().lower()


def guess(
    columns: Iterable[str], given: Mapping[str, str], later: Iterable[str] = ()
) -> dict[str, str]:
    """Return field → column for the columns of a file.

    Args:
        columns: the names of the columns that its first rows have.
        given: the user's own map; it wins, and a column that it uses is not guessed elsewhere.
        later: those that only rows further down have; a field takes one of them when it finds none
            among the first, since the rows before would be without.

    Raises:
        SettingError: when a given column is not there, or text or time cannot be found.
    """
    first = {folded(name): name for name in columns}
    present = first | {folded(name): name for name in later if folded(name) not in first}
    missing = [column for column in given.values() if folded(column) not in present]
    if missing:
        raise SettingError(f"no column {missing[0]!r}; there are: {', '.join(present.values())}")
    mapping = {field: present[folded(column)] for field, column in given.items()}
    for known in (first, present):
        for field, names in NAMES.items():
            free = [known[n] for n in names if n in known and known[n] not in mapping.values()]
            if field not in mapping and free:
                mapping[field] = free[0]
    for field in ("text", "created_at"):
        if field not in mapping:
            raise SettingError(
                f"no column looks like {field}; name it with --map {field}=COLUMN. "
                f"There are: {', '.join(present.values())}"
            )
    return mapping


def to_comment(
    values: Mapping[str, Any],
    mapping: Mapping[str, str],
    source: str,
    seen: Counter[bytes] | None = None,
) -> Comment:
    """Make a comment of a row.

    A cell that only holds the place of a value (``-``, ``无``, ``暂无回复``, ``null``) counts as
    empty, but in the fields ``AS_WRITTEN``.

    A row without an id gets one from its content, and from how many equal ones stand before it in
    its file: all of them count, and reading the file again changes nothing.

    Args:
        values: the row, column → value.
        mapping: field → column.
        source: used where the row names none.
        seen: how often each content stood before in the file; this row is added.

    Raises:
        InvalidRecord: with the field and what is wrong with it.
    """
    record: dict[str, Any] = {"source": source}
    reply: dict[str, Any] = {}
    for field, column in mapping.items():
        value = values.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if field not in AS_WRITTEN and _is_nothing(value):
            continue
        if field.startswith("reply.") and isinstance(value, dict):
            reply |= {key: part for key, part in value.items() if not _is_nothing(part)}
            continue
        read = _READERS.get(field, _plain)(value, field)
        if field.startswith("reply."):
            reply[field.removeprefix("reply.")] = read
        else:
            record[field] = read
    if reply.get("text"):
        record["reply"] = reply
    used = set(mapping.values())
    extra = {str(k): v for k, v in values.items() if k not in used and v not in (None, "")}
    nested = extra.pop("extra", {})  # a comment that Minyi wrote
    record["extra"] = (nested if isinstance(nested, dict) else {"extra": nested}) | extra
    if "id" not in record:
        record["id"] = f"row-{_row_id(record, seen).hex()}"
    elif "source" not in mapping:  # the row's id is unique in its file only
        record["id"] = f"{source}:{record['id']}"
    return Comment.from_mapping(record)


def _is_nothing(value: Any) -> bool:
    return isinstance(value, str | float) and is_nothing(str(value))


def _row_id(record: Mapping[str, Any], seen: Counter[bytes] | None) -> bytes:
    """Return a hash of what an opinion shows of the row: one of its author or of a number that is
    redacted could be undone by trying all of them."""
    shown = [redact(str(record.get(field, ""))) for field in ("source", "title", "text")]
    parts = [*shown, str(record.get("created_at", ""))]
    content = hashlib.sha256(json.dumps(parts).encode()).digest()[:12]
    if seen is None:
        return content
    before = seen[content]
    seen[content] += 1
    return hashlib.sha256(b"%s %d" % (content, before)).digest()[:12] if before else content


def _plain(value: Any, field: str) -> str:
    if isinstance(value, (dict, list, bool)):
        raise InvalidRecord(f"must be text, not {type(value).__name__}", f"field {field}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # what a spreadsheet makes of an id
    return str(value)


def _id(value: Any, field: str) -> str:
    """Read an id; one that a spreadsheet rounded is refused, since others became the same."""
    read = _plain(value, field)
    large = isinstance(value, float) and abs(value) >= MAX_EXACT
    if large or _ROUNDED.fullmatch(read.strip()):
        reason = f"the id {read[:40]!r} was rounded by a spreadsheet; save its column as text"
        raise InvalidRecord(reason, f"field {field}")
    return read


def _moment(value: Any, field: str) -> str:
    """Read a time as people write it; text that is none is left for the domain to refuse."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return datetime.combine(value, time()).isoformat()
    if not isinstance(value, str):
        raise InvalidRecord(f"a time is text, not {type(value).__name__}", f"field {field}")
    text = value.strip()
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        match = _TIME.fullmatch(text) if len(text) <= _LONGEST_TIME else None
    if not match:
        raise InvalidRecord(f"{text[:40]!r} is no time", f"field {field}")
    year, month, day, half, *rest = match.groups()
    hour, minute, second = (int(part or 0) for part in rest)
    if half:
        hour = hour % 12 + (12 if half == "下午" else 0) if hour <= 12 else hour
    try:
        return datetime(int(year), int(month), int(day), hour, minute, second).isoformat()
    except ValueError as error:
        raise InvalidRecord(f"{text[:40]!r}: {error}", f"field {field}") from error


def _count(value: Any, field: str) -> int:
    """Read a count as people write it: ``1,024``, ``1.2万``."""
    text = str(value).strip()
    match = _COUNT.fullmatch(text)
    if not match or isinstance(value, bool):
        raise InvalidRecord(f"{str(value)[:40]!r} is no count", f"field {field}")
    number = float(match[1].replace(",", "")) * {"": 1, "千": 1_000, "万": 10_000}[match[2]]
    return round(number)


def _age(value: Any, field: str) -> int | str:
    """Read an age as people write it, ``35岁``; text that is none is left for the domain to
    refuse."""
    match = _AGE.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) if match else _plain(value, field)


_READERS = {
    "id": _id,
    "created_at": _moment,
    "reply.at": _moment,
    "age": _age,
    "likes": _count,
    "dislikes": _count,
}
