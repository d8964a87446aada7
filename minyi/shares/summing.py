"""Sums of counts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from minyi.query import Counts
from minyi.vocabulary import Evaluated, Stance

A = TypeVar("A", bound=Hashable)
B = TypeVar("B", bound=Hashable)


class Sum:
    """Counts added up, outputs of the tagger included; what was added can be taken off again, so
    that a window can move over a long series in one pass."""

    def __init__(self) -> None:
        self._stances = dict.fromkeys(Stance, 0)
        self._evaluations: defaultdict[Evaluated, int] = defaultdict(int)
        self._outputs: defaultdict[tuple[str, int], int] = defaultdict(int)

    def add(self, counts: Counts, times: int = 1) -> None:
        """Add counts; ``times`` is -1 to take them off."""
        for stance in Stance:
            self._stances[stance] += times * getattr(counts, stance)
        for aspect, polarities in counts.evaluations.items():
            for polarity, count in polarities.items():
                self._evaluations[aspect, polarity] += times * count
        for model, bins in counts.outputs.items():
            for number, count in bins.items():
                self._outputs[model, number] += times * count

    def counts(self) -> Counts:
        """Return the sum as it is now."""
        return Counts(
            **{stance.value: count for stance, count in self._stances.items()},
            evaluations=_nested(self._evaluations),
            outputs=_nested(self._outputs),
        )


def total(many: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    found = Sum()
    for counts in many:
        found.add(counts)
    return found.counts()


def _nested(flat: Mapping[tuple[A, B], int]) -> dict[A, dict[B, int]]:
    """Return the numbers above zero."""
    found: dict[A, dict[B, int]] = {}
    for (first, second), number in flat.items():
        if number:
            found.setdefault(first, {})[second] = number
    return found
