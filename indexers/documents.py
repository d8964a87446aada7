"""An opinion as a document of Elasticsearch, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import rjieba

from indexers.ideographs import ideographs
from indexers.queries import CELLS, marks, microseconds, searchable
from minyi.domain import SHANGHAI, Opinion
from minyi.vocabulary import Aspect, Polarity

MAX_WORDS, LONGEST_WORD = 256, 32
"""Words of one opinion at most, and the characters of one; what is longer is no word."""
_SIGN = {Polarity.PRAISE: "+", Polarity.CRITICISM: "-"}


def cell(aspect: Aspect, polarity: Polarity) -> str:
    """Return the value of ``cells`` for an evaluation: ``effect+`` praised, ``effect-``
    criticised."""
    return f"{aspect}{_SIGN[polarity]}"


CELL_BITS = {cell(*pair): 1 << bit for bit, pair in enumerate(CELLS)}
"""The bit in an opinion's marks of each value of ``cells``."""


def month(opinion: Opinion) -> str:
    """Return the month that an opinion lies in, in Asia/Shanghai: ``2024.09``."""
    return f"{opinion.created_at.astimezone(SHANGHAI):%Y.%m}"


def words(text: str) -> list[str]:
    """Return the words of a normalised text, each once, in order; no single characters."""
    found = dict.fromkeys(
        word
        for word in rjieba.cut(text)
        if 1 < len(word) <= LONGEST_WORD and any(c.isalnum() for c in word)
    )
    return list(found)[:MAX_WORDS]


def document(opinion: Opinion) -> bytes:
    """Return the document of an opinion: its own JSON, and the computed fields behind."""
    text = searchable(opinion)
    bits = marks(opinion)
    computed = {
        "created": microseconds(opinion.created_at),
        "cells": [name for name, bit in CELL_BITS.items() if bits & bit],
        "marks": bits,
        "searchable": ideographs(text),
        "words": words(text),
    }
    more = json.dumps(computed, ensure_ascii=False, separators=(",", ":")).encode()
    return opinion.to_json()[:-1] + b"," + more[1:]


def read_document(source: Mapping[str, Any]) -> Opinion:
    """Return the opinion of a document, exactly as it was written."""
    record = {name: value for name, value in source.items() if name in Opinion.model_fields}
    return Opinion.model_validate(record)
