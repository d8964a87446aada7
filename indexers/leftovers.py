"""Which opinions an edit of their comment has left behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from indexers.edits import latest, replaces
from minyi.ports import About


class Copy(Protocol):
    """An opinion, as far as it matters here."""

    @property
    def policy_id(self) -> str: ...

    @property
    def edit(self) -> int:
        """The number of its edit; 0, or lower than any number of one, where it has none."""


C = TypeVar("C", bound=Copy)


def last_words(edits: Iterable[About]) -> dict[str, About]:
    """Return by comment what holds in the end."""
    said = latest((about.comment_id, about, about.edit) for about in edits)
    return {comment_id: about for comment_id, (about, _) in said.items()}


def leftovers(about: About, held: Sequence[C]) -> list[C]:
    """Return what has to go of the opinions that are held of the comment.

    Where a newer edit is held, this one came late, and what it has written itself has to go.
    """
    newest = max((copy.edit for copy in held), default=0)
    if replaces(about.edit, newest):
        return [copy for copy in held if copy.policy_id not in about.policies]
    return [copy for copy in held if copy.edit < newest]
