"""Which edit of a comment is kept: a later number goes before an earlier one."""

from __future__ import annotations

from collections.abc import Sequence

from minyi.domain import Opinion
from minyi.ports import Edits
from minyi.query import Rejection


def replaces(edit: int | None, held: int) -> bool:
    """Whether an edit replaces one that is there; one without a number always does."""
    return edit is None or edit >= held


def newest(opinions: Sequence[Opinion], edits: Edits) -> dict[str, tuple[Opinion, int | None]]:
    """Return what of a batch is to be written, by id: of equal ids the last of the newest edit."""
    found: dict[str, tuple[Opinion, int | None]] = {}
    for opinion, edit in zip(opinions, edits or [None] * len(opinions), strict=True):
        known = found.get(opinion.id)
        if known is None or replaces(edit, known[1] or 0):
            found[opinion.id] = opinion, edit
    return found


def superseded(id_: str) -> Rejection:
    """Return what is said of an opinion of which the index holds a newer edit."""
    return Rejection(id=id_, reason="the index holds a newer edit", superseded=True)
