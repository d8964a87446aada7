"""Text written in ideographs alone, so that Elasticsearch's ``standard`` analyzer keeps all of it.

That analyzer makes each Han character a token of its own but joins letters and digits to words and
drops signs. With every character written as Han characters, a phrase finds exactly the substrings,
in any script, without a plugin on the server:

- the common Han characters stand for themselves;
- any other character of the basic plane becomes one ideograph of extension B;
- any other one becomes a pair, its UTF-16 surrogates moved into extension A: the halves of pairs
  are no other characters, so a phrase never begins within a pair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_HAN = (0x4E00, 0x9FA5)
"""The ideographs of Unicode 1.1, which every analyzer knows."""
_EXTENSION_A, _EXTENSION_B = 0x3400, 0x20000
_SURROGATES = (0xD800, 0xDFFF)


def _table() -> npt.NDArray[np.uint32]:
    """Map each code point of the basic plane to the code point that stands for it."""
    codes = np.arange(0x10000, dtype="<u4")
    han = (codes >= _HAN[0]) & (codes <= _HAN[1])
    halves = (codes >= _SURROGATES[0]) & (codes <= _SURROGATES[1])
    others = ~(han | halves)
    table = codes.copy()
    table[others] = _EXTENSION_B + np.arange(others.sum(), dtype="<u4")  # 42,586 of 42,711 places
    table[halves] = _EXTENSION_A + np.arange(halves.sum(), dtype="<u4")
    return table


_TABLE = _table()


def ideographs(text: str) -> str:
    """Return the text in ideographs. ``a in b`` holds just when it holds for their ideographs."""
    # UTF-16 has the pairs already; a look-up over the whole array is faster than str.translate.
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")
    written: npt.NDArray[np.uint32] = _TABLE[units]
    return written.tobytes().decode("utf-32-le")
