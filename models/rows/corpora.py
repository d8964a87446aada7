"""The public corpora, as rows: stance toward targets."""

from __future__ import annotations

import random

from minyi.text import fold
from minyi.vocabulary import Stance
from models.inputs import policy_names
from models.rows.examples import (
    STANCE_INDEX,
    Example,
    cells_of,
    corpus,
    held_out,
    policies,
    policies_by_context,
)
from models.rows.labels import UNSEEN, comments, gold, held_back


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
        context: policy
        for context, policy in policies_by_context(policies()).items()
        if policy.id not in UNSEEN
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
