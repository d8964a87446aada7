"""Which values of a policy's lines are hidden, so that no few people are told of. Pure.

Each line is protected on its own first (``minyi.disclosure``). But facets are nested, a source
belongs to one channel, and what one line hides another may give away by subtraction. So more is
hidden until no two lines tell of a group of few (``minyi.open_data.blocks``) and all lines together
bound no hidden number of opinions within less than k (``minyi.open_data.ranges``). Whatever turns
out to be hidden in vain is shown again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from minyi.arrays import Bools, Floats
from minyi.disclosure import hidden
from minyi.open_data.blocks import blocks
from minyi.open_data.crossing import Crossing, Place, Sums, told
from minyi.open_data.ranges import MOST_SUMS, Ranges

ENOUGH = 0.5
"""Of the most that hiding one more can do for a hidden value; the cheapest that does as much is
hidden."""
NOTHING = 0.01
"""Opinions; who gains less gains nothing."""
CHEAPEST = 20
"""Values of a line of which nothing is hidden yet, each to be hidden with any other."""

SMALL = 200
"""Values of a line under k that are looked at one by one; more are one in the search for what has
to be hidden beside them in the line, which hides no less."""

Way = tuple[tuple[int, int], list[Place]]
"""Two sums that can be told as one, and what is to be hidden for it."""


def protect(crossing: Crossing, k: int, unseen: Sequence[Bools]) -> list[Bools]:
    """Return, by line, True for the values that must not be shown, where it is told what the hidden
    values of a line add up to.

    Args:
        crossing: the opinions, of at least k authors.
        k: the fewest authors of a value that is shown.
        unseen: by line, True for the values that must not be shown for another reason.
    """
    by_stance = [crossing.by_value(counts) for counts in crossing.counts.T]
    alone = [
        _alone(np.stack(counts, axis=1), authors, crossing.everybody, k, never)
        for counts, authors, never in zip(
            zip(*by_stance, strict=True), crossing.authors, unseen, strict=True
        )
    ]
    search = _Search(crossing, alone, k, unseen)
    search.hide_groups()
    search.hide_values()
    if any((now != first).any() for now, first in zip(search.masks, alone, strict=True)):
        search.give_back()
    return search.masks


def _alone(by_value: Floats, authors: Floats, everybody: int, k: int, unseen: Bools) -> Bools:
    """Return which values of a line must not be shown for its own sake.

    Args:
        by_value: opinions by value and stance, shape (values, stances).
        authors: of each value.
        everybody: authors of all.
        k: the fewest authors of a value that is shown.
        unseen: values that are hidden anyway.
    """
    mask: Bools = (authors < k) | unseen
    few = np.flatnonzero(mask)
    bundle = few[np.argsort(-by_value[few].sum(1), kind="stable")[SMALL:]]
    looked_at = np.delete(np.arange(len(authors)), bundle)
    counts, people = by_value[looked_at], authors[looked_at]
    if bundle.size:
        counts = np.vstack([counts, by_value[bundle].sum(0)])
        people = np.append(people, authors[bundle].max())
    known = np.arange(len(people) + 1) == len(people)
    never = np.append(mask[looked_at], np.zeros(len(known) - len(looked_at), dtype=bool))
    off = hidden(counts, [*people, everybody], k, shown=known, unseen=never)
    mask[looked_at] |= off[: len(looked_at)]
    return mask


class _Search:
    def __init__(
        self, crossing: Crossing, masks: Sequence[Bools], k: int, unseen: Sequence[Bools]
    ) -> None:
        self._crossing = crossing
        self._k = k
        self._few = [
            (authors < k) | never for authors, never in zip(crossing.authors, unseen, strict=True)
        ]
        """Values that are never shown."""
        self._known: set[Place] = set()
        """Values that were not protected at some time: the first to look at."""
        self._again: set[Place] = set()
        """Values that were shown again."""
        self.masks = [mask.copy() for mask in masks]

    def hide_groups(self) -> None:
        """Hide until two lines tell of no group of few people; more that is hidden tells none."""
        for pair in self._crossing.pairs:
            while places := self._joining(self.masks, pair):
                self._hide(places)

    def hide_values(self) -> None:
        """Hide until all lines together leave no hidden value known."""
        ranges = Ranges(self._crossing, self.masks)
        while place := ranges.narrow(self._k, self._known):
            self._known.add(place)
            # one of enough people that is known anyway protects nobody
            if place not in self._again and self._show(place, self._few):
                self._again.add(place)
                ranges = Ranges(self._crossing, self.masks)
                continue
            places = self._widening(place, ranges.raised.sum(1))
            if not places:  # all is hidden
                return
            self._hide(places)
            ranges.hide(self.masks)

    def give_back(self) -> None:
        """Show what need not be hidden, that with the most opinions first."""
        vain = [
            (line, int(value))
            for line in self._crossing.lines
            for value in np.flatnonzero(self.masks[line] & ~self._few[line])
        ]
        for place in sorted(vain, key=lambda place: (-self._price([place]), place)):
            self._show(place, self.masks)

    def _hide(self, places: Iterable[Place]) -> None:
        for line, value in places:
            self.masks[line][value] = True

    def _price(self, places: Iterable[Place]) -> float:
        return float(sum(self._crossing.opinions[line][value] for line, value in places))

    def _show(self, place: Place, guarded: Sequence[Bools]) -> bool:
        """Show a hidden value of enough people if that leaves none of the guarded ones known."""
        line, value = place
        if self._few[line][value] or not self.masks[line][value]:
            return False
        masks = [mask.copy() for mask in self.masks]
        masks[line][value] = False
        if masks[line].sum() == 1:  # one alone is what the others leave
            masks[line] &= self._few[line]
        if not self._holds(line, masks[line]):
            return False
        if any(self._joining(masks, pair) for pair in self._crossing.pairs if line in pair):
            return False
        wanted = [one & other for one, other in zip(guarded, masks, strict=True)]
        found = Ranges(self._crossing, masks).narrow(self._k, self._known, wanted)
        if found:
            self._known.add(found)
            return False
        self.masks = masks
        return True

    def _holds(self, line: int, mask: Bools) -> bool:
        """Whether what is hidden is not one alone and adds up to enough people: at least those of
        the largest, and those of all less those of the shown ones."""
        if not mask.any():
            return True
        authors = self._crossing.authors[line]
        least = max(authors[mask].max(), self._crossing.everybody - authors[~mask].sum())
        return bool(mask.sum() > 1 and least >= self._k)

    def _joining(self, masks: Sequence[Bools], pair: tuple[int, int]) -> list[Place]:
        """Return the cheapest to hide so that a group of few that two lines tell is not told;
        nothing where there is none."""
        ([rows], height), ([columns], width) = (told([masks[line]]) for line in pair)
        people = np.zeros((height, width))
        one, other, authors = self._crossing.pairs[pair]
        np.add.at(people, (rows[one], columns[other]), authors)
        block = blocks(people, self._k)
        apart = np.argwhere((people > 0) & (block[:height, None] != block[None, height:]))
        if not apart.size:
            return []
        row, column = apart[0]
        ends = block[row], block[height + column]
        ways = []
        for line, sums, first in zip(pair, (rows, columns), (0, height), strict=True):
            price = np.where(masks[line], 0, self._crossing.opinions[line])
            of_value = block[first + sums]
            chosen: list[int] = []
            for end, other in (ends, ends[::-1]):
                # a value of each block, told as one, joins them
                fit = of_value == end if (of_value == end).any() else of_value != other
                fit &= ~np.isin(sums, sums[chosen])
                if fit.any():
                    chosen.append(int(np.flatnonzero(fit)[price[fit].argmin()]))
            places = [(line, value) for value in chosen if not masks[line][value]]
            if len(chosen) == 2:
                ways.append((self._price(places), places))
        return min(ways)[1]

    def _widening(self, place: Place, weights: Floats) -> list[Place]:
        """Return the cheapest to hide so that less is known of a hidden value; nothing where all is
        hidden."""
        ways = list(self._ways())
        ways = [way for way in ways if not self._again & set(way[1])] or ways
        if not ways:
            return []
        gains = self._gains(place, [sums for sums, _ in ways], weights)
        good = [
            places
            for gain, (_, places) in zip(gains, ways, strict=True)
            if gain >= max(ENOUGH * gains.max(), NOTHING)
        ]
        own = [places for _, places in ways if places[0][0] == place[0]]
        choice = good or own or [places for _, places in ways]
        return min((self._price(places), places) for places in choice)[1]

    def _ways(self) -> Iterator[Way]:
        numbers, _ = told(self.masks)
        for line, (mask, sums) in enumerate(zip(self.masks, numbers, strict=True)):
            shown = list(map(int, np.flatnonzero(~mask)))
            if mask.any():
                rest = int(sums[mask.argmax()])
                yield from (((int(sums[value]), rest), [(line, value)]) for value in shown)
                continue
            price = self._crossing.opinions[line]
            cheapest = sorted(shown, key=lambda value: (price[value], value))[:CHEAPEST]
            for one in shown:
                for other in cheapest:
                    if one not in cheapest or one < other:
                        yield (int(sums[one]), int(sums[other])), [(line, one), (line, other)]

    def _gains(self, place: Place, pairs: Sequence[tuple[int, int]], weights: Floats) -> Floats:
        """Return for pairs of sums what a value gains when they are told as one, shape (pairs,).

        The sums that are told come close to the value's cells, by least squares with the opinions
        as weights. What they miss, squared and added up, is how free the value is; the gain is how
        much more they miss where two of them have the same coefficient.
        """
        numbers, size = told(self.masks)
        if size > MOST_SUMS:
            return np.zeros(len(pairs))
        sums = Sums(self._crossing.sums(numbers), size)
        inner = sums.products(weights)
        inverse = np.linalg.pinv(inner, rcond=1e-9, hermitian=True)
        value = self._crossing.values[:, place[0]] == place[1]
        fit = inverse @ sums.add_up(weights * value)
        one, other = np.array(pairs).T
        variance = inverse[one, one] + inverse[other, other] - 2 * inverse[one, other]
        # where other sums make up for the two there is nothing to gain
        missed = np.eye(size) - inverse @ inner
        needed = np.abs(missed[:, one] - missed[:, other]).max(0) < 1e-6
        gains: Floats = np.zeros(len(pairs))
        np.divide((fit[one] - fit[other]) ** 2, variance, gains, where=needed & (variance > 0))
        return gains
