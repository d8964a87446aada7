"""Texts that something is validated or tested on: nothing trains on them, in whatever corpus and
beside whatever target they stand again.

Rows are held out by their places; a corpus has the same post twice, or C-STANCE and our gold file
the same post with other targets. Those that ``targets`` validates on are not among them: most are
training texts of C-STANCE, and are trained on with its own targets.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from minyi.text import duplicate_key
from models.rows.corpora import c_stance, nlpcc
from models.rows.examples import Example
from models.rows.labels import gold, measures


@lru_cache(maxsize=1)
def keys_apart() -> frozenset[str]:
    """Return the duplicate keys of all texts that are held out for validation or test."""
    return frozenset(
        duplicate_key(row.text)
        for split in ("val", "test")
        for found in (
            gold(split),
            gold(split, linked=False),
            measures(split),
            nlpcc(split),
            c_stance(split),
        )
        for row in found
    )


def to_learn_from(rows: Iterable[Example]) -> list[Example]:
    """Return the rows whose text is not held out, with other punctuation or script neither."""
    apart = keys_apart()
    return [row for row in rows if duplicate_key(row.text) not in apart]
