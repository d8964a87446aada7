"""Which edit of a comment is kept: a later number goes before an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from minyi.domain import Opinion
from minyi.ports import Edits
from minyi.query import Rejection

T = TypeVar("T")


def replaces(edit: int | None, held: int) -> bool:
    """Whether an edit replaces one that is there; one without a number always does."""
    return edit is None or edit >= held


def latest(said: Iterable[tuple[str, T, int | None]]) -> dict[str, tuple[T, int | None]]:
    """Return of what is said under each id, with the number of its edit, what holds in the end: the
    last of the newest edit."""
    found: dict[str, tuple[T, int | None]] = {}
    for id_, one, edit in said:
        known = found.get(id_)
        if known is None or replaces(edit, known[1] or 0):
            found[id_] = one, edit
    return found


def newest(opinions: Sequence[Opinion], edits: Edits) -> dict[str, tuple[Opinion, int | None]]:
    """Return what of a batch is to be written, by id."""
    numbers = edits or [None] * len(opinions)
    return latest((o.id, o, edit) for o, edit in zip(opinions, numbers, strict=True))


def superseded(id_: str) -> Rejection:
    """Return what is said of an opinion of which the index holds a newer edit."""
    return Rejection(id=id_, reason="the index holds a newer edit", superseded=True)
