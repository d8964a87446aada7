"""Personal data in what people write: where it stands, in whatever form. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from minyi.text import fold

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_DASHES = r"\u2010-\u2015\u2212"
_JOINT = r"(?:--?|\ )?"  # two, since a Chinese keyboard writes —— for a dash
_YEAR, _MONTH, _DATE = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:[0-2]\d|3[01])"
_DAY = f"{_YEAR} {_MONTH} {_DATE}"
_REGION = r"(?: 1[1-5] | 2[1-3] | 3[1-7] | 4[1-6] | 5[0-4] | 6[1-5] | 71 | 8[1-3] | 9\d ) \d{4}"
# Identity numbers follow GB 11643-1999, licence plates GA 36-2018; landlines have an area code. A
# long number that begins with a date is a document's; amounts and months stand beside dates, too:
# an identity number with gaps begins with a province's code. All repetition is bounded, so that the
# time stays linear.
_PERSONAL = re.compile(
    rf"""
    (?P<身份证号> (?<!\d) (?: [1-9]\d{{5}} {_DAY} | {_REGION} (?: {_JOINT} {_DAY} {_JOINT}
        | (?P<part>--?|\ ) {_YEAR} (?P=part) {_MONTH} (?P=part)? {_DATE} (?P=part) ) )
        \d{{3}} [\dx] (?!\d) )
    | (?P<邮箱> [a-z0-9._%+-]{{1,64}} @ [a-z0-9-]{{1,63}} (?: \.[a-z0-9-]{{1,63}} ){{1,4}} )
    | (?P<手机号> (?<!\d) (?: (?:\+|00)? 86 {_JOINT} )?
        1[3-9]\d {_JOINT} \d{{4}} {_JOINT} \d{{4}} (?!\d) )
    | (?P<电话> (?<!\d) (?:
        (?: 0 | (?:\+|00) 86 {_JOINT} ) (?: 10 | 2\d | [3-9]\d\d )
        {_JOINT} \d{{3,4}} {_JOINT} \d{{4}}
        | \( 0\d{{2,3}} \) {_JOINT} \d{{3,4}} {_JOINT} \d{{4}} ) (?!\d) )
    | (?P<卡号> (?<!\d) (?:
        [3-69]\d{{3}} (?P<gap>--?|\ ) \d{{4}} (?P=gap) \d{{4}} (?P=gap) \d{{4}}
        (?: (?P=gap) \d{{1,3}} )?
        | (?! {_DAY} ) \d{{16,19}} ) (?!\d) )
    | (?P<车牌> [{_PROVINCES}] [a-hj-np-z] (?: [·•・.\ ] | [{_DASHES}-]{{1,2}} )?
        (?: (?= (?: \d* [a-z] ){{0,2}} \d* (?![a-z0-9]) )
            [a-hj-np-z0-9]{{4}} (?: [a-hj-np-z0-9] (?![a-z0-9]) | [警学港澳领挂试超] )
        | (?: [a-hjk][a-hj-np-z0-9]\d{{4}} | \d{{5}}[a-hjk] ) (?![a-z0-9]) ) )
    | (?P<社交账号> (?: 微信 | vx | wechat | qq ) \s{{0,3}} (?: 群 | [群账帐]? 号 码? )? \s{{0,3}}
        : \s{{0,3}} [a-z0-9_-]{{5,20}} )
    """,
    re.VERBOSE,
)
_DASH = re.compile(rf"(?<=[\d)])[{_DASHES}]{{1,2}}(?=\d)")
NUMBERING = frozenset("⓪①②③④⑤⑥⑦⑧⑨⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")
"""Characters that fold to a digit, but count what follows or point to a note: ``①12345``."""
_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def _unseen() -> frozenset[str]:
    """Return the characters that cannot be seen: format characters and variation selectors."""
    selectors = map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
    # between lie ideographs and what nothing is assigned to, behind private characters
    some = map(chr, (*range(0x20000), *range(0xE0000, 0xE1000)))
    return frozenset(selectors).union(c for c in some if unicodedata.category(c) == "Cf")


def redact(text: str) -> str:
    """Replace personal data by its kind in brackets: identity, mobile, landline and card
    numbers, mail addresses, licence plates, social accounts, in any width, case or script, joined
    by any dash or a space, beside ① or ¹, also where characters that cannot be seen split them."""
    unseen = _unseen()
    if unseen.isdisjoint(text):
        return _redact(text)
    # They may also stand between two numbers, and what then goes may leave one that they split.
    return _redact(_redact(_redact(text, unseen)), unseen)


def _redact(text: str, unseen: frozenset[str] = _NONE) -> str:
    """Redact a text as if the characters of ``unseen`` were not there, first with those that number
    a list as no digits of what they stand beside, then as digits."""
    if not NUMBERING.isdisjoint(text):
        text = _replaced(text, unseen, NUMBERING)
    return _replaced(text, unseen)


def _replaced(text: str, unseen: frozenset[str], kept: frozenset[str] = _NONE) -> str:
    """Replace personal data in a text without ``unseen``, folded but for the characters ``kept``;
    all that is not replaced keeps its form and place."""
    folded = fold(text)
    if kept:
        pairs = zip(text, folded, strict=True)
        folded = "".join(old if old in kept else new for old, new in pairs)
    places: Sequence[int] = range(len(text))
    if unseen:
        places = [place for place, character in enumerate(text) if character not in unseen]
        folded = "".join(folded[place] for place in places)
    parts = []
    end = 0
    for match in _PERSONAL.finditer(_DASH.sub(lambda dash: "-" * len(dash[0]), folded)):
        parts += [text[end : places[match.start()]], f"〔{match.lastgroup}〕"]
        end = places[match.end() - 1] + 1
    return "".join([*parts, text[end:]])
