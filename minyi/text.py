"""Chinese text: folding, normalisation, redaction, the duplicate key, keyed author hashes.

Everything here is a pure function of its input. ``fold`` keeps the length, so that an offset in
folded text is an offset in the original; ``normalise`` does not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import opencc

_CJK = range(0x3400, 0xA000)


@lru_cache(maxsize=1)
def _fold_table() -> npt.NDArray[np.uint32]:
    """Map single characters: width and compatibility forms, case, traditional to simplified.

    Only mappings of one character to one character are kept. Traditional characters go by
    OpenCC's ``t2s``, character by character. One code point for each of all 0x110000.
    """
    table = np.arange(0x110000, dtype="<u4")
    compatible = ((0x41, 0x250), (0x370, 0x530), (0x2000, 0x3400), (0xF900, 0x10000))
    for code in (code for block in compatible for code in range(*block)):
        char = chr(code)
        if 0xD800 <= code < 0xE000 or unicodedata.category(char) in ("Co", "Cs", "Cn"):
            continue
        folded = unicodedata.normalize("NFKC", char).lower()
        if len(folded) == 1 and folded != char:
            table[code] = ord(folded)
    characters = [chr(code) for code in _CJK]
    converter = opencc.OpenCC("t2s")
    simplified = converter.convert("\n".join(characters)).split("\n")
    for old, new in zip(characters, simplified, strict=True):
        if len(new) == 1 and new != old:
            table[ord(old)] = ord(new)
    return table


def fold(text: str) -> str:
    """Return the text with width, case and script folded, of exactly the same length."""
    # A look-up over the whole array is six times as fast as str.translate, and linking folds all.
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    folded: npt.NDArray[np.uint32] = _fold_table()[codes]
    return folded.tobytes().decode("utf-32-le", "surrogatepass")


_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """Return the text for search: NFKC, folded, runs of white space as one space, trimmed."""
    return _SPACE.sub(" ", fold(unicodedata.normalize("NFKC", text))).strip()


_NOISE = re.compile(r"[\W_]+")


def joined(title: str | None, text: str) -> str:
    """Return title and text as one, unless the text repeats the title."""
    return f"{title}\n{text}" if title and not text.startswith(title) else text


def duplicate_key(text: str) -> str:
    """Return 16 hex digits, equal for texts that differ only in white space, punctuation,
    emoji, case, width or script. A text of nothing else is keyed by itself."""
    core = _NOISE.sub("", normalise(text)) or text
    return hashlib.sha256(core.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def author_hash(author: str, key: str) -> str:
    """Return a keyed hash of an author id: 16 hex digits of HMAC-SHA-256.

    Without the key the id cannot be found by trying all ids.
    """
    return hmac.new(key.encode(), author.encode(), hashlib.sha256).hexdigest()[:16]


_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_JOINT = r"(?:--?|\ )?"  # two, since a Chinese keyboard writes —— for a dash
_DAY = r"(?:19|20)\d\d (?:0[1-9]|1[0-2]) (?:[0-2]\d|3[01])"
# Identity numbers follow GB 11643-1999, licence plates GA 36-2018; landlines have an area code. A
# long number that begins with a date is a document's. All repetition is bounded, so that the time
# stays linear.
_PERSONAL = re.compile(
    rf"""
    (?P<身份证号> (?<!\d) [1-9]\d{{5}} {_DAY} \d{{3}} [\dx] (?!\d) )
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
    | (?P<车牌> [{_PROVINCES}] [a-hj-np-z] [·•・\ ]?
        (?: (?= (?: \d* [a-z] ){{0,2}} \d* (?![a-z0-9]) ) [a-hj-np-z0-9]{{5}}
        | [a-hjk][a-hj-np-z0-9]\d{{4}} | \d{{5}}[a-hjk] ) (?![a-z0-9]) )
    | (?P<社交账号> (?: 微信 | vx | wechat | qq ) \s{{0,3}} [号群]? \s{{0,3}} : \s{{0,3}}
        [a-z0-9_-]{{5,20}} )
    """,
    re.VERBOSE,
)
_DASH = re.compile(r"(?<=[\d)])[\u2010-\u2015\u2212]{1,2}(?=\d)")
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"


def redact(text: str) -> str:
    """Replace personal data by its kind in brackets: identity, mobile, landline and card
    numbers, mail addresses, licence plates, social accounts, in any width, case or script, joined
    by any dash, also where characters that cannot be seen split them."""
    if not any(character in text for character in _ZERO_WIDTH):
        return _redact(text)
    # They may also stand between two numbers, and what then goes may leave one that they split.
    return _redact(_redact(_redact(text, _ZERO_WIDTH)), _ZERO_WIDTH)


def _redact(text: str, unseen: str = "") -> str:
    """Redact a text as if the characters of ``unseen`` were not there; others keep their place."""
    folded = fold(text)
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
