"""Comments within an object, as interfaces answer them: ``{"code": 0, "data": {"list": […]}}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from minyi.json_text import Doubled
from streams.intake.columns import folded, is_sought
from streams.intake.headers import best_table, names_text_and_time

_DEPTH = 4
_LEARNT = 20
"""Objects of a list by which it is known whether they are comments."""
_CODES = frozenset(
    ("code", "status", "success", "errno", "errcode", "ret", "retcode", "state", "error")
)
"""Names of what says how a request went; beside one, these two are the answer's own:"""
_TOLD = frozenset(("message", "time"))


@dataclass(frozen=True)
class Wrapped:
    """A list of comments in an object."""

    name: str
    """The way to it: ``data.list``."""
    items: list[Any]
    others: tuple[str, ...]
    """Other lists of comments, which are not read: often one is an excerpt of another."""


def wrapped(value: Any, given: Mapping[str, str]) -> Wrapped | None:
    """Return the list of comments that an object holds, None for an object that is a comment itself
    or holds none.

    A list whose objects name text and time is one of comments; in an object without any name that
    is known, any list of objects: the user has to name its columns.

    Args:
        value: any value of JSON.
        given: the user's own map, field → column.
    """
    lists = dict(_lists(value, "", _DEPTH))
    if not lists:
        return None
    fields = tuple(given.items())
    own = _names(value)
    if any(folded(name) in _CODES for name in own):
        own = tuple(name for name in own if folded(name) not in _TOLD)
    if _is_comment(own, fields):
        return None
    tables = {name: _names(*items[:_LEARNT]) for name, items in lists.items()}
    comments = [name for name, names in tables.items() if _is_comment(names, fields)]
    if comments:
        first, *others = comments
        return Wrapped(first, lists[first], tuple(others))
    if any(is_sought(name, given) for name in own):
        return None
    first = list(lists)[best_table([[names] for names in tables.values()], given)]
    return Wrapped(first, lists[first], ())


def _lists(value: Any, name: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists of objects within objects, and the ways to them."""
    if isinstance(value, list):
        if name and any(isinstance(item, dict) for item in value[:_LEARNT]):
            yield name, value
    elif isinstance(value, dict) and depth and not isinstance(value, Doubled):
        for key, part in value.items():
            yield from _lists(part, f"{name}.{key}" if name else key, depth - 1)


def _names(*items: Any) -> tuple[str, ...]:
    """Return the names of what a field can be read from."""
    objects = (item for item in items if isinstance(item, dict))
    return tuple(
        dict.fromkeys(
            name
            for item in objects
            for name, part in item.items()
            if not isinstance(part, dict | list)
        )
    )


@lru_cache(maxsize=256)
def _is_comment(names: tuple[str, ...], given: tuple[tuple[str, str], ...]) -> bool:
    """Return whether the names are those of a comment; rows of a file mostly have the same."""
    return names_text_and_time(names, dict(given))
