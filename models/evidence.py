"""The evidence span: the clause from which a reader sees the stance."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from models.inputs import Encoded

SHORTEST = 4
"""Characters of a clause that can show something, where there are longer ones."""
_CLAUSE = re.compile(r"[^。！？；，…!?;,\n]+")

Clause = tuple[int, int]
"""First and last (exclusive) character."""


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a text, without the blanks around them."""
    found = [
        (match.end() - len(match.group().lstrip()), match.start() + len(match.group().rstrip()))
        for match in _CLAUSE.finditer(text)
        if match.group().strip()
    ]
    return [clause for clause in found if clause[1] - clause[0] >= SHORTEST] or found


def shown(evidence: npt.NDArray[np.float32], text: str, encoded: Encoded) -> Clause | None:
    """Return the clause whose tokens weigh most together, None for a text without words.

    Args:
        evidence: how much each token shows the stance (length,).
        text: the comment.
        encoded: where the comment's tokens stand in it.
    """
    found = clauses(text)
    if not found:
        return None
    tokens = evidence[encoded.start : encoded.start + len(encoded.offsets)].tolist()
    weights = dict.fromkeys(found, 0.0)
    position = 0
    for (start, _), value in zip(encoded.offsets, tokens, strict=True):
        while position < len(found) - 1 and found[position][1] <= start:
            position += 1
        first, end = found[position]
        if first <= start < end:
            weights[found[position]] += value
    return max(found, key=lambda clause: weights[clause])
