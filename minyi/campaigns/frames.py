"""What offices write around a matter, the same for all: ``来电人反映：…，望相关部门尽快处理。``

A hotline's staff put every call into such words. They make up a third of many texts, so that
counting them would make one campaign of matters that have nothing in common. Pure.
"""

from __future__ import annotations

import re

from minyi.names import SURNAME

_NAMED = rf"(?:{SURNAME}(?:先生|女士|小姐|某{{1,2}}|\*{{1,2}})|〔姓名〕)"
_WHO = (
    "(?:该|有)?(?:来电人|来电者|来访人|诉求人|投诉人|反映人|咨询人|举报人|当事人|市民|群众|网民|网友|居民|"
    f"村民|业主){_NAMED}?"
)
_CALLS = "(?:再次|多次|又|来电|致电|来信|来访|留言)"
_SAYS = "(?:反映|表示|咨询|投诉|举报|建议|求助|称)"
_OPENING = f"(?:(?:{_WHO}|{_NAMED}){_CALLS}*|{_CALLS}*来电){_SAYS}++"
_WORDS = (
    "工作人员 来电人 主管部门 您好 你好 重复 再次 多次 来电 市民 诉求人 本人 现在 特此 强烈 "
    "希望 恳请 烦请 敬请 请求 要求 诉求 能够 可以 相关 有关 职能 主管 政府 部门 单位 领导 "
    "尽快 尽早 早日 及时 立即 给予 予以 进行 帮忙 帮助 协助 协调 核实 核查 调查 查处 处理 处置 "
    "解决 整改 落实 督促 跟进 介入 重视 关注 回复 答复 回电 反馈 告知 回访 反映 结果 情况 问题 "
    "此事 上述 以上 一下 为盼 谢谢 感谢 现 故 特 请 望 盼 能 该 此 并 和 后 再 将 给 对 的"
)
_FORMULA = f"(?:{'|'.join(_WORDS.split())})++"
"""Possessive, so that no text takes long; of two words that begin alike the longer stands first."""
_FRAME = re.compile(rf"(?<!\w)(?:{_OPENING}|{_FORMULA}(?!\w))")


def without_frame(text: str) -> str:
    """Return a normalised text without the openings of hotlines, and without the clauses that are
    made of such words and no others: a clause that asks for something of its own is kept."""
    return _FRAME.sub(" ", text)
