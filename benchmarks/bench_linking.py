"""How fast comments are linked by words, against looking up every word with ``in``.

    python -m benchmarks.bench_linking

Runs on the bundled stream, and on the petition messages when ``MINYI_SHARED`` names the folder
that holds them. Times are CPU seconds of one process, the best of several rounds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.score_linking import ROOT
from minyi.linking import Linker
from minyi.policy import Policy
from minyi.registry import load_registry
from minyi.text import fold
from models.rows.examples import corpus
from models.rows.shared import SHARED_VARIABLE

ROUNDS = 5
NAIVE_COMMENTS = 500
"""The naive way is slow, so it is timed on a part."""

Comments = list[tuple[str | None, str]]


def bundled(path: Path) -> Comments:
    """Return (title, text) of a stream of comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(row.get("title"), row["text"]) for row in map(json.loads, lines)]


def rate(comments: Comments, link: Callable[[str | None, str], object]) -> float:
    """Return comments a CPU second, the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for title, text in comments:
            link(title, text)
        best = min(best, time.process_time() - start)
    return len(comments) / best


def naive(policies: list[Policy]) -> Callable[[str | None, str], object]:
    """Return a linker that asks of each word whether the comment holds it."""
    words = [
        (policy.id, [fold(word) for word in (*policy.aliases, *policy.keywords)])
        for policy in policies
    ]

    def link(title: str | None, text: str) -> object:
        folded = fold(f"{title}\n{text}" if title else text)
        return [(id, [word for word in known if word in folded]) for id, known in words]

    return link


def main() -> None:
    policies = list(load_registry(ROOT / "data" / "policies").values())
    words = sum(len(policy.aliases) + len(policy.keywords) for policy in policies)
    start = time.process_time()
    linker = Linker(policies)
    built = time.process_time() - start
    print(f"{len(policies)} policies, {words:,} words, built in {built * 1000:.0f} ms")

    sets = {"bundled stream": bundled(ROOT / "data" / "stream" / "comments.jsonl")}
    if os.environ.get(SHARED_VARIABLE):
        sets["petitions"] = [(row["topic"], row["text"]) for row in corpus("taidi2020_messages")]
    for name, comments in sets.items():
        length = sum(len(title or "") + len(text) for title, text in comments) / len(comments)
        fast = rate(comments, linker.link)
        slow = rate(comments[:NAIVE_COMMENTS], naive(policies))
        print(
            f"{name}: {len(comments):,} comments of {length:.0f} characters: "
            f"{fast:,.0f} comments/s/core, {fast / slow:.0f} x a loop of `in` ({slow:,.0f}/s)"
        )


if __name__ == "__main__":
    main()
