"""Campaigns: near-duplicate texts found as they stream, in bounded memory. Pure.

Texts come one after the other. One that equals an earlier text but for punctuation, script and the
like (``minyi.text.duplicate_key``) belongs to it, however short. Any other is compared with the few
earlier texts that share most of its sketch (``minyi.campaigns.sketch``) and joins the clusters of
those that it is alike enough to; it may thereby join two clusters. What many unrelated texts share
says nothing: a shingle that stands in ``COMMON`` clusters is passed over.

The outcome depends on the order of the texts, and on nothing else: not on how they are batched.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from minyi.campaigns.sketch import SHORTEST, alike_from, places, sketches, subsequence

REMEMBERED = 100_000
"""Distinct texts that a clusterer remembers: 2 to 4 KB each."""
COMMON = 12
"""Clusters with a shingle from which it says nothing."""
SHARED = 2
"""Shingles that two texts must share before they are compared."""
LOOKED_AT, COMPARED = 8, 4
"""Earlier texts that a text is compared with at most: roughly, and in full."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A distinct text; ``sketch`` is empty when it is too short to be compared."""

    key: str
    core: str
    sketch: Sequence[int]


class Clusterer:
    """Clusters texts as they come.

    Args:
        remembered: how many distinct texts are remembered; those that were not seen for the longest
            time are forgotten first.

    Raises:
        ValueError: unless at least one text is remembered.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        if remembered < 1:
            raise ValueError("at least one text must be remembered")
        self._remembered = remembered
        self._seen = 0
        self._texts: OrderedDict[int, _Text] = OrderedDict()
        """By number, the least recently seen first."""
        self._known: dict[str, int] = {}
        """Key → number of the text."""
        self._holding: dict[int, tuple[int, ...]] = {}
        """Shingle → texts that hold it, one a cluster, up to ``COMMON``."""
        self._group: dict[int, int] = {}
        """Text → group; groups are named by any text that was ever in them."""
        self._members: dict[int, list[int]] = {}
        """Group → texts that are remembered."""

    def __len__(self) -> int:
        """Return how many texts are remembered."""
        return len(self._texts)

    def add(self, keys: Sequence[str], cores: Sequence[str]) -> list[int]:
        """Take texts in; return a number for each, the same for equal keys.

        Args:
            keys: their duplicate keys.
            cores: their cores, as ``minyi.campaigns.sketch.core`` returns them.
        """
        comparable = [core if len(core) >= SHORTEST else "" for core in cores]
        rows = zip(keys, comparable, sketches(comparable), strict=True)
        return [self._add(_Text(key, core, sketch)) for key, core, sketch in rows]

    def clusters(self) -> list[list[int]]:
        """Return the remembered texts, by number and ascending, cluster by cluster; those of the
        earliest text come first."""
        return sorted(sorted(members) for members in self._members.values())

    def _add(self, text: _Text) -> int:
        number = self._known.get(text.key)
        if number is not None:
            self._texts.move_to_end(number)
            return number
        number = self._seen
        self._seen += 1
        if len(self._texts) == self._remembered:
            self._forget()
        self._known[text.key] = self._group[number] = number
        self._members[number] = [number]
        self._compare(number, text)
        self._texts[number] = text
        self._hold(number, text.sketch)
        return number

    def _compare(self, number: int, text: _Text) -> None:
        """Join a text with the earlier ones that it is a near-duplicate of."""
        holding = self._holding
        told = [
            texts
            for shingle in text.sketch
            if (texts := holding.get(shingle)) is not None and len(texts) < COMMON
        ]
        if not told:
            return
        shared = [(n, other) for other, n in Counter(chain(*told)).items() if n >= SHARED]
        shared.sort(reverse=True)
        length = len(text.core)
        letters = set(text.core)
        known: dict[str, int] = {}
        compared = 0
        for _, other in shared[:LOOKED_AT]:
            if self._group[other] == self._group[number]:
                continue
            core = self._texts[other].core
            needed = alike_from(min(length, len(core))) * (length + len(core)) / 2
            # no subsequence is longer than the characters in common: cheap, and mostly enough
            if sum(map(letters.__contains__, core)) < needed:
                continue
            compared += 1
            known = known or places(text.core)
            if subsequence(known, length, core) >= needed:
                self._join(number, other)
            if compared == COMPARED:
                return

    def _join(self, one: int, other: int) -> None:
        """Put the groups of two texts together, the smaller into the larger."""
        into, gone = self._group[one], self._group[other]
        if into == gone:
            return
        if len(self._members[into]) < len(self._members[gone]):
            into, gone = gone, into
        moved = self._members.pop(gone)
        self._members[into] += moved
        for text in moved:
            self._group[text] = into

    def _hold(self, number: int, sketch: Sequence[int]) -> None:
        """Note that a text holds shingles, in the place of an older text of its cluster."""
        group = self._group[number]
        alone = len(self._members[group]) == 1
        holding = self._holding
        for shingle in sketch:
            texts = holding.get(shingle)
            if texts is None:
                holding[shingle] = (number,)
                continue
            place = None if alone else self._place(texts, group)
            if place is not None:
                holding[shingle] = (*texts[:place], number, *texts[place + 1 :])
            elif len(texts) < COMMON:
                holding[shingle] = (*texts, number)

    def _place(self, texts: Sequence[int], group: int) -> int | None:
        """Return where in a list of texts the first of a group stands."""
        return next((i for i, text in enumerate(texts) if self._group[text] == group), None)

    def _forget(self) -> None:
        """Forget the text that was not seen for the longest time."""
        number, text = self._texts.popitem(last=False)
        del self._known[text.key]
        for shingle in text.sketch:
            texts = self._holding.get(shingle, ())
            if left := tuple(other for other in texts if other != number):
                self._holding[shingle] = left
            elif texts:
                del self._holding[shingle]
        group = self._group.pop(number)
        self._members[group].remove(number)
        if not self._members[group]:
            del self._members[group]
