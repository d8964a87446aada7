"""Where the registry's words stand in a comment, in one walk at Aho–Corasick speed. Pure.

Every alias, keyword and exclusion of all policies is looked up in the folded comment (width, case
and script do not matter):

- The longest match wins: 公积金贷款 is no 贷款, whoever owns the longer word.
- A word that begins or ends in a Latin letter or digit must end where that run ends: 12345 is not
  found in 123456, nor 996 in 9.996. A ① or ¹ beside it is no part of that run.
- A match that an exclusion of the same policy covers is cancelled.
- A context exclusion anywhere in the comment vetoes its policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from minyi.domain import LinkBy
from minyi.policy import Policy
from minyi.text import fold

_Names = tuple[tuple[int, LinkBy], ...]
"""Policies (by index) that a word names, and whether as ALIAS or as one of their KEYWORDS."""
_Span = tuple[int, int, _Names]
"""Start, end (exclusive) and meaning of a word found."""


class Mention(NamedTuple):
    """A word of a policy in a comment: where, as written, alias or keyword."""

    start: int
    word: str
    by: LinkBy


class _Uses(NamedTuple):
    """What a word of the registry stands for, by index of policy."""

    names: _Names
    exclusions: tuple[int, ...]
    contexts: tuple[int, ...]


class Words:
    """Finds the words of policies, which are named by their place among them."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        words = _words(policies)
        self._uses = list(words.values())
        self._latin = [_is_latin(word[0]) or _is_latin(word[-1]) for word in words]
        self._automaton = AhoCorasick(
            list(words), implementation=Implementation.DFA, store_patterns=False
        )

    def find(self, original: str) -> tuple[dict[int, list[Mention]], frozenset[int]]:
        """Return the mentions of each policy, in order of place, and the policies that an exclusion
        or a veto touched."""
        spans, excluded, vetoed = self._spans(original)
        mentions: dict[int, list[Mention]] = {}
        cancelled: set[int] = set()
        for start, end, names in _longest(spans):
            for policy, by in names:
                if policy in vetoed:
                    continue
                if policy in excluded and _covered(start, end, excluded[policy]):
                    cancelled.add(policy)
                    continue
                mentions.setdefault(policy, []).append(Mention(start, original[start:end], by))
        return mentions, frozenset(vetoed | cancelled)

    def _spans(
        self, original: str
    ) -> tuple[list[_Span], dict[int, list[tuple[int, int]]], set[int]]:
        """Return where aliases and keywords stand, where exclusions stand by policy, and the
        policies that a context exclusion vetoes."""
        folded = fold(original)
        spans: list[_Span] = []
        excluded: dict[int, list[tuple[int, int]]] = {}
        vetoed: set[int] = set()
        for word, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if self._latin[word] and not _stands_alone(folded, original, start, end):
                continue
            names, exclusions, contexts = self._uses[word]
            if names:
                spans.append((start, end, names))
            for policy in exclusions:
                excluded.setdefault(policy, []).append((start, end))
            if contexts:
                vetoed.update(contexts)
        return spans, excluded, vetoed


def _words(policies: Sequence[Policy]) -> dict[str, _Uses]:
    """Return every word of the registry, folded, and what it stands for."""
    words: dict[str, _Uses] = {}
    for index, policy in enumerate(policies):
        named = {fold(word): LinkBy.KEYWORDS for word in policy.keywords}
        named |= {fold(word): LinkBy.ALIAS for word in policy.aliases}
        exclusions = {fold(word) for word in policy.exclusions}
        contexts = {fold(word) for word in policy.context_exclusions}
        for word in (*named, *(exclusions - named.keys()), *(contexts - named.keys() - exclusions)):
            uses = words.get(word, _Uses((), (), ()))
            words[word] = _Uses(
                (*uses.names, (index, named[word])) if word in named else uses.names,
                (*uses.exclusions, index) if word in exclusions else uses.exclusions,
                (*uses.contexts, index) if word in contexts else uses.contexts,
            )
    return words


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _goes_on(folded: str, original: str) -> bool:
    """Whether a character beside a Latin word belongs to its run: ① and ¹ only fold to a digit."""
    return _is_latin(folded) and (not folded.isdigit() or original.isdecimal())


def _stands_alone(folded: str, original: str, start: int, end: int) -> bool:
    """Whether the Latin ends of a word are the ends of their run, decimals included."""
    if _is_latin(folded[start]) and start:
        if _goes_on(folded[start - 1], original[start - 1]):
            return False
        decimal = folded[start].isdigit() and folded[start - 1] == "."
        if decimal and original[start - 2 : start - 1].isdecimal():
            return False
    if _is_latin(folded[end - 1]) and end < len(folded):
        if _goes_on(folded[end], original[end]):
            return False
        decimal = folded[end - 1].isdigit() and folded[end] == "."
        if decimal and original[end + 1 : end + 2].isdecimal():
            return False
    return True


def _covered(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(a <= start and end <= b for a, b in spans)


def _longest(spans: list[_Span]) -> Iterator[_Span]:
    """Yield the spans that no longer one contains, in order of start."""
    spans.sort(key=lambda span: (span[0], -span[1]))
    reach = -1
    for span in spans:
        if span[1] > reach:
            reach = span[1]
            yield span
