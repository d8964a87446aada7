"""From (policy, comment) to token ids: one reading for training and for serving.

A pair becomes ``[CLS] context [SEP] comment [SEP]``: the context has segment 0, the comment
segment 1. Text is folded first (case, width, traditional characters) and a comment's emoji become
characters, because the base encoder's tokenizer does not lowercase, knows simplified Chinese best
and hardly any emoji.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer as FastTokenizer

from minyi.policy import Policy
from minyi.text import fold
from minyi.vocabulary import Aspect, Polarity, Stance
from models.emoji import in_words

STANCES = tuple(Stance)
"""Order of the stance head's outputs."""
CELLS = tuple((aspect, polarity) for aspect in Aspect for polarity in Polarity)
"""Order of the evaluation head's outputs: six aspects, each praised and criticised."""

CONTEXT_TOKENS = 40
"""More names of a policy cost time in every pair and help little; half of a pair at most."""
CONTEXT_ALIASES = 3


def policy_context(policy: Policy) -> str:
    """Return what the tagger reads of a policy: its title and its first other names."""
    return context_of(policy.title, policy.aliases)


def context_of(title: str, aliases: Sequence[str]) -> str:
    """Return what the tagger reads of a policy that is called so."""
    title, *folded = _folded((title, *aliases))
    others = [alias for alias in folded if alias not in title][:CONTEXT_ALIASES]
    return f"{title}：{'、'.join(others)}" if others else title


def policy_names(policy: Policy) -> tuple[str, ...]:
    """Return the folded names by which a long comment is searched for the policy."""
    return _folded((policy.title, *policy.aliases, *policy.keywords))


@lru_cache(maxsize=4096)
def _folded(names: tuple[str, ...]) -> tuple[str, ...]:
    """Fold a policy's names, once: every pair asks for them, and folding takes longer than all else
    that is done with a pair that is known already."""
    return tuple(map(fold, names))


@dataclass(frozen=True, slots=True)
class Encoded:
    """One input of the encoder.

    ``ids`` holds all tokens; the comment's stand at ``start`` and ``offsets`` gives, for each of
    them, its first and last (exclusive) character in the comment. ``start`` is 0 for a single
    text, which has no second segment.
    """

    ids: tuple[int, ...]
    start: int = 0
    offsets: tuple[tuple[int, int], ...] = ()


class InputEncoder:
    """Encodes pairs and single texts.

    Args:
        folder: holds ``tokenizer.json``.
        max_length: tokens of a pair at most, the special ones included.
        emoji: whether a comment's emoji are read as characters, as all taggers but older ones do.
            A single text's never are: its vector stands beside those of the base encoder.
    """

    def __init__(self, folder: Path, max_length: int, emoji: bool = True) -> None:
        self._tokenizer = FastTokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_length, self._emoji = max_length, emoji
        vocabulary = self._tokenizer.get_vocab()
        self.pad, self.mask = vocabulary["[PAD]"], vocabulary["[MASK]"]
        self.cls, self.sep = vocabulary["[CLS]"], vocabulary["[SEP]"]

    def pair(self, context: str, comment: str, mentions: tuple[str, ...] = ()) -> Encoded:
        """Encode a policy's context with a comment.

        A comment that is too long keeps its head, its tail and the passage around the first of
        ``mentions`` (folded names of the policy) that it holds.
        """
        left = self._tokenizer.encode(fold(context), add_special_tokens=False)
        folded = fold(comment)
        read = in_words(folded) if self._emoji else folded
        right = self._tokenizer.encode(read, add_special_tokens=False)
        names = left.ids[: min(CONTEXT_TOKENS, (self.max_length - 3) // 2)]
        budget = self.max_length - len(names) - 3
        ids, offsets = right.ids, right.offsets
        if len(ids) > budget:
            keep = _passages(offsets, budget, _first(folded, mentions))
            ids, offsets = [ids[i] for i in keep], [offsets[i] for i in keep]
        start = len(names) + 2
        return Encoded((self.cls, *names, self.sep, *ids, self.sep), start, tuple(offsets))

    def single(self, text: str) -> Encoded:
        """Encode one text, cut after ``max_length`` tokens."""
        ids = self._tokenizer.encode(fold(text), add_special_tokens=False).ids
        return Encoded((self.cls, *ids[: self.max_length - 2], self.sep))


def _first(text: str, mentions: tuple[str, ...]) -> int | None:
    """Return where the first of the names stands in the text."""
    return min((at for at in map(text.find, mentions) if at >= 0), default=None)


def _passages(offsets: list[tuple[int, int]], budget: int, mention: int | None) -> list[int]:
    """Choose ``budget`` of the tokens: half around the mention, a quarter each at the ends;
    without a mention half at each end."""
    count = len(offsets)
    if mention is None:
        head = budget // 2
        return [*range(head), *range(count - (budget - head), count)]
    quarter = budget // 4
    middle = next((i for i, (_, end) in enumerate(offsets) if end > mention), 0)
    width = budget - 2 * quarter
    first = min(max(middle - width // 2, quarter), count - quarter - width)
    return [*range(quarter), *range(first, first + width), *range(count - quarter, count)]
