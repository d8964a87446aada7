"""The evidence span: the clause from which a reader sees the stance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from minyi.text import fold
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


def weights(evidence: npt.NDArray[np.float32], text: str, encoded: Encoded) -> dict[Clause, float]:
    """Return how much the tokens of each clause show the stance together, in order.

    Args:
        evidence: how much each token shows the stance (length,).
        text: the comment.
        encoded: where the comment's tokens stand in it.
    """
    found = clauses(text)
    tokens = evidence[encoded.start : encoded.start + len(encoded.offsets)].tolist()
    summed = dict.fromkeys(found, 0.0)
    position = 0
    for (start, _), value in zip(encoded.offsets, tokens, strict=True):
        while position < len(found) - 1 and found[position][1] <= start:
            position += 1
        if found and found[position][0] <= start < found[position][1]:
            summed[found[position]] += value
    return summed


def shown(
    weighed: Mapping[Clause, float], text: str, names: Sequence[str], named: float
) -> Clause | None:
    """Return the clause that weighs most, None for a text without words.

    Args:
        weighed: what ``weights`` says of the text.
        text: the comment.
        names: folded names of the policy.
        named: how many times a clause's weight counts that holds one of them: it shows by itself
            what the stance is toward.
    """
    folded = fold(text)

    def weight(clause: Clause) -> float:
        holds = folded[slice(*clause)]
        return weighed[clause] * (named if any(name in holds for name in names) else 1.0)

    return max(weighed, key=weight, default=None)
