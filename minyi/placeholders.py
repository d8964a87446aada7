"""What people and programs write where they have nothing to write: ``-``, ``无``, ``匿名``."""

from __future__ import annotations

import re
import unicodedata

from minyi.names import SURNAME
from minyi.text import fold

_DASHES = "-‐–—―−_/\\"
_EMPTY = (
    "无 無 空 未知 不详 不明 未填 未填写 未提供 保密 暂无 暂无回复 暂无答复 暂无数据 暂无内容 "
    "无回复 无答复 未回复 未答复 尚未回复 尚未答复 暂未回复 暂未答复 待回复 待答复 "
    "办理中 处理中 处置中 待办理 待处理 待处置 未办理 未处理 未办结 在办 正在办理 正在处理 "
    "待受理 受理中 已受理 待派单 派单中 已派单 待转办 转办中 已转办 待签收 已签收 待审核 "
    "退单 已退单 "
    "nan nat na n/a #n/a <na> nil none null (null) (none) \\n undefined unknown"
)
_UNNAMED = (
    "匿名 匿名者 匿名人 匿名人士 匿名用户 匿名用戶 匿名网友 匿名網友 匿名市民 匿名群众 匿名游客 "
    "匿名访客 匿名发布 游客 遊客 访客 网友 網友 佚名 未署名 未具名 anonymous guest "
    "市民 热心市民 群众 居民 村民 业主 家长 来电人 投诉人 反映人"
)
_SURNAME = f"(?:{SURNAME}|某)"
_MASK = r"(?:某某?|[*×○]+|x{2,3})"
_SHARED = re.compile(
    rf"(?:{_SURNAME}{_MASK}?|\*+)?(?:先生|女士|小姐|同志)|{_SURNAME}{_MASK}"
    r"|\*+[\u4e00-\u9fff]?"
)
"""What hotlines and masked exports leave of a name: 王先生, 李某, 张**. Blanks are left out."""
NOTHING, NOBODY = frozenset(_EMPTY.split()), frozenset(_UNNAMED.split())


def is_nothing(text: str) -> bool:
    """Return whether a text only holds the place of a value: blank, dashes, 无, 暂无回复, null.

    The whole text has to be that, in any width and case: 无人机 is a value.
    """
    plain = _plain(text)
    return not plain.strip(_DASHES) or plain in NOTHING


def is_nobody(author: str) -> bool:
    """Return whether an author's name stands for nobody in particular: 匿名, 游客, or nothing; or
    for one of very many, like 王先生: those who share it would count as one."""
    return (
        is_nothing(author)
        or _plain(author) in NOBODY
        or _SHARED.fullmatch("".join(fold(author).split())) is not None
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()
