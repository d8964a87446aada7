"""How well comments are linked to policies: precision, recall, F1.

    python -m benchmarks.score_linking [--split dev|test] [--errors] [--model FOLDER]

Three measures. The texts of the first two are not part of the project; ``MINYI_SHARED`` names the
folder that holds them:

- ``gold``: petition messages with our own labels (data/labels/linking_gold.jsonl), micro-averaged
  over (message, policy) pairs. Words and limits are tuned on ``dev``; ``test`` is for reporting.
- ``weibo``: posts on the topics of the 2014 Two Sessions. A topic is found when one of its
  policies is linked. The labels say what a post was collected for, not all that it mentions. Half
  of the posts, by hash of the text, are for tuning; the other half is reported.
- ``bundled stream``: the comments that the demo replays, with their own truth.

With ``--model`` also how many links there are by meaning alone with the limits that stand and with
others: how many are right on the bundled stream and on the comments written to train the tagger,
and how many there are on all petition messages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minyi.domain import Link, LinkBy
from minyi.errors import SettingError
from minyi.linking import SEMANTIC_MARGIN, SEMANTIC_THRESHOLD, Linker
from minyi.policy import Policy
from minyi.ports import Encoder
from minyi.registry import load_registry
from models.rows.examples import corpus

ROOT = Path(__file__).resolve().parent.parent
GOLD = ROOT / "data" / "labels" / "linking_gold.jsonl"
WEIBO_TOPICS: dict[str, frozenset[str]] = {
    "house": frozenset({"real-estate-regulation", "purchase-restriction"}),
    "env": frozenset({"smog-control"}),
    "food": frozenset({"food-safety"}),
    "cor": frozenset({"anti-corruption"}),
    "stent": frozenset({"soe-reform"}),
    "med": frozenset({"medical-reform"}),
    "child": frozenset({"second-child"}),
    "fund": frozenset({"official-spending"}),
    "edu": frozenset({"education-equity"}),
    "court": frozenset({"judicial-reform"}),
}
"""Topic → policies that stand for it. The Supreme Court's and the Supreme Procuratorate's posts
are one topic here; premier, congress and political consultative conference are no policy."""
LIMITS = (
    (0.64, 0.05),
    (0.64, 0.07),
    (0.7, 0.07),
    (0.64, 0.09),
    (SEMANTIC_THRESHOLD, SEMANTIC_MARGIN),
)
"""Cosines and margins of the semantic chance to compare, last those that stand."""
_MERGED = {"spcourt": "court", "spproc": "court"}


@dataclass
class Score:
    """True positives, false positives, false negatives, and the shares made of them."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def add(self, expected: frozenset[str], found: frozenset[str]) -> None:
        self.hits += len(expected & found)
        self.false += len(found - expected)
        self.missed += len(expected - found)

    @property
    def precision(self) -> float:
        return self.hits / ((self.hits + self.false) or 1)

    @property
    def recall(self) -> float:
        return self.hits / ((self.hits + self.missed) or 1)

    @property
    def f1(self) -> float:
        return 2 * self.hits / ((2 * self.hits + self.false + self.missed) or 1)

    def __str__(self) -> str:
        return f"P {self.precision:.3f}  R {self.recall:.3f}  F1 {self.f1:.3f}"


@dataclass
class Message:
    """One labelled petition message and what was found in it."""

    id: int
    title: str
    text: str
    split: str
    stratum: str
    expected: frozenset[str]
    found: frozenset[str] = field(default=frozenset())


def gold_messages(linker: Linker) -> list[Message]:
    """Return the labelled messages, linked."""
    labels = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    texts: dict[int, dict[str, Any]] = {}
    for row in corpus("taidi2020_messages"):
        texts.setdefault(row["id"], row)
    messages = [
        Message(
            id=label["id"],
            title=texts[label["id"]]["topic"],
            text=texts[label["id"]]["text"],
            split=label["split"],
            stratum=label["stratum"],
            expected=frozenset(label["policies"]),
        )
        for label in labels
    ]
    links = linker.link_many([(message.title, message.text) for message in messages])
    for message, found in zip(messages, links, strict=True):
        message.found = frozenset(link.policy_id for link in found)
    return messages


def stream_comments(linker: Linker) -> list[tuple[frozenset[str], tuple[Link, ...]]]:
    """Return the policies expected and the links found of each comment of the bundled stream."""
    folder = ROOT / "data" / "stream"
    truth = {
        row["id"]: frozenset(label["policy"] for label in row["labels"])
        for row in map(
            json.loads, (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
        )
    }
    comments = [
        json.loads(line)
        for line in (folder / "comments.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    comments = [comment for comment in comments if comment["id"] in truth]
    links = linker.link_many([(comment.get("title"), comment["text"]) for comment in comments])
    return [(truth[comment["id"]], found) for comment, found in zip(comments, links, strict=True)]


def own_comments(linker: Linker) -> list[tuple[frozenset[str], tuple[Link, ...]]]:
    """Return the policies expected and the links found of each comment written for training."""
    lines = (ROOT / "data" / "labels" / "train_comments.tsv").read_text("utf-8").splitlines()
    fields = [line.split("\t") for line in lines]
    comments = [(None if title == "-" else title, text) for *_, title, text in fields]
    truth = [frozenset(policies.split(";")) - {"-"} for policies, *_ in fields]
    return [*zip(truth, linker.link_many(comments), strict=True)]


def score(messages: Iterable[Message]) -> Score:
    """Return the micro-averaged score over (message, policy) pairs."""
    total = Score()
    for message in messages:
        total.add(message.expected, message.found)
    return total


def score_weibo(linker: Linker, half: str = "report") -> dict[str, Score]:
    """Return the score of each topic on one half (``tune`` or ``report``) of the posts."""
    posts: list[tuple[str, str]] = []
    for row in corpus("weibo_2014_two_sessions"):
        even = hashlib.sha256(row["text"].encode()).digest()[0] % 2 == 0
        if even == (half == "tune"):
            posts.append((_MERGED.get(row["topic"], row["topic"]), row["text"]))
    links = linker.link_many([(None, text) for _, text in posts])
    scores = {topic: Score() for topic in WEIBO_TOPICS}
    for (topic, _), found in zip(posts, links, strict=True):
        linked = {link.policy_id for link in found}
        for name, policies in WEIBO_TOPICS.items():
            truth = frozenset({name}) if topic == name else frozenset()
            guess = frozenset({name}) if linked & policies else frozenset()
            scores[name].add(truth, guess)
    return scores


def total(scores: Iterable[Score]) -> Score:
    """Return the sum: a micro-average."""
    parts = list(scores)
    return Score(
        sum(s.hits for s in parts), sum(s.false for s in parts), sum(s.missed for s in parts)
    )


def by_meaning(links: Iterable[Link]) -> list[str]:
    """Return the policies that the semantic chance linked."""
    return [link.policy_id for link in links if link.by is LinkBy.SEMANTIC]


def _right_by_meaning(linked: Iterable[tuple[frozenset[str], tuple[Link, ...]]]) -> list[bool]:
    """Return of each link by meaning whether it is among the policies expected."""
    return [policy in truth for truth, links in linked for policy in by_meaning(links)]


class Remembered:
    """An encoder that embeds a text once.

    Args:
        encoder: what embeds.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._encoder.embed(missing), strict=True))
        return np.stack([self._known[text] for text in texts])


def _print_meaning(policies: Sequence[Policy], encoder: Encoder) -> None:
    messages = [(row["topic"], row["text"]) for row in corpus("taidi2020_messages")]
    for threshold, margin in LIMITS:
        linker = Linker(policies, encoder, threshold, margin)
        stream, own = map(_right_by_meaning, (stream_comments(linker), own_comments(linker)))
        found = Counter(by_meaning(chain.from_iterable(linker.link_many(messages))))
        most = ", ".join(f"{policy} {count}" for policy, count in found.most_common(2))
        print(
            f"by meaning, cosine {threshold:.2f}, margin {margin:.2f}: "
            f"bundled stream {sum(stream)}/{len(stream)}, "
            f"own comments {sum(own)}/{len(own)} right; "
            f"petition messages {found.total()} ({most})",
            flush=True,
        )


def _print_errors(messages: Sequence[Message], linker: Linker) -> None:
    wrong: dict[str, Counter[str]] = defaultdict(Counter)
    for message in messages:
        if message.expected == message.found:
            continue
        evidence = {
            link.policy_id: "/".join(link.evidence)
            for link in linker.link(message.title, message.text)
        }
        print(f"\n{message.id} {message.title}\n  {message.text[:300]!r}")
        for policy in sorted(message.found - message.expected):
            print(f"  false  {policy}: {evidence.get(policy, 'semantic')}")
            wrong[policy]["false"] += 1
        for policy in sorted(message.expected - message.found):
            print(f"  missed {policy}")
            wrong[policy]["missed"] += 1
    for policy, counts in sorted(wrong.items(), key=lambda item: -item[1].total()):
        print(f"{policy}: {dict(counts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("--errors", action="store_true", help="print every wrong gold message")
    parser.add_argument(
        "--model", type=Path, help="a tagger's artifact: adds the semantic second chance"
    )
    options = parser.parse_args()
    encoder: Encoder | None = None
    if options.model:
        from models.runtime import OnnxTagger  # the lexical score needs no model

        encoder = Remembered(OnnxTagger(options.model))
    policies = [*load_registry(ROOT / "data" / "policies").values()]
    linker = Linker(policies, encoder)
    messages = [m for m in gold_messages(linker) if m.split == options.split]
    if options.errors:
        _print_errors(messages, linker)
    for stratum in ("random", "enriched"):
        part = [message for message in messages if message.stratum == stratum]
        print(f"gold {options.split} {stratum:9}{len(part):5} messages  {score(part)}")
    print(f"gold {options.split} all      {len(messages):5} messages  {score(messages)}")
    half = "tune" if options.split == "dev" else "report"
    scores = score_weibo(linker, half)
    for topic, found in scores.items():
        print(f"weibo {half} {topic:6} {found}")
    print(f"weibo {half} all    {total(scores.values())}")
    stream = stream_comments(linker)
    bundled = Score()
    for expected, links in stream:
        bundled.add(expected, frozenset(link.policy_id for link in links))
    print(f"bundled stream      {bundled}")
    if encoder is not None:
        _print_meaning(policies, encoder)


if __name__ == "__main__":
    try:
        main()
    except SettingError as error:
        raise SystemExit(str(error)) from None
