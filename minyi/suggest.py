"""What people write about that no policy of the registry covers: frequent phrases, mined.

A phrase is worth showing when many comments hold it, and when it

- *coheres*: the pointwise mutual information of its weakest split, in bits. The parts of 路灯 meet
  far more often than chance; those of 的人 do not.
- is *free*: the entropy of what stands before it and after it, in bits, the smaller of the two.
  垃圾分 is followed by 类 only, so it is no phrase.
- is *distinct*: the log ratio of its share among the unlinked comments to that among the linked
  ones, in bits. Everybody writes 希望; only those whose subject is missing write 路灯.

Counts are of comments, not of occurrences, so one long comment makes no trend, and comments of
equal text count once, so neither does a campaign. A phrase that mostly stands within a longer one
gives way to it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ahocorasick_rs import AhoCorasick

from minyi.arrays import Floats, Integers
from minyi.text import duplicate_key, fold

LENGTHS = range(2, 7)
"""Characters of a phrase."""
FREE, DISTINCT = 1.5, 1.0
"""Bits that a phrase must be free by, and distinct where there is anything to compare with."""
_GRAMMAR = frozenset(
    "的了是在我你他她它们这那有和与就都也还要会能可不没很太更最被把给让对向从到为以于及或而但如因所"
    "之其此该各每个位名条次种些点等吗呢吧啊呀哦嘛哈着过得地去来说看想请将已又再才却并且若则即至时"
    "一二三四五六七八九十两几多上下内外里中"
)
"""A phrase that begins or ends with one of these is a piece of a sentence, not a subject."""
# fmt: off
_EMPTY = frozenset((
    "领导", "书记", "市长", "县长", "局长", "厅长", "您好", "尊敬", "感谢", "谢谢", "希望",
    "政府", "部门", "相关", "有关", "问题", "情况", "反映", "咨询", "投诉", "举报", "建议",
    "请求", "恳请", "强烈", "解决", "处理", "回复", "答复", "留言", "老百姓", "群众", "人民",
    "大家", "今天", "今年", "现在", "目前", "一直", "没有", "可以", "应该", "需要", "什么",
    "怎么", "如何", "是否", "但是", "因为", "所以", "如果", "而且", "我们", "自己", "严重",
    "影响", "转发", "链接", "全文",
))
# fmt: on
"""Words that say nothing of a subject; a phrase that holds one is not shown."""


@dataclass(frozen=True)
class Suggestion:
    """A phrase that no policy covers."""

    text: str
    """Folded: simplified characters."""
    comments: int
    """How many different unlinked comments hold it."""
    cohesion: float
    """Bits."""
    freedom: float
    """Bits."""
    distinctness: float | None
    """Bits; None when there was nothing to compare with."""
    examples: tuple[str, ...]
    """Comments that hold it, as written, the shortest first."""


def suggest(
    unlinked: Iterable[str],
    *,
    linked: Iterable[str] = (),
    known: Iterable[str] = (),
    limit: int = 50,
    min_comments: int = 5,
    min_cohesion: float = 5.0,
    examples: int = 3,
) -> list[Suggestion]:
    """Mine frequent phrases of two to six Chinese characters from comments that no policy links.

    Args:
        unlinked: these comments, title and text joined.
        linked: comments of the same streams that some policy links, to compare with.
        known: words of the registry; phrases that hold one, or stand in one, are left out.
        limit: how many suggestions at most.
        min_comments: how many different comments must hold a phrase.
        min_cohesion: bits.
        examples: how many comments to show with each.

    Returns:
        Suggestions, those of most weight first: comments, times distinctness where it is known.
    """
    originals = _distinct(unlinked)
    folded = [fold(text) for text in originals]
    counts = _count(folded, min_comments)
    names = [fold(word) for word in known]
    chosen = {
        phrase: (cohesion, count.freedom)
        for phrase, count in counts.items()
        if len(phrase) > 1
        and count.freedom >= FREE
        and (cohesion := _cohesion(phrase, counts)) >= min_cohesion
        and not _says_nothing(phrase)
        and not any(name in phrase or phrase in name for name in names)
    }
    others = [fold(text) for text in _distinct(linked)]
    distinct = _distinctness(chosen, counts, len(folded), others) if others else {}
    if others:
        chosen = {p: v for p, v in chosen.items() if distinct[p] >= DISTINCT}
    weights = {p: counts[p].comments * distinct.get(p, 1.0) for p in _outermost(chosen, counts)}
    found = sorted(weights, key=lambda phrase: (-weights[phrase], phrase))[:limit]
    shown = _examples(found, originals, folded, examples)
    return [
        Suggestion(
            text=phrase,
            comments=counts[phrase].comments,
            cohesion=round(chosen[phrase][0], 2),
            freedom=round(chosen[phrase][1], 2),
            distinctness=round(distinct[phrase], 2) if others else None,
            examples=shown[phrase],
        )
        for phrase in found
    ]


@dataclass(frozen=True)
class _Count:
    comments: int
    share: float
    """Occurrences over all Chinese characters."""
    freedom: float


def _distinct(texts: Iterable[str]) -> list[str]:
    return list({duplicate_key(text): text for text in texts}.values())


def _count(texts: Sequence[str], least: int) -> dict[str, _Count]:
    """Count characters, and the n-grams that stand in at least ``least`` texts.

    Length by length, after Apriori: an n-gram can be frequent only if the (n-1)-grams at its two
    ends are, so long ones are looked at only where short ones were found. An n-gram is named by a
    number, made of the number of its beginning and its last character.
    """
    joined = "\n".join(texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    chinese = (codes >= 0x3400) & (codes < 0xA000)
    alphabet, characters = np.unique(np.where(chinese, codes, 0), return_inverse=True)
    if len(alphabet) == 1:
        return {}
    text_of = np.cumsum(codes == ord("\n")) - (codes == ord("\n"))
    total = int(chinese.sum())

    counts: dict[str, _Count] = {}
    numbers = np.where(chinese, characters, -1).astype(np.int64)
    for n in range(1, LENGTHS.stop):
        if n > 1:
            ends = np.roll(numbers, -1)
            starts = np.flatnonzero((numbers >= 0) & (ends >= 0))
            last = characters[starts + n - 1]
            keys = numbers[starts] * len(alphabet) + last
        else:
            starts = np.flatnonzero(numbers >= 0)
            keys = numbers[starts]
        if not len(starts):
            break
        _, first, gram = np.unique(keys, return_index=True, return_inverse=True)
        held = np.bincount(_pairs(gram, text_of[starts])[0], minlength=len(first))
        often = np.bincount(gram, minlength=len(first))
        before = _entropy(gram, characters[starts - 1], len(first))
        after = _entropy(gram, characters[starts + n], len(first))
        for i in np.flatnonzero((held >= least) | (n == 1)):
            start = starts[first[i]]
            counts[joined[start : start + n]] = _Count(
                int(held[i]), float(often[i] / total), float(min(before[i], after[i]))
            )
        renumbered = np.where(held >= least, np.arange(len(first)), -1)
        numbers = np.full(len(codes), -1, dtype=np.int64)
        numbers[starts] = renumbered[gram]
    return counts


def _pairs(first: Integers, second: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the distinct pairs, as two arrays, and how often each occurs."""
    width = int(second.max()) + 1
    keys, often = np.unique(first * width + second, return_counts=True)
    return keys // width, keys % width, often


def _entropy(gram: Integers, neighbour: Integers, grams: int) -> Floats:
    """Return the entropy of the neighbours of each gram, in bits.

    Neighbour 0 is the edge of a run of Chinese characters; each edge counts as a neighbour of its
    own, since anything may stand there.
    """
    total = np.bincount(gram, minlength=grams)
    of, which, often = _pairs(gram, neighbour)
    share = often / total[of]
    bits = np.where(which == 0, np.log2(total[of]), -np.log2(share))
    return np.asarray(np.bincount(of, weights=share * bits, minlength=grams), dtype=np.float64)


def _cohesion(phrase: str, counts: Mapping[str, _Count]) -> float:
    """Return the pointwise mutual information of the weakest split, in bits."""
    chance = max(counts[phrase[:i]].share * counts[phrase[i:]].share for i in range(1, len(phrase)))
    return math.log2(counts[phrase].share / chance)


def _says_nothing(phrase: str) -> bool:
    if phrase[0] in _GRAMMAR or phrase[-1] in _GRAMMAR:
        return True
    return any(phrase[i : i + n] in _EMPTY for n in (2, 3) for i in range(len(phrase) - n + 1))


def _outermost(chosen: Mapping[str, object], counts: Mapping[str, _Count]) -> set[str]:
    """Return the phrases that do not mostly stand within a longer one."""
    kept = set(chosen)
    for phrase in sorted(chosen, key=lambda p: (-len(p), p)):
        for part in _parts(phrase):
            if part in kept and counts[phrase].comments * 2 >= counts[part].comments:
                kept.discard(part)
    return kept


def _parts(phrase: str) -> Iterator[str]:
    for n in range(LENGTHS.start, len(phrase)):
        for i in range(len(phrase) - n + 1):
            yield phrase[i : i + n]


def _holders(phrases: Sequence[str], texts: Sequence[str]) -> Iterator[tuple[int, set[int]]]:
    """Yield each text's index and the indices of the phrases that it holds."""
    automaton = AhoCorasick(list(phrases))
    for i, text in enumerate(texts):
        matches = automaton.find_matches_as_indexes(text, overlapping=True)
        yield i, {phrase for phrase, _, _ in matches}


def _distinctness(
    phrases: Iterable[str], counts: Mapping[str, _Count], size: int, others: Sequence[str]
) -> dict[str, float]:
    """Return the log ratio of shares, in bits; half a comment is added to each count."""
    order = list(phrases)
    held = Counter(phrase for _, found in _holders(order, others) for phrase in found)
    return {
        phrase: math.log2((counts[phrase].comments + 0.5) / (size + 1))
        - math.log2((held[i] + 0.5) / (len(others) + 1))
        for i, phrase in enumerate(order)
    }


def _examples(
    phrases: Sequence[str], originals: Sequence[str], folded: Sequence[str], most: int
) -> dict[str, tuple[str, ...]]:
    shown: dict[str, list[str]] = {phrase: [] for phrase in phrases}
    order = sorted(range(len(originals)), key=lambda i: (len(originals[i]), originals[i]))
    for i, found in _holders(phrases, [folded[i] for i in order]):
        for phrase in found:
            if len(shown[phrases[phrase]]) < most:
                shown[phrases[phrase]].append(originals[order[i]])
    return {phrase: tuple(texts) for phrase, texts in shown.items()}
