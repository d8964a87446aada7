"""An opinion as a document of Elasticsearch, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import rjieba

from indexers.ideographs import ideographs
from indexers.queries import delay, microseconds, searchable
from minyi.domain import SHANGHAI, Opinion
from minyi.outputs import STANCES, output
from minyi.vocabulary import EVALUATIONS, Aspect, Polarity, Stance

MAX_WORDS, LONGEST_WORD = 256, 32
"""Words of one opinion at most, and the characters of one; what is longer is no word."""
_SIGN = {Polarity.PRAISE: "+", Polarity.CRITICISM: "-"}


def cell(aspect: Aspect, polarity: Polarity) -> str:
    """Return the value of ``cells`` for an evaluation: ``effect+`` praised, ``effect-``
    criticised."""
    return f"{aspect}{_SIGN[polarity]}"


EVALUATED = {cell(*pair): pair for pair in EVALUATIONS}
"""What each value of ``cells`` means."""


def read_output(value: str) -> tuple[str, int]:
    """Return the model id and the bin of a value of ``output``."""
    number, _, model_id = value.partition(":")
    return model_id, int(number)


def voter(opinion: Opinion) -> int:
    """Return 64 bits of the author, or of the opinion itself when it has none: an author of its
    own."""
    return _number(
        f"author {opinion.author}" if opinion.author is not None else f"opinion {opinion.id}"
    )


def saying(opinion: Opinion) -> int:
    """Return 62 bits of the duplicate key, and the stance in the two lowest: near-identical texts
    of one stance have the same."""
    return _number(opinion.duplicate_key) & ~3 | STANCES.index(opinion.stance)


def stance_of(number: int) -> Stance:
    """Return the stance that a value of ``saying`` holds."""
    return STANCES[number & 3]


def _number(name: str) -> int:
    """Return 64 bits of a name, as many as authors and duplicate keys are made of."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


def month(opinion: Opinion) -> str:
    """Return the month that an opinion lies in, in Asia/Shanghai: ``2024.09``."""
    return f"{opinion.created_at.astimezone(SHANGHAI):%Y.%m}"


def in_split_week(opinion: Opinion) -> bool:
    """Whether the week that an opinion lies in belongs to two months, in Asia/Shanghai."""
    day = opinion.created_at.astimezone(SHANGHAI).date()
    monday = day - timedelta(days=day.weekday())
    return monday.month != (monday + timedelta(days=6)).month


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
    computed: dict[str, Any] = {
        "created": microseconds(opinion.created_at),
        "cells": list(dict.fromkeys(cell(e.aspect, e.polarity) for e in opinion.evaluations)),
        "output": f"{output(opinion.stance, opinion.probabilities):02}:{opinion.model_id}",
        "voter": voter(opinion),
        "saying": saying(opinion),
        "answered": opinion.reply is not None,
        "split_week": in_split_week(opinion),
        "searchable": ideographs(text),
        "words": words(text),
    }
    if (days := delay(opinion)) is not None:
        computed["delay"] = days
    more = json.dumps(computed, ensure_ascii=False, separators=(",", ":")).encode()
    return opinion.to_json()[:-1] + b"," + more[1:]


def read_document(source: Mapping[str, Any]) -> Opinion:
    """Return the opinion of a document, exactly as it was written."""
    record = {name: value for name, value in source.items() if name in Opinion.model_fields}
    return Opinion.model_validate(record)
