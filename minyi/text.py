"""Chinese text: folding, normalisation, the duplicate key, keyed hashes.

Everything here is a pure function of its input. ``fold`` keeps the length, so that an offset in
folded text is an offset in the original; ``normalise`` does not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
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


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the characters as numbers, shape (characters,); also of text with lone surrogates."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def fold(text: str) -> str:
    """Return the text with width, case and script folded, of exactly the same length."""
    # A look-up over the whole array is six times as fast as str.translate, and linking folds all.
    folded: npt.NDArray[np.uint32] = _fold_table()[code_points(text)]
    return folded.tobytes().decode("utf-32-le", "surrogatepass")


_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """Return the text for search: NFKC, folded, runs of white space as one space, trimmed."""
    return _SPACE.sub(" ", fold(unicodedata.normalize("NFKC", text))).strip()


_NOISE = re.compile(r"[\W_]+")
SHORT = 10
"""Letters and digits below which a text says little without its title."""


def joined(title: str | None, text: str) -> str:
    """Return title and text as one, unless the text repeats the title."""
    return f"{title}\n{text}" if title and not text.startswith(title) else text


def headed(title: str | None, text: str) -> str:
    """Return a text below its title where it is too short to stand alone, like 如题."""
    return joined(title, text) if len(_core(text)) < SHORT else text


def duplicate_key(text: str) -> str:
    """Return 16 hex digits, equal for texts that differ only in white space, punctuation,
    emoji, case, width or script. A text of nothing else is keyed by itself."""
    core = _core(text) or text
    return hashlib.sha256(core.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _core(text: str) -> str:
    return _NOISE.sub("", normalise(text))


def keyed_hash(value: str, key: str) -> str:
    """Return a keyed hash of an id that may be personal: 16 hex digits of HMAC-SHA-256.

    Without the key the id cannot be found by trying all ids.
    """
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()[:16]
