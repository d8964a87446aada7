"""The ports: what the core asks of the outside. Adapters live in streams, models and indexers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from minyi.dead_letter import DeadLetter, LetterFilters, LetterHead, LetterPage, Outcome
from minyi.domain import Comment, Opinion, Tagging
from minyi.policy import Policy
from minyi.query import (
    AnswerCell,
    Cell,
    Counts,
    Facet,
    Filters,
    Group,
    Interval,
    Page,
    Rejection,
    TrendPoint,
)

Edits = Sequence[int | None] | None
"""For each opinion the number of its comment's edit, which rises with each edit; None where it is
not known."""


class About(NamedTuple):
    """The policies that an edit of a comment is about; none when it is about none any more."""

    comment_id: str
    policies: frozenset[str] = frozenset()
    edit: int | None = None
    """Its number, see ``Edits``."""


class Index(Protocol):
    """Where opinions live. Methods block; event loops call them in a thread.

    Every write is durable when the call returns. Methods raise ``IndexUnavailable`` when the
    store cannot be reached and ``InvalidQuery`` on an unusable cursor.
    """

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        """Write opinions by id; an id that exists is replaced, the last of equal ids wins. But an
        edit with a lower number never replaces one with a higher; an equal number does, and so does
        an opinion without one. Return those that the store refuses for good, and those of which it
        holds a newer edit; all others are written."""

    def delete(self, ids: Sequence[str]) -> int:
        """Delete by id; return how many existed."""

    def retract(self, edits: Sequence[About]) -> int:
        """Delete what edits have left behind: the opinions of their comments on other policies.
        Where the index holds a newer edit of a comment, delete the opinions of older ones instead.
        Return how many existed. To be called after the edits' own opinions are written."""

    def refresh(self) -> None:
        """Let what others have written be found at once."""

    def search(
        self, query: str, filters: Filters, limit: int = 20, cursor: str | None = None
    ) -> Page:
        """Find opinions whose title or text holds every space-separated term of ``query`` as a
        substring (after normalisation), newest first. An empty query matches all."""

    def trend(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        """Count opinions by bucket (and group), in order of bucket then group. Empty buckets are
        absent."""

    def volumes(self, filters: Filters, interval: Interval) -> dict[date, int]:
        """Return the number of opinions by bucket, rising. Empty buckets are absent."""

    def totals(self, filters: Filters) -> dict[str, Counts]:
        """Return counts by policy id, for policies with at least one opinion."""

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        """Count opinions and their authors by the values of facets (none: all together), and by
        bucket when an interval is given. Empty cells are absent. In order of bucket, then values,
        a lacking value before all others."""

    def votes(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        """As ``trend``, but count authors: each has one vote in a bucket (and group), for the side
        of favor and against that more of their opinions took there, for none where these are
        equal. An opinion without an author is an author of its own. ``counts`` and ``collapsed``
        are the same and hold the stances only: who repeats a text has one vote anyway."""

    def answers(self, filters: Filters, by: Sequence[Facet]) -> list[AnswerCell]:
        """Count opinions by day, facets and how long their reply took. In order of day, values
        (a lacking one first), unanswered first, then delay, an unknown one first."""

    def newest(self, filters: Filters) -> datetime | None:
        """Return the newest ``created_at``, the event-time clock of the index."""

    def digest(self) -> tuple[int, str]:
        """Return the number of opinions and a SHA-256 over all of them in order of id, their
        authors left out: those are hashed with a key of the installation's own."""

    def count(self) -> int:
        """Return the number of opinions."""

    def close(self) -> None:
        """Release the store; afterwards no method may be called."""


class Tagger(Protocol):
    """Tags the stance and the evaluations of (policy, comment) pairs. Blocks; not for an event
    loop. The result of a pair does not depend on what it is batched with."""

    @property
    def model_id(self) -> str:
        """A hash of the artifact: equal ids give equal results."""

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        """Tag each pair of a policy and a comment's text (title and text, joined)."""


@runtime_checkable
class Cached(Protocol):
    """A tagger that keeps results for pairs that come again, and counts how often it helped."""

    def cache_counts(self) -> tuple[int, int]:
        """Return how many pairs were known already and how many were not."""


class Encoder(Protocol):
    """Turns texts into unit vectors for the semantic link. Blocks."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one unit vector a row, shape (len(texts), width)."""


class Clock(Protocol):
    """The wall clock, so that tests can hold it."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware."""


class Registry(Protocol):
    """The policies that are known now."""

    def policies(self) -> Mapping[str, Policy]:
        """Return all policies by id."""


class CommentSink(Protocol):
    """Where comments enter: the topic ``comments``, and ``dead-letters`` for what is unreadable."""

    async def publish(self, comments: Sequence[Comment]) -> None:
        """Append comments by id; durable when the call returns."""

    async def withdraw(self, ids: Sequence[str]) -> None:
        """Append that comments are withdrawn, by the ids that their sender gave them; durable when
        the call returns."""

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Append dead letters; durable when the call returns."""


class LetterBox(Protocol):
    """The dead letters, to be looked at, retried and dropped. Keys are whole."""

    async def page(
        self, filters: LetterFilters, limit: int, cursor: str | None = None
    ) -> LetterPage:
        """Return letters that match, the newest first.

        Raises:
            InvalidQuery: on an unusable cursor.
        """

    async def matching(self, filters: LetterFilters) -> list[LetterHead]:
        """Return all letters that match, the newest first."""

    async def get(self, key: str) -> DeadLetter:
        """Return a letter with its original.

        Raises:
            InvalidQuery: when there is none.
        """

    async def retry(self, keys: Sequence[str], edited: bytes | None = None) -> Outcome:
        """Append the originals to the topics that their stages read, then drop the letters.

        What could not be read there, or was cut, is refused and stays. ``edited`` takes the
        original's place, for one letter.
        """

    async def drop(self, keys: Sequence[str]) -> Outcome:
        """Drop letters for good; durable when the call returns."""


@runtime_checkable
class DeadLetterMirror(Protocol):
    """A store that keeps a copy of the dead letters, to be looked at beside the opinions."""

    def mirror(self, letters: Sequence[DeadLetter], dropped: Sequence[str]) -> None:
        """Write the letters by key, without their originals, and delete those that were dropped;
        a key is in one of them only. Blocks.

        Raises:
            IndexUnavailable: when the store cannot be reached.
        """
