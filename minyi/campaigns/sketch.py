"""What near-duplicate texts have in common: a sketch to find them by, a likeness to judge by. Pure.

The sketch of a text is a sample of its shingles, the runs of three characters: those of the
smallest hashes, a min-wise sample (Broder 1997, "On the resemblance and containment of documents").
Texts that share much share shingles of their samples.

The likeness is the longest common subsequence as a share of the mean length: how much of one text
can be read, in order, out of the other. It survives edits that leave few shingles alike, and is low
for texts that merely use the same phrases. It takes one bit a character (Hyyrö 2004, "Bit-parallel
LCS-length computation revisited").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

from minyi.campaigns.frames import without_frame
from minyi.text import normalise

WIDTH = 3
"""Characters of a shingle."""
SAMPLE = 32
"""Shingles of a sketch at most."""
SHORTEST, LONGEST = 10, 300
"""Characters of a core: of fewer it says too little to be compared, of more the first are."""
_BESIDE = re.compile(r"#[^#\n]{1,60}#|https?://[\x21-\x7e]+|@[\w-]+|[\W_]+")
"""Hashtags, addresses and people: many use the same ones and say something of their own."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, odd: multiplying by it spreads a number over all bits (Knuth, The Art
of Computer Programming, volume 3, section 6.4)."""

Hashes = npt.NDArray[np.uint64]


def core(text: str, named: Iterable[str] = ()) -> str:
    """Return what of a text is compared: letters and digits of its own words, normalised, without
    the frame that a hotline writes around them.

    Args:
        text: as it was written.
        named: words that do not count, as they stand in it: a policy's names are in all comments
            on it.
    """
    for word in named:
        text = text.replace(word, " ")
    return _BESIDE.sub("", without_frame(normalise(text)))[:LONGEST]


def sketches(cores: Sequence[str]) -> list[list[int]]:
    """Return the sketch of each core: up to ``SAMPLE`` hashes of 64 bits, each once, ascending. A
    sketch does not depend on what else is in the batch."""
    joined = "".join(cores).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, dtype="<u4").astype(np.uint64)
    hashes = _hashes(codes).tolist()
    found: list[list[int]] = []
    start = 0
    for one in cores:
        own = set(hashes[start : start + max(0, len(one) - WIDTH + 1)])
        found.append(sorted(own)[:SAMPLE])
        start += len(one)
    return found


def _hashes(codes: Hashes) -> Hashes:
    """Return the hash of the shingle that begins at each place; shape (max(0, n - 2),)."""
    count = max(0, len(codes) - WIDTH + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for place in range(WIDTH):
        mixed = (mixed ^ codes[place : place + count]) * _FACTOR
        mixed ^= mixed >> np.uint64(32)
    return mixed


def places(text: str) -> dict[str, int]:
    """Return for each character of a text where it stands, one bit a place."""
    found: dict[str, int] = {}
    bit = 1
    for char in text:
        found[char] = found.get(char, 0) | bit
        bit <<= 1
    return found


def subsequence(known: dict[str, int], length: int, other: str) -> int:
    """Return the length of the longest common subsequence of two texts.

    Args:
        known: the ``places`` of one.
        length: its characters.
        other: the other one.
    """
    full = (1 << length) - 1
    left = full
    for char in other:
        if here := known.get(char):
            common = left & here
            left = ((left + common) | (left - common)) & full
    return length - left.bit_count()


def likeness(one: str, other: str) -> float:
    """Return the longest common subsequence of two cores as a share of their mean length: 0 to 1,
    1 only for equal ones."""
    mean = (len(one) + len(other)) / 2
    return subsequence(places(one), len(one), other) / mean if mean else 1.0


def alike_from(shorter: int) -> float:
    """Return the likeness from which two texts are near-duplicates.

    Unrelated texts are alike by chance, the shorter the more so; the spread of that chance falls
    with the root of the length. The numbers are the outcome of ``benchmarks.bench_campaigns``.

    Args:
        shorter: characters of the shorter core, at least 1.
    """
    return max(0.45, 0.1 + 2 / sqrt(shorter))
