"""The words of a text, and its phrases of two words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import rjieba

from minyi.text import normalise

LONGEST = 16
"""Characters of a word; what is longer is an address or an id."""
MOST = 400
"""Words of a text that are looked at."""
_TURNS = frozenset("不没无未别太难")
"""Single characters that turn the word behind them round or make it stronger."""
_SPEAKS = re.compile(r"[^\W\d_]")
_BESIDE = re.compile(r"https?://[\x21-\x7e]+|@[\w-]+")
"""Addresses and people."""
_FILLERS = """
我们 你们 他们 咱们 自己 大家 这个 那个 这些 那些 这样 那样 这么 那么 什么 怎么 为什么 就是 还是
还有 一个 一下 已经 现在 然后 因为 所以 但是 而且 如果 虽然 或者 以及 可以 可能 今天 昨天 明天
真的 起来 出来 时候 一些 一样 一直 之后 以后
"""
_EMPTY = frozenset(_FILLERS.split())
"""Words that hold a sentence together and tell nothing by themselves."""


def words(text: str) -> list[str]:
    """Return the words of a text in order, as they stand in the normalised text: also single
    characters, punctuation and what is between."""
    return [word for word in rjieba.cut(_BESIDE.sub("\n", normalise(text))) if word][:MOST]


def phrases(text: str) -> frozenset[str]:
    """Return the words of two characters or more, and what two neighbouring words make together;
    of single characters only those that negate or strengthen are part of a phrase. Every one is a
    piece of the normalised text."""
    found = words(text)
    return frozenset([*filter(_tells, found), *_pairs(found)])


def _tells(word: str) -> bool:
    return 1 < len(word) <= LONGEST and word not in _EMPTY and _SPEAKS.search(word) is not None


def _pairs(found: list[str]) -> Iterator[str]:
    for one, other in pairwise(found):
        if (_tells(one) or one in _TURNS) and _tells(other):
            yield one + other
