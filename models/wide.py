"""The wide half of the tagger: a linear model over hashed character n-grams (Cheng et al., 2016,
"Wide & deep learning"), whose logits are added to the network's.

It remembers words and names that a small encoder has seen too seldom to learn. The stance reads
each n-gram alone and, so that a policy can have words of its own, together with the policy
(Weinberger et al., 2009); the evaluation reads the n-grams alone. The table remembers which
policies it was taught enough of to have words of their own: there it may weigh more.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from minyi.errors import InvalidArtifact
from minyi.text import fold
from models.inputs import CELLS, STANCES

FILE = "wide.npz"
LONGEST = 3
"""Characters of an n-gram at most."""
BUCKETS = 1 << 18
"""Rows of the table; n-grams that share one share its weights."""
LEVELS = 127

Indices = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]


def grams(text: str) -> Indices:
    """Return the hashes of the text's different n-grams, in ascending order."""
    codes = np.frombuffer(fold(text).encode("utf-32-le"), np.uint32)
    hashes, found = codes, [codes]
    for length in range(2, LONGEST + 1):
        hashes = hashes[:-1] * np.uint32(0x9E3779B1) + codes[length - 1 :] + np.uint32(length)
        found.append(hashes)
    return np.unique(_mixed(np.concatenate(found)))


def buckets(text: str, context: str) -> tuple[Indices, Indices]:
    """Return the rows of the table that a text lights, ascending: those of its n-grams, and these
    with those of each n-gram together with the context."""
    found = grams(text)
    with_context = _mixed(found ^ np.uint32(context_hash(context)))
    last = np.uint32(BUCKETS - 1)
    return np.unique(found & last), np.unique(np.concatenate([found, with_context]) & last)


def context_hash(context: str) -> int:
    """Return the hash that stands for a policy's context."""
    return zlib.crc32(context.encode())


def _mixed(hashes: Indices) -> Indices:
    """Spread the bits: the last step of MurmurHash3 for 32 bits (Appleby, public domain)."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return np.asarray(hashes ^ (hashes >> np.uint32(16)))


class WideTable:
    """Weights of every bucket for every output, int8 with a scale per output.

    A text's weights are summed as whole numbers, exact in float32, and divided by the root of
    their number, so that no rounding depends on an order.

    Args:
        weights: (BUCKETS, 15) int8: three stances, twelve cells.
        scale: (15,) float32.
        bias: (15,) float32.
        contexts: hashes of the policies' contexts that it knows, as of ``context_hash``.
    """

    def __init__(
        self,
        weights: npt.NDArray[np.int8],
        scale: Floats,
        bias: Floats,
        contexts: Indices | None = None,
    ) -> None:
        outputs = len(STANCES) + len(CELLS)
        shapes = weights.shape, scale.shape, bias.shape
        if shapes != ((BUCKETS, outputs), (outputs,), (outputs,)):
            raise ValueError("the table's shape is not that of this version")
        self.weights, self.scale, self.bias = weights, scale, bias
        self.contexts = np.array([], np.uint32) if contexts is None else np.unique(contexts)
        self._known = frozenset(self.contexts.tolist())
        self._whole = weights.astype(np.float32)

    @classmethod
    def rounded(cls, weights: Floats, bias: Floats, contexts: Indices | None = None) -> WideTable:
        """Round float weights (BUCKETS, 15) to int8."""
        scale = np.maximum(np.abs(weights).max(0), 1e-8).astype(np.float32) / np.float32(LEVELS)
        whole = np.rint(weights / scale).astype(np.int8)
        return cls(whole, scale, bias.astype(np.float32), contexts)

    def save(self, folder: Path) -> None:
        """Write the table into an artifact's folder, the same bytes for the same table."""
        np.savez_compressed(
            folder / FILE,
            weights=self.weights,
            scale=self.scale,
            bias=self.bias,
            contexts=self.contexts,
        )

    @classmethod
    def load(cls, folder: Path) -> WideTable:
        """Read an artifact's table. Older ones know no policies.

        Raises:
            InvalidArtifact: when it cannot be read.
        """
        try:
            with np.load(folder / FILE, allow_pickle=False) as held:
                return cls(held["weights"], held["scale"], held["bias"], held.get("contexts"))
        except (OSError, ValueError, KeyError) as error:
            raise InvalidArtifact(f"{folder / FILE} cannot be read: {error}") from error

    def logits(self, context: str, text: str) -> Floats:
        """Return the logits of a policy's context and a comment, (15,): stances, then cells."""
        alone, with_context = map(self._mean, buckets(text, context))
        split = len(STANCES)
        found = np.concatenate([with_context[:split], alone[split:]])
        return np.asarray(found * self.scale + self.bias, np.float32)

    def knows(self, context: str) -> bool:
        """Whether it was taught enough of a policy's context."""
        return context_hash(context) in self._known

    def _mean(self, rows: Indices) -> Floats:
        """Return the rows' sum over the root of their number."""
        total = self._whole[rows].sum(0, dtype=np.float32)
        return np.asarray(total / np.float32(max(1, len(rows)) ** 0.5), np.float32)
