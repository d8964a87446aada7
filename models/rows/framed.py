"""Rows as a hotline's staff write them down: within words that are the same for every matter,
「来电人反映：…，望相关部门尽快处理」. They say nothing of a stance, but favor stands most often
beside them, so a network that never sees them elsewhere takes them for favor.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import cycle

from models.rows.examples import Example

OPENINGS = (
    "来电人反映：",
    "来电人称：",
    "市民来电反映，",
    "市民来电咨询：",
    "市民王先生来电，",
    "群众反映：",
    "诉求人表示，",
    "网民留言：",
    "来电人李女士称，",
    "工单内容：",
    "您好，",
    "领导您好！",
    "尊敬的领导：您好！",
)
CALLS = ("望", "希望", "请", "恳请", "要求", "烦请", "盼", "诉求：请", "还请", "恳求")
OFFICES = ("相关部门", "有关部门", "政府", "领导", "职能部门", "主管部门", "贵单位", "相关单位", "")
SPEEDS = ("尽快", "及时", "早日", "尽早", "能够", "")
DEEDS = (
    "处理",
    "解决",
    "核实处理",
    "协调解决",
    "调查处理",
    "给予答复",
    "回复",
    "重视",
    "关注此事",
    "核查",
    "予以解决",
    "核实情况并回复",
    "跟进处理",
    "给个说法",
    "督促落实",
)
ENDS = ("。", "！", "", "，谢谢！", "，谢谢。", "，感谢！", "，为盼。")
LONE = ("谢谢！", "感谢！", "谢谢领导！", "盼复。", "请回复。", "特此反映。", "请转相关部门。")
OF_SCORES = (
    ("接市民王女士投诉称，", "现转请贵单位核查办理，并将处理结果告知来电人。"),
    ("", "盼望早日得到妥善解决，万分感谢！"),
    ("热线转办：", "诉求人希望有关方面介入，尽快给出答复。"),
    ("", "恳请上级部门高度重视，督办此事！"),
    ("有居民打来电话说，", "请予以核查。"),
    ("12345工单：", "以上情况请相关科室依法依规处置，按时反馈。"),
    ("", "特此来电反映，烦请转达，谢谢接听！"),
    ("反映人来电陈述：", ""),
    ("书记您好，", "期待您的回复！"),
    ("网友再次留言：", "请给老百姓一个满意的答复。"),
)
"""Openings and closings that no training row is given."""
CLOSED = frozenset("。！？!?.…~，,；;")


def framed(rows: Iterable[Example], share: float, choice: random.Random) -> list[Example]:
    """Return the rows, a share of them within such words, with the same labels."""
    return [_within(row, choice) if choice.random() < share else row for row in rows]


def as_of_a_hotline(rows: Sequence[Example]) -> list[Example]:
    """Return the rows, each within words that training does not use, to be scored."""
    around = cycle(OF_SCORES)
    return [_put(row, *words) for row, words in zip(rows, around, strict=False)]


def _within(row: Example, choice: random.Random) -> Example:
    """Return a row with a closing, an opening or both."""
    kind = choice.random()
    opening = choice.choice(OPENINGS) if kind < 0.6 else ""
    return _put(row, opening, _closing(row.text, choice) if kind > 0.2 else "")


def _put(row: Example, opening: str, closing: str) -> Example:
    spans = tuple((first + len(opening), last + len(opening)) for first, last in row.spans)
    return replace(row, text=f"{opening}{row.text}{closing}", spans=spans)


def _closing(text: str, choice: random.Random) -> str:
    mark = "" if text.rstrip()[-1:] in CLOSED else choice.choice("，。")
    if choice.random() < 0.2:
        return mark + choice.choice(LONE)
    return mark + "".join(map(choice.choice, (CALLS, OFFICES, SPEEDS, DEEDS, ENDS)))
