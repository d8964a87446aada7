"""Training rows as a hotline's staff write them down: within words that are the same for every
matter, 「来电人反映：…，望相关部门尽快处理」. They say nothing of a stance, but favor stands most often
beside them, so a network that never sees them elsewhere takes them for favor.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

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
CLOSED = frozenset("。！？!?.…~，,；;")


def framed(rows: Iterable[Example], share: float, choice: random.Random) -> list[Example]:
    """Return the rows, a share of them within such words, with the same labels."""
    return [_within(row, choice) if choice.random() < share else row for row in rows]


def _within(row: Example, choice: random.Random) -> Example:
    """Return a row with a closing, an opening or both."""
    kind = choice.random()
    opening = choice.choice(OPENINGS) if kind < 0.6 else ""
    closing = _closing(row.text, choice) if kind > 0.2 else ""
    spans = tuple((first + len(opening), last + len(opening)) for first, last in row.spans)
    return replace(row, text=f"{opening}{row.text}{closing}", spans=spans)


def _closing(text: str, choice: random.Random) -> str:
    mark = "" if text.rstrip()[-1:] in CLOSED else choice.choice("，。")
    if choice.random() < 0.2:
        return mark + choice.choice(LONE)
    return mark + "".join(map(choice.choice, (CALLS, OFFICES, SPEEDS, DEEDS, ENDS)))
