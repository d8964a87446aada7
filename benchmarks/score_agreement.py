"""How far two readings of the same agree: Krippendorff's alpha.

    python -m benchmarks.score_agreement

Of most rows only the label that was decided on stands in the project, not the readings before it
(docs/labelling.md has their figures). What stands in it twice is compared here: the policies that
two annotators link a message to, targets that two label files have of one text, and, when
``MINYI_SHARED`` names the folder with the corpora, our labels of NLPCC's training rows beside
NLPCC's own, on the targets that are policies of ours.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.score_linking import GOLD, Score
from minyi.text import fold
from minyi.vocabulary import Stance
from models.rows.examples import corpus, policies
from models.rows.labels import LABELS, LETTERS, gold_labels
from models.rows.shared import SHARED_VARIABLE

Pair = tuple[Stance, Stance]

FILES = ("targets.tsv", "nouns.tsv", "inferred.tsv", "measures.tsv")
TALKED_OF, OTHERS = "inferred.tsv and another file", "targets, nouns, measures"
OURS = {
    "second-child": "开放二胎",
    "motorcycle-ebike-ban": "深圳禁摩限电",
    "fireworks-ban": "春节放鞭炮",
}
"""NLPCC's targets by the policy of ours that they are, or are the contrary of."""
CONTRARY = {"fireworks-ban"}
TURNED = {Stance.FAVOR: Stance.AGAINST, Stance.AGAINST: Stance.FAVOR, Stance.NONE: Stance.NONE}


class TwiceLinked(NamedTuple):
    """The policies that two annotators link a message to, and which reading a third look at those
    that differ found to hold: ``first``, ``second``, ``open``, or ``-`` where they do not differ.
    """

    first: frozenset[str]
    second: frozenset[str]
    holds: str


def alpha(units: Iterable[Sequence[Hashable]]) -> float:
    """Return Krippendorff's alpha for nominal labels: one less the disagreement that was seen over
    that of labels dealt out by chance (Krippendorff 2018, Content Analysis, chapter 12).

    Args:
        units: the readings of each unit; those with fewer than two tell nothing.

    Raises:
        ValueError: when all readings are one label, or there are none: then nothing can disagree.
    """
    read = [Counter(unit) for unit in units if len(unit) > 1]
    every: Counter[Hashable] = sum(read, Counter())
    count = every.total()
    seen = sum(_unlike(unit) / (unit.total() - 1) for unit in read)
    expected = _unlike(every) / (count - 1) if len(every) > 1 else 0.0
    if not expected:
        raise ValueError("alpha needs readings of at least two labels")
    return 1 - seen / expected


def _unlike(labels: Counter[Hashable]) -> int:
    """Return how many ordered pairs of readings are unlike."""
    return labels.total() ** 2 - sum(count**2 for count in labels.values())


def links_twice() -> dict[str, list[TwiceLinked]]:
    """Return the messages of the gold set of linking that two annotators read, all and by
    stratum."""
    gold = {row["id"]: row for row in map(json.loads, GOLD.read_text("utf-8").splitlines())}
    parts: dict[str, list[TwiceLinked]] = {"random": [], "enriched": []}
    for line in (LABELS / "linking_second.tsv").read_text("utf-8").splitlines():
        message, found, holds = line.split("\t")
        row, second = gold[int(message)], frozenset(found.split(",")) - {"-"}
        parts[row["stratum"]].append(TwiceLinked(frozenset(row["policies"]), second, holds))
    return {"all": [message for part in parts.values() for message in part], **parts}


def decisions(messages: Iterable[TwiceLinked]) -> list[tuple[bool, bool]]:
    """Return of each message and each policy of the registry whether the two annotators link it."""
    return [
        (policy in message.first, policy in message.second)
        for message in messages
        for policy in policies()
    ]


def in_two_files() -> dict[str, list[Pair]]:
    """Return the stances of a text toward the very target that two label files have: those of what
    was talked of and of another file, and those of two others."""
    found: dict[tuple[str, str, str], list[tuple[str, Stance]]] = defaultdict(list)
    for name in FILES:
        for line in (LABELS / name).read_text("utf-8").splitlines():
            dataset, place, target, letter = line.split("\t")[:4]
            found[dataset, place, fold(target)].append((name, LETTERS[letter]))
    pairs: dict[str, list[Pair]] = {TALKED_OF: [], OTHERS: []}
    for (one, first), (other, second) in (two for two in found.values() if len(two) == 2):
        pairs[TALKED_OF if "inferred.tsv" in (one, other) else OTHERS].append((first, second))
    return pairs


def beside_nlpcc() -> dict[str, list[Pair]]:
    """Return our stances of NLPCC's labelled rows and its own, turned where the target is the
    contrary of the policy, by policy."""
    rows = {row["id"]: row for row in corpus("nlpcc2016_stance") if row["split"] == "train"}
    pairs: dict[str, list[Pair]] = {policy: [] for policy in OURS}
    for label in gold_labels():
        if label["dataset"] != "nlpcc2016_stance":
            continue
        row, policy = rows[label["id"]], label["policy"]
        if row["stance"] and OURS.get(policy) == row["target"]:
            theirs = Stance(row["stance"].lower())
            theirs = TURNED[theirs] if policy in CONTRARY else theirs
            pairs[policy].append((Stance(label["stance"]), theirs))
    return {"the three policies": [pair for part in pairs.values() for pair in part], **pairs}


def _linking_table() -> Table:
    table = Table(
        "links read twice", "messages", "same set", "links of each", "F1", "alpha", "holds"
    )
    for name, messages in links_twice().items():
        score = Score()
        for message in messages:
            score.add(message.first, message.second)
        holds = Counter(message.holds for message in messages)
        table.add_row(
            name,
            str(len(messages)),
            f"{holds['-']} ({holds['-'] / len(messages):.2f})",
            f"{score.hits + score.missed}, {score.hits + score.false}",
            f"{score.f1:.2f}",
            f"{alpha(decisions(messages)):.2f}",
            ", ".join(f"{which} {holds[which]}" for which in ("first", "second", "open")),
        )
    return table


def main() -> None:
    Console().print(_linking_table())
    sets = {f"one target, {name}": pairs for name, pairs in in_two_files().items()}
    if os.environ.get(SHARED_VARIABLE):
        sets |= {f"gold and NLPCC, {name}": pairs for name, pairs in beside_nlpcc().items()}
    else:
        Console(stderr=True).print(f"NLPCC's labels need {SHARED_VARIABLE}; left out")
    table = Table("two readings of", "pairs", "same stance", "alpha")
    for name, pairs in sets.items():
        same = sum(one is other for one, other in pairs)
        table.add_row(
            name, f"{len(pairs):,}", f"{same:,} ({same / len(pairs):.2f})", f"{alpha(pairs):.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
