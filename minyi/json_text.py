"""JSON as programs write it, read so that nothing of a record is lost without a word. Pure."""

from __future__ import annotations

import json
from typing import Any


class Doubled(dict[str, Any]):
    """An object in which a name stands twice: it holds the last value of each name, ``pairs`` all.

    Readers differ in which value they take, so whoever needs the names refuses it.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    @property
    def reason(self) -> str:
        """What is wrong, for a person."""
        names = [name for name, _ in self.pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        return f"the name {twice[:40]!r} stands twice"


def read_json(text: bytes | str) -> Any:
    """Return what a JSON text holds; ``NaN`` and ``Infinity``, which some write for a missing
    value, are null.

    Raises:
        ValueError: when it is no JSON.
        RecursionError: when it is nested too deeply.
    """
    return json.loads(text, parse_constant=_null, object_pairs_hook=_object)


def write_json(value: Any) -> str:
    """Return a value as JSON; an object that is ``Doubled`` with every name as often as it stood.

    Raises:
        RecursionError: when it is nested too deeply.
    """
    if not isinstance(value, Doubled):
        return json.dumps(value, ensure_ascii=False)
    pairs = (f"{write_json(name)}: {write_json(part)}" for name, part in value.pairs)
    return "{" + ", ".join(pairs) + "}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Doubled(pairs)


def _null(_: str) -> None:
    return None
