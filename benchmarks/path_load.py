"""What goes over the path: comments that all link, none like another, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from benchmarks.constant_worker import NONE, ConstantTagger
from minyi.domain import Comment, Opinion
from minyi.linking import Linker
from minyi.pipeline import LinkedComment, opinions, protect, reading
from minyi.policy import Policy
from minyi.settings import ROOT

STREAM = ROOT / "data" / "stream" / "comments.jsonl"
AUTHOR_KEY = "a key for the benchmark, of no use elsewhere"


@dataclass(frozen=True)
class Load:
    """Comments as they are sent, and as the path links them."""

    comments: Sequence[Comment]
    linked: Sequence[LinkedComment]
    policies: Mapping[str, Policy]

    @property
    def links(self) -> int:
        """How many opinions they make."""
        return sum(len(each.links) for each in self.linked)

    def first(self, comments: int) -> Load:
        """Return the load of the first comments."""
        return Load(self.comments[:comments], self.linked[:comments], self.policies)

    def pairs(self, comments: int) -> Iterator[list[tuple[Policy, str]]]:
        """Yield what the tagger is asked, so many comments at a time."""
        for start in range(0, len(self.linked), comments):
            yield [
                (self.policies[link.policy_id], reading(each.comment))
                for each in self.linked[start : start + comments]
                for link in each.links
            ]

    def opinions(self) -> Iterator[Opinion]:
        """Yield the opinions of the constant tagger."""
        for each in self.linked:
            taggings = [NONE] * len(each.links)
            yield from opinions(each, taggings, self.policies, ConstantTagger.model_id)


def load(comments: int, policies: Mapping[str, Policy], name: str) -> Load:
    """Return the bundled stream again and again, each time with other ids and texts.

    Args:
        comments: how many.
        policies: what they link to by words; comments that link to nothing are left out.
        name: what their ids begin with, and what tells their texts from those of other loads.
    """
    sent: list[Comment] = []
    linked: list[LinkedComment] = []
    linker = Linker(policies.values())
    bundled = [Comment.from_json(line) for line in STREAM.read_bytes().splitlines()]
    for turn in count():
        for comment in bundled:
            if len(sent) == comments:
                return Load(sent, linked, policies)
            changed = comment.model_copy(
                update={
                    "id": f"{name}-{turn}-{comment.id}",
                    "text": f"{comment.text}（{name}{turn}）",
                }
            )
            protected = protect(changed, AUTHOR_KEY)
            if links := linker.link(protected.title, protected.text):
                sent.append(changed)
                linked.append(LinkedComment(comment=protected, links=links))
    raise AssertionError("unreachable")
