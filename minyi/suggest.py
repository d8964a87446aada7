"""What people write about that no policy of the registry covers: frequent phrases, mined.

A phrase is worth showing when many comments hold it, when its parts belong together, and when it
is used freely:

- *cohesion*: the pointwise mutual information of the weakest split of the phrase, in bits. 葡 and 萄
  occur together far more often than chance; 的 and 人 do not.
- *freedom*: the entropy of what stands before and after, in bits, the smaller of the two. 垃圾分 is
  always followed by 类, so it is no phrase.

Counts are of comments, not of occurrences, so one ranting comment does not make a trend; equal
comments count once, so neither does a campaign. Phrases that stand within a longer one nearly as
often as alone are dropped.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from minyi.text import duplicate_key, fold

_RUN = re.compile(r"[\u3400-\u9fff]+")
_SHORTEST, _LONGEST = 2, 6
_EDGE = ""
"""Stands before the first and after the last character of a run."""
_STOP_ENDS = frozenset(
    "的了是在我你他她它们这那有和与就都也还要会能可不没很太更最被把给让对向从到为以于及或而但如因所"
    "之其此该各每个位名条件次种些点等吗呢吧啊呀哦嘛哈着过得地去来说看想请将已又再才却并且若则即至"
    "一二三四五六七八九十两几多"
)
"""A phrase that begins or ends with one of these is a piece of grammar, not a subject."""
_STOP_PHRASES = (
    "领导 书记 市长 县长 局长 厅长 省长 您好 你好 尊敬 谢谢 感谢 希望 百忙 政府 部门 相关 有关 问题 情况 反映 咨询 投诉 举报 "
    "建议 请求 恳请 强烈 解决 处理 回复 答复 留言 帖子 老百姓 群众 人民 市民 居民 村民 业主 大家 朋友 网友 时候 时间 "
    "今天 昨天 明天 去年 今年 每天 现在 目前 已经 一直 多次 没有 不能 可以 应该 需要 什么 怎么 为什么 如何 是否 但是 因为 "
    "所以 如果 而且 并且 以及 或者 我们 他们 你们 自己 工作 单位 公司 工作人员 负责人 电话 打电话 微博 转发 原帖 链接 全文 "
    "查看 详情 视频 图片 地方 地区 附近 周边 中国 全国 国家 社会 生活 严重 影响 严重影响"
)
_STOPPED = frozenset(_STOP_PHRASES.split())


@dataclass(frozen=True)
class Suggestion:
    """A phrase that no policy covers.

    Attributes:
        phrase: the words, folded (simplified characters).
        comments: how many different comments hold it.
        cohesion: in bits; above.
        freedom: in bits; above.
        examples: comments that hold it, as written, the shortest first.
    """

    phrase: str
    comments: int
    cohesion: float
    freedom: float
    examples: tuple[str, ...]


def suggest(
    texts: Iterable[str],
    *,
    known: Iterable[str] = (),
    limit: int = 50,
    min_comments: int = 5,
    min_cohesion: float = 4.0,
    min_freedom: float = 1.0,
    examples: int = 3,
) -> list[Suggestion]:
    """Mine frequent phrases of two to six Chinese characters from comments that no policy links.

    Args:
        texts: the unlinked comments, title and text joined.
        known: words of the registry; phrases that hold one, or stand in one, are left out.
        limit: how many suggestions at most.
        min_comments: how many different comments must hold a phrase.
        min_cohesion: bits.
        min_freedom: bits.
        examples: how many comments to show with each.

    Returns:
        Suggestions, those of most weight first: comments x freedom x cohesion.
    """
    originals = list({duplicate_key(text): text for text in texts}.values())
    runs = [_RUN.findall(fold(text)) for text in originals]
    frequent = _frequent(runs, min_comments)
    occurrences, before, after = _neighbours(runs, frequent)
    characters = Counter(char for comment in runs for run in comment for char in run)
    total = sum(characters.values())

    chosen: dict[str, tuple[float, float]] = {}
    names = {fold(word) for word in known}
    for phrase, count in frequent.items():
        if phrase[0] in _STOP_ENDS or phrase[-1] in _STOP_ENDS or _stopped(phrase):
            continue
        if any(name in phrase or phrase in name for name in names):
            continue
        freedom = min(_entropy(before[phrase]), _entropy(after[phrase]))
        cohesion = _cohesion(phrase, occurrences, characters, total)
        if freedom >= min_freedom and cohesion >= min_cohesion and count >= min_comments:
            chosen[phrase] = (cohesion, freedom)

    kept = _maximal(chosen, frequent)
    kept.sort(key=lambda p: (-frequent[p] * chosen[p][0] * chosen[p][1], p))
    found = kept[:limit]
    shown = _examples(found, originals, runs, examples)
    return [
        Suggestion(
            phrase=phrase,
            comments=frequent[phrase],
            cohesion=round(chosen[phrase][0], 2),
            freedom=round(chosen[phrase][1], 2),
            examples=shown[phrase],
        )
        for phrase in found
    ]


def _frequent(runs: Sequence[Sequence[str]], least: int) -> dict[str, int]:
    """Return in how many comments each n-gram stands, for those in at least ``least``.

    Length by length, after Apriori: an n-gram is frequent only if both its (n-1)-grams are, so
    most long ones are never counted.
    """
    frequent: dict[str, int] = {}
    shorter: set[str] | None = None
    for n in range(_SHORTEST, _LONGEST + 1):
        counts: Counter[str] = Counter()
        for comment in runs:
            counts.update(
                {
                    run[i : i + n]
                    for run in comment
                    for i in range(len(run) - n + 1)
                    if shorter is None
                    or (run[i : i + n - 1] in shorter and run[i + 1 : i + n] in shorter)
                }
            )
        found = {gram: count for gram, count in counts.items() if count >= least}
        if not found:
            break
        frequent |= found
        shorter = set(found)
    return frequent


_Neighbours = defaultdict[str, Counter[str]]


def _neighbours(
    runs: Sequence[Sequence[str]], grams: dict[str, int]
) -> tuple[Counter[str], _Neighbours, _Neighbours]:
    """Return occurrences of each gram, and the characters before and after it."""
    occurrences: Counter[str] = Counter()
    before: _Neighbours = defaultdict(Counter)
    after: _Neighbours = defaultdict(Counter)
    for comment in runs:
        for run in comment:
            for i in range(len(run)):
                for n in range(_SHORTEST, min(_LONGEST, len(run) - i) + 1):
                    gram = run[i : i + n]
                    if gram not in grams:
                        break
                    occurrences[gram] += 1
                    before[gram][run[i - 1] if i else _EDGE] += 1
                    after[gram][run[i + n] if i + n < len(run) else _EDGE] += 1
    return occurrences, before, after


def _entropy(counts: Counter[str]) -> float:
    """Shannon entropy in bits. Each edge of a run counts as a neighbour of its own."""
    edges = counts[_EDGE]
    total = counts.total()
    inner = sum(c / total * math.log2(total / c) for char, c in counts.items() if char != _EDGE)
    return inner + (edges / total) * math.log2(total) if total else 0.0


def _cohesion(phrase: str, grams: Counter[str], characters: Counter[str], total: int) -> float:
    """Pointwise mutual information of the weakest split, in bits.

    The parts' probabilities are estimated as occurrences over all characters.
    """

    def count(part: str) -> int:
        return characters[part] if len(part) == 1 else grams[part]

    strongest = max(count(phrase[:i]) * count(phrase[i:]) for i in range(1, len(phrase)))
    return math.log2(grams[phrase] * total / strongest)


def _stopped(phrase: str) -> bool:
    return any(stop in phrase or phrase in stop for stop in _STOPPED)


def _maximal(chosen: Iterable[str], counts: dict[str, int]) -> list[str]:
    """Drop phrases that stand within a longer chosen one in most of their comments."""
    kept = set(chosen)
    for phrase in sorted(kept, key=len, reverse=True):
        for n in range(_SHORTEST, len(phrase)):
            for i in range(len(phrase) - n + 1):
                part = phrase[i : i + n]
                if part in kept and counts[phrase] * 2 >= counts[part]:
                    kept.discard(part)
    return list(kept)


def _examples(
    phrases: Sequence[str], originals: Sequence[str], runs: Sequence[Sequence[str]], most: int
) -> dict[str, tuple[str, ...]]:
    shown: dict[str, list[str]] = {phrase: [] for phrase in phrases}
    order = sorted(range(len(originals)), key=lambda i: (len(originals[i]), i))
    for i in order:
        for phrase, found in shown.items():
            if len(found) < most and any(phrase in run for run in runs[i]):
                found.append(originals[i])
    return {phrase: tuple(found) for phrase, found in shown.items()}
