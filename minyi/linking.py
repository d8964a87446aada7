"""Comment → policies: the words that name them, then a semantic second chance.

Of the words that ``minyi.mentions`` finds, these link:

- The title says what a comment is about: any alias in it links, or, when it has none, any keyword.
  A short comment without a title is its own title.
- Elsewhere an alias links, or two different keywords close together, unless the policy is
  mentioned in passing: once in hundreds of characters.

Comments that no word links get a second chance when an encoder is given: the nearest policy links
if the cosine of the two vectors reaches a threshold, and is well ahead of the second nearest. A
policy that an exclusion or a veto ruled out stays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from minyi.domain import Link, LinkBy
from minyi.mentions import Mention, Words
from minyi.policy import Policy
from minyi.ports import Encoder
from minyi.text import fold, joined

HEAD_CHARACTERS = 60
"""A comment without a title, up to this long, is its own title."""
CHARACTERS_A_MENTION = 400
"""In longer texts a policy must be mentioned once in so many characters, or it is in passing."""
CHARACTERS_BESIDE_NAMED = 100
"""The same, when an alias in the head says what the comment is about."""
PAIR_CHARACTERS = 50
"""Two keywords make a pair when they begin at most this far apart: about one sentence."""
SEMANTIC_THRESHOLD = 0.7
"""Cosine from which the nearest policy links."""
SEMANTIC_MARGIN = 0.09
"""How much nearer than the second nearest it must be."""
SEMANTIC_CHARACTERS = range(8, 201)
"""Lengths of comments whose vector is trusted: shorter ones say too little, longer ones too much
at once."""

_STRENGTH = (LinkBy.ALIAS, LinkBy.KEYWORDS)


class Linker:
    """Links comments to policies. Pure: equal input gives equal links, in order of policy id.

    Args:
        policies: the registry.
        encoder: for the semantic second chance; None leaves it out.
        threshold: cosine from which the nearest policy links.
        margin: how much nearer than the second nearest it must be.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        encoder: Encoder | None = None,
        threshold: float = SEMANTIC_THRESHOLD,
        margin: float = SEMANTIC_MARGIN,
    ) -> None:
        self._policies = sorted(policies, key=lambda policy: policy.id)
        self._encoder = encoder
        self._threshold, self._margin = threshold, margin
        self._vectors: npt.NDArray[np.float32] | None = None
        self._words = Words(self._policies)

    def link(self, title: str | None, text: str) -> tuple[Link, ...]:
        """Return the lexical links of one comment, in order of policy id."""
        return self._lexical(title, text)[0]

    def link_many(self, comments: Sequence[tuple[str | None, str]]) -> list[tuple[Link, ...]]:
        """Return the links of many comments, given as (title, text).

        Those without a lexical link are embedded in one batch for the semantic second chance.
        """
        found = [self._lexical(title, text) for title, text in comments]
        links = [lexical for lexical, _ in found]
        if self._encoder is None or not self._policies:
            return links
        unlinked = [
            i
            for i, (title, text) in enumerate(comments)
            if not links[i] and len(title or "") + len(text) in SEMANTIC_CHARACTERS
        ]
        if unlinked:
            if self._vectors is None:
                self._vectors = self._encoder.embed([describe(p) for p in self._policies])
            vectors = self._encoder.embed([joined(*comments[i]) for i in unlinked])
            for i, vector in zip(unlinked, vectors, strict=True):
                # One product a comment: a product of matrices may round by the size of the batch.
                links[i] = self._nearest(self._vectors @ vector, barred=found[i][1])
        return links

    def _nearest(
        self, similarities: npt.NDArray[np.float32], barred: frozenset[int]
    ) -> tuple[Link, ...]:
        best = int(np.argmax(similarities))
        similarity = float(similarities[best])
        second = max(np.delete(similarities, best), default=-1.0)
        if similarity < self._threshold or similarity - second < self._margin or best in barred:
            return ()
        link = Link(
            policy_id=self._policies[best].id,
            by=LinkBy.SEMANTIC,
            similarity=round(min(similarity, 1.0), 4),
        )
        return (link,)

    def _lexical(self, title: str | None, text: str) -> tuple[tuple[Link, ...], frozenset[int]]:
        """Return the links, and the policies that an exclusion or a veto touched."""
        original = f"{title}\n{text}" if title else text
        head = len(title) if title else len(text) if len(text) <= HEAD_CHARACTERS else 0
        mentions, barred = self._words.find(original)
        named = any(
            mention.start < head and mention.by is LinkBy.ALIAS
            for found in mentions.values()
            for mention in found
        )
        links = tuple(
            _link(self._policies[policy].id, mentions[policy])
            for policy in sorted(mentions)
            if _links(mentions[policy], head, named, len(text))
        )
        return links, barred


def describe(policy: Policy) -> str:
    """Return the text of a policy whose vector comments are compared with."""
    return f"{policy.title}：{policy.description}"


def _links(mentions: Sequence[Mention], head: int, named: bool, length: int) -> bool:
    """Whether mentions of a policy, in order of place, make a link.

    Args:
        mentions: all of one policy in one comment.
        head: characters of the comment that say what it is about.
        named: whether an alias of any policy stands in the head.
        length: characters of the comment's text.
    """
    words = {m.by for m in mentions if m.start < head}
    if LinkBy.ALIAS in words or (words and not named):
        return True
    if len(mentions) * (CHARACTERS_BESIDE_NAMED if named else CHARACTERS_A_MENTION) < length:
        return False
    return any(mention.by is LinkBy.ALIAS for mention in mentions) or any(
        second.start - first.start <= PAIR_CHARACTERS and _differ(first.word, second.word)
        for first, second in pairwise(mentions)
    )


def _differ(first: str, second: str) -> bool:
    """Whether two words differ by more than an ending: 公交 and 公交车 do not."""
    first, second = fold(first), fold(second)
    return first not in second and second not in first


def _link(policy_id: str, mentions: Sequence[Mention]) -> Link:
    """Return the link with its evidence: the aliases, or else the keywords, as written."""
    by = min((mention.by for mention in mentions), key=_STRENGTH.index)
    words = dict.fromkeys(mention.word for mention in mentions if mention.by is by)
    return Link(policy_id=policy_id, by=by, evidence=tuple(words))
