"""Policies as the rows of a spreadsheet, in the words of an office. Pure.

Headings are field names or their Chinese names. Several words in a cell are separated by any of
``;；、，,`` or a line break, events by semicolons or a line break. Days may be written as
2016/11/28 or 2016年11月28日: spreadsheets make that of 2016-11-28.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from minyi.vocabulary import DOMAIN_ZH

FIELD_ZH = {
    "编号": "id",
    "名称": "title",
    "领域": "domain",
    "说明": "description",
    "别名": "aliases",
    "关键词": "keywords",
    "排除词": "exclusions",
    "语境排除": "context_exclusions",
    "部门": "department",
    "地区": "region",
    "生效日期": "in_force_from",
    "失效日期": "in_force_until",
    "事件": "events",
}
WORDS = ("aliases", "keywords", "exclusions", "context_exclusions")
DAYS = ("in_force_from", "in_force_until")
_DOMAINS = {name: domain.value for domain, name in DOMAIN_ZH.items()}
_BETWEEN_WORDS, _BETWEEN_EVENTS = re.compile("[;；、，,\n]"), re.compile("[;；\n]")
_DAY = re.compile(r"^(\d{4}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})(?: ?日)?")


def from_row(row: Mapping[str | None, Any]) -> dict[str, Any]:
    """Return a row of a spreadsheet as the mapping that a policy is validated from."""
    policy: dict[str, Any] = {}
    for heading, cell in row.items():
        heading = (heading or "more cells than headings").strip()
        field = FIELD_ZH.get(heading, heading)
        cell = cell.strip() if isinstance(cell, str) else cell
        if cell:
            policy[field] = _value(field, cell) if isinstance(cell, str) else cell
    return policy


def _value(field: str, cell: str) -> str | list[str]:
    if field in WORDS:
        return _parts(_BETWEEN_WORDS, cell)
    if field == "events":
        return [_dated(event) for event in _parts(_BETWEEN_EVENTS, cell)]
    if field in DAYS:
        return _dated(cell)
    return _DOMAINS.get(cell, cell) if field == "domain" else cell


def _parts(between: re.Pattern[str], cell: str) -> list[str]:
    return [part.strip() for part in between.split(cell) if part.strip()]


def _dated(text: str) -> str:
    """Return a text with the day that it begins with as 2016-11-28."""
    return _DAY.sub(lambda day: f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}", text)
