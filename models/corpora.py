"""The public corpora, as rows: stance toward targets, reviews as weak labels of aspects."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from minyi.text import fold
from minyi.vocabulary import Aspect, Stance
from models.examples import (
    CELL_INDEX,
    STANCE_INDEX,
    UNKNOWN,
    Example,
    cells_of,
    corpus,
    held_out,
    policies,
)
from models.inputs import CELLS, STANCES, policy_context, policy_names
from models.labels import LETTERS, UNSEEN, comments, gold, held_back, nlpcc_letters

NLPCC_POLICIES = {"深圳禁摩限电": "motorcycle-ebike-ban", "开放二胎": "second-child"}
NLPCC_OPPOSED = {"春节放鞭炮": "fireworks-ban"}
"""To favor this target is to be against the policy."""
_FLIP = {Stance.FAVOR: Stance.AGAINST, Stance.AGAINST: Stance.FAVOR, Stance.NONE: Stance.NONE}


def nlpcc(split: str) -> list[Example]:
    """NLPCC 2016 Task 4 A. ``val`` is a tenth of the official training set."""
    found = []
    for row in corpus("nlpcc2016_stance"):
        official = "train" if split == "val" else split
        if row["split"] != official or not row["stance"]:
            continue
        if split != "test" and held_out(f"nlpcc{row['id']}", 0.1) != (split == "val"):
            continue
        if split == "train" and row["id"] in held_back("nlpcc2016_stance"):
            continue
        stance = STANCE_INDEX[Stance(row["stance"].lower())]
        found.append(Example(row["target"], row["text"], stance, group=row["target"]))
    return found


def nlpcc_unlabelled() -> list[Example]:
    """The rows that NLPCC 2016 gave out without labels, with labels of our own."""
    rows = [row for row in corpus("nlpcc2016_stance") if row["split"] == "unlabelled"]
    labelled = [(rows[place], STANCE_INDEX[LETTERS[letter]]) for place, letter in nlpcc_letters()]
    return [
        Example(row["target"], row["text"], stance, group=row["target"]) for row, stance in labelled
    ]


def nlpcc_as_policies(examples: Iterable[Example]) -> Iterator[Example]:
    """The rows whose target is a policy of the registry, read as that policy. A target that the
    policy forbids turns the stance round."""
    for example in examples:
        policy = NLPCC_POLICIES.get(example.group) or NLPCC_OPPOSED.get(example.group)
        if policy is None:
            continue
        stance = STANCES[example.stance]
        if example.group in NLPCC_OPPOSED:
            stance = _FLIP[stance]
        found = policies()[policy]
        yield replace(
            example,
            context=policy_context(found),
            names=policy_names(found),
            stance=STANCE_INDEX[stance],
        )


def c_stance(split: str, kind: str | None = None) -> list[Example]:
    """C-STANCE subtask A; ``kind`` is ``noun_phrase``, ``claim`` or None for both."""
    kept_out = held_back("c_stance") if split == "train" else frozenset()
    return [
        Example(
            row["target"],
            row["text"],
            STANCE_INDEX[Stance(row["stance"].lower())],
            group=row["target_type"],
        )
        for number, row in enumerate(corpus("c_stance"))
        if row["split"] == split and kind in (None, row["target_type"]) and number not in kept_out
    ]


def unrelated(split: str) -> list[Example]:
    """Our comments and real rows beside a policy of another domain that they do not name: none,
    nothing said."""
    choice = random.Random(7)  # noqa: S311
    by_context = {
        policy_context(policy): policy for name, policy in policies().items() if name not in UNSEEN
    }
    every = list(by_context)
    found = []
    for example in comments(split) + gold(split):
        other = choice.choice(every)
        policy, own = by_context[other], by_context.get(example.context)
        text = fold(example.text)
        named = any(name in text for name in policy_names(policy))
        if own and policy.domain != own.domain and not named:
            none = STANCE_INDEX[Stance.NONE]
            found.append(
                Example(other, example.text, none, cells_of(()), policy_names(policy), "unrelated")
            )
    return found


_CUES = {
    Aspect.SERVICE: ("服务", "态度", "前台", "客服"),
    Aspect.COST: ("价格", "贵", "便宜", "性价比", "实惠"),
    Aspect.CONVENIENCE: ("方便", "便利", "麻烦", "交通"),
}


def reviews(split: str) -> list[Example]:
    """Hotel and take-away reviews as weak labels: a short review that names one aspect's cue
    judges that aspect in the review's direction. Stance and all other cells stay unknown."""
    rows = [
        ("酒店住宿", row["cols"][0], row["cols"][1] == "positive")
        for row in corpus("chnsenticorp")
        if row.get("split") == "train" and len(row.get("cols", ())) == 2
    ]
    rows += [("外卖配送", row["text"], bool(row["label"])) for row in corpus("waimai_10k")]
    found = []
    for context, text, positive in rows:
        named = [aspect for aspect, cues in _CUES.items() if any(cue in text for cue in cues)]
        if len(named) != 1 or len(text) > 80 or held_out(text, 0.05) != (split == "val"):
            continue
        cells = [UNKNOWN] * len(CELLS)
        cells[CELL_INDEX[f"{named[0]}+"]] = int(positive)
        cells[CELL_INDEX[f"{named[0]}-"]] = int(not positive)
        found.append(Example(context, text, evaluation=tuple(cells), group=named[0]))
    return found
