"""Personal data in what people write: where it stands, in whatever form. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from minyi.names import introduced
from minyi.text import code_points, fold

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_DASHES = r"\u2010-\u2015\u2212"
_JOINT = r"(?:--?|\ )?"  # two, since a Chinese keyboard writes —— for a dash
_WIDE = r"(?:\ ?--?\ ?|\ )?"
_YEAR, _MONTH, _DATE = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:[0-2]\d|3[01])"
_DAY = f"{_YEAR} {_MONTH} {_DATE}"
_REGION = r"(?: 1[1-5] | 2[1-3] | 3[1-7] | 4[1-6] | 5[0-4] | 6[1-5] | 71 | 8[1-3] | 9\d ) \d{4}"
# Identity numbers follow GB 11643-1999, licence plates GA 36-2018; landlines have an area code. A
# long number that begins with a date is a document's; amounts and months stand beside dates, too:
# an identity number with gaps begins with a province's code. All repetition is bounded, so that the
# time stays linear.
_IDENTITY = rf"""
    (?P<身份证号> (?<!\d) (?: [1-9]\d{{5}} {_DAY} | {_REGION} (?: {_JOINT} {_DAY} {_JOINT}
        | (?P<part>--?|\ ) {_YEAR} (?P=part) {_MONTH} (?P=part)? {_DATE} (?P=part) ) )
        \d{{3}} [\dx] (?!\d) )
"""
_MOBILE = rf"""
    (?P<手机号> (?<!\d) (?: (?:\+|00)? 86 {_JOINT} )?
        1[3-9]\d {_WIDE} \d{{4}} {_WIDE} \d{{4}} (?!\d) )
"""
# Without a colon a number behind QQ or 微信 may be an amount, a count or a hotline (微信12345), and
# letters behind 微信 any word: an account has a digit or a low line among them, or is called 号.
_CHAT = r"(?: 微信 | [v薇]信 | vx | wechat | weixin | (?<=[加我+])[v微薇] )"
_QQ = r"(?: qq | 扣扣 | q(?=群) )"
_GROUP = r"(?: \s{0,3} [一-龥]{0,2}群 )?"
_CALLED = r"\s{0,3} [账帐]?号码?"
_COUNTED = r"(?: \.\d{1,2}(?!\d) | \s?[元块万多余人个次条名位户篇%] )"
_ACCOUNT = rf"""
    (?P<社交账号> (?= [微薇vwq扣] ) (?:
        (?: {_CHAT} | {_QQ} ) {_GROUP} (?: {_CALLED} )? \s{{0,3}} : \s{{0,3}} [a-z\d_-]{{5,20}}
    | (?: (?= [微薇扣] ) | (?<! [a-z\d] ) | (?<= \d{{5}} ) ) (?: (?P<chat> {_CHAT} ) | {_QQ} )
        {_GROUP} (?P<called> {_CALLED} )?
        \s{{0,3}} (?: [:=] | 是 | 为 )? \s{{0,3}} (?P<opened> ["“「(\[【] \s? )?
        (?: (?! (?: 1[0-2] | 9[56] )\d{{3}} (?!\d) ) [1-9]\d{{4,10}} (?! [\d_] | {_COUNTED} )
            | (?(chat) (?(called) | (?= [a-z-]{{1,19}}[\d_] ) ) [a-z][a-z\d_-]{{5,19}} | (?!) ) )
        (?(opened) \s? ["”」)\]】]? ) ) )
"""
_PERSONAL = re.compile(
    rf"""
    {_IDENTITY}
    | (?P<邮箱> [a-z0-9._%+-]{{1,64}} @ [a-z0-9-]{{1,63}} (?: \.[a-z0-9-]{{1,63}} ){{1,4}} )
    | {_MOBILE}
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
    | {_ACCOUNT}
    """,
    re.VERBOSE,
)
_NAME = "姓名"
"""The kind of what ``minyi.names`` finds."""
_DASH = re.compile(rf"(?<=[\d)])[{_DASHES}._·•・ー一]{{1,2}}(?=\d)")
"""What joins the parts of a number as a dash does, also 一 and ー, which look like one."""
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
"""A digit of another script or style: ٣, 𝟑."""
_SPELT = re.compile(f"{_IDENTITY} | {_MOBILE}", re.VERBOSE)
_SPELLING = str.maketrans(
    "零〇○◯洞o一壹弌幺l二贰弍三叁弎参四肆五伍六陆七柒拐八捌九玖勾",
    "00000011111222333344556677788999",
)
"""Numerals as numbers are spelt and dictated, folded, and letters that look like a digit."""
_NUMERALS = "".join(map(chr, _SPELLING))
_LONG = re.compile(rf"(?:[\d{_NUMERALS}][ ._·•・ー{_DASHES}-]{{0,3}}){{11}}")
"""Eleven digits or numerals, joined or not: the shortest of what is looked for among them."""
_SINGLE = re.compile(
    r"(?<!\d)\d (?P<gap>--?|\ \ ?) \d (?: (?P=gap)\d ){9,} (?: (?P=gap)x )? (?!\d)", re.VERBOSE
)
"""Digits one by one, with the same gap between all."""
_MARKS = re.compile("\ufe0f?[\u0300-\u036f\u20d0-\u20ff]+")
_ANY = re.compile(r"[0-9a-z]")
"""All that is looked for has one of these."""
_LISTED, _HIDDEN, _DRAWN = 1, 2, 4
"""Kinds of characters that numbers are disguised with, to be added up."""


@lru_cache(maxsize=1)
def numbering() -> dict[str, str]:
    """Return the characters that are a digit, but may count what follows or point to a note:
    ``①12345``, ``¹``, ``❶``, ``⑴``, ``⒈``."""
    digits = ((chr(code), unicodedata.digit(chr(code), None)) for code in range(0x20000))
    found = {c: str(digit) for c, digit in digits if digit is not None and not c.isdecimal()}
    return found | dict.fromkeys("🄋🄌", "0")


@lru_cache(maxsize=1)
def _kinds() -> npt.NDArray[np.uint8]:
    """Return the kind of each of all 0x110000 characters, 0 for most.

    Hidden are those without a place of their own: what cannot be seen, and marks around, above or
    through the character before, like the key of ``1️⃣``. Drawn are emoji and other small pictures,
    but not circles, which are written for zeros.
    """
    kinds = np.zeros(0x110000, dtype=np.uint8)
    # between lie ideographs and what nothing is assigned to, behind private characters
    for code in (*range(0x20000), *range(0xE0000, 0xE1000)):
        if unicodedata.category(chr(code)) in ("Cf", "Mn", "Me"):
            kinds[code] = _HIDDEN
    blocks = ((0x2300, 0x2400), (0x25A0, 0x27C0), (0x2B00, 0x2C00), (0x1F000, 0x1FB00))
    for code in (code for block in blocks for code in range(*block)):
        if unicodedata.category(chr(code)) in ("So", "Sk") and chr(code) not in "○◯":
            kinds[code] = _DRAWN
    kinds[[ord(character) for character in numbering()]] = _LISTED
    return kinds


def redact(text: str) -> str:
    """Replace personal data by its kind in brackets: identity, mobile, landline and card
    numbers, mail addresses, licence plates, accounts of WeChat and QQ, in any width, case, script
    or style of digits, joined by any dash, a point or a space, beside ① or ¹, also where characters
    that cannot be seen or pictures split them. Identity and mobile numbers also where they are
    spelt (幺三八, 壹叁捌, l38oo) or written digit by digit. Names of people where the text
    introduces them."""
    there = int(np.bitwise_or.reduce(_kinds()[code_points(text)]))
    numberless = _redact_numbers(text, there)
    nameless = _redact_names(numberless, there & _HIDDEN)
    # a numeral that ends a name may have kept a number after it from being seen
    return nameless if nameless == numberless else _redact_numbers(nameless, there)


def _redact_numbers(text: str, there: int) -> str:
    if there & _HIDDEN:
        text = _redact(text, there, _HIDDEN)
    text = _redact(text, there)
    if there & _HIDDEN:  # it may stand between two numbers, and what went may leave one it splits
        text = _redact(text, there, _HIDDEN)
    if there & _DRAWN:
        text = _redact(text, there, _HIDDEN | _DRAWN)
    return _redact_spelt(text, there & (_HIDDEN | _DRAWN))


def kinds_in(text: str) -> frozenset[str]:
    """Return the kinds of personal data that ``redact`` finds in a text."""
    redacted = redact(text)
    return frozenset(kind for kind in (*_PERSONAL.groupindex, _NAME) if f"〔{kind}〕" in redacted)


def _redact(text: str, there: int, dropped: int = 0) -> str:
    """Redact a text as if the ``dropped`` kinds of characters were not ``there``, first with those
    that number a list as no digits of what they stand beside, then as digits."""
    for numbers in (False, True) if there & _LISTED else (True,):
        seen, places = _seen(text, dropped, numbers)
        if _ANY.search(seen):
            text = _replaced(text, _kinds_found(_PERSONAL, _DASH.sub(_dashes, seen)), places)
    return text


def _redact_spelt(text: str, dropped: int) -> str:
    """Redact identity and mobile numbers that are spelt or written digit by digit. Other numbers
    have no form of their own: eighteen times 一 is a line."""
    seen, places = _seen(text, dropped)
    if not _LONG.search(seen):
        return text
    seen = _DASH.sub(_dashes, seen.translate(_SPELLING))
    alone = [range(*match.span()) for match in _SINGLE.finditer(seen)]
    gaps = {place for run in alone for place in run if seen[place] in "- "}
    kept = [place for place in range(len(seen)) if place not in gaps]
    closed = "".join(seen[place] for place in kept)
    return _replaced(text, _kinds_found(_SPELT, closed), [places[place] for place in kept])


def _redact_names(text: str, dropped: int) -> str:
    seen, places = _without(fold(text), _kinds()[code_points(text)], dropped)
    found = ((start, end, _NAME) for start, end in introduced(seen))
    return _replaced(text, found, places)


def _seen(text: str, dropped: int, numbers: bool = True) -> tuple[str, Sequence[int]]:
    """Return a text as personal data is looked for in it, and the place of each character.

    Args:
        text: the original.
        dropped: the kinds of characters that are left out.
        numbers: whether those that may number a list are read as digits, or left as they are.
    """
    kinds = _kinds()[code_points(text)]
    seen = _OTHER_DIGIT.sub(_digit, fold(text))
    if (listed := np.flatnonzero(kinds & _LISTED)).size:
        characters = list(seen)
        for place in listed:
            characters[place] = numbering()[text[place]] if numbers else text[place]
        seen = "".join(characters)
    return _without(seen, kinds, dropped)


def _without(seen: str, kinds: npt.NDArray[np.uint8], dropped: int) -> tuple[str, Sequence[int]]:
    """Return a text without the ``dropped`` kinds of characters, and the place of each left."""
    if not dropped:
        return seen, range(len(seen))
    places = np.flatnonzero(kinds & dropped == 0).tolist()
    return "".join(seen[place] for place in places), places


def _digit(match: re.Match[str]) -> str:
    return str(unicodedata.decimal(match[0]))


def _dashes(match: re.Match[str]) -> str:
    return "-" * len(match[0])


def _kinds_found(pattern: re.Pattern[str], seen: str) -> Iterator[tuple[int, int, str]]:
    return ((*match.span(), str(match.lastgroup)) for match in pattern.finditer(seen))


def _replaced(text: str, found: Iterable[tuple[int, int, str]], places: Sequence[int]) -> str:
    """Replace what is found, with its kind, in the text as it is seen; all else keeps its form and
    place."""
    parts = []
    end = 0
    for start, stop, kind in found:
        parts += [text[end : places[start]], f"〔{kind}〕"]
        end = places[stop - 1] + 1
        if marks := _MARKS.match(text, end):  # of the last character
            end = marks.end()
    return "".join([*parts, text[end:]])
