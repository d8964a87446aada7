"""How well and how fast near-duplicates are found.

    python -m benchmarks.bench_campaigns

The comments that were written for Minyi are the unrelated texts; campaigns are planted among them,
every copy edited at the rate of its row, the original not among them (``benchmarks.planted``).
Precision and recall are over pairs of texts. Speed is in CPU seconds of one process, the best of
several rounds, duplicate keys included; the ratio is to computing the duplicate keys alone. With
``MINYI_SHARED``, speed is measured on 50,000 posts, too; with ``datasketch`` installed, its MinHash
LSH does the same work beside.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import random
import time
from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.planted import Planted, planted, scored
from minyi.campaigns.clustering import Clusterer
from minyi.campaigns.sketch import WIDTH, core
from minyi.text import duplicate_key
from models.rows.examples import corpus
from models.rows.shared import SHARED_VARIABLE

RATES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
SEEDS = (1, 2, 3)
ROUNDS = 3
POSTS = 50_000

Cluster = Callable[[Sequence[str]], list[int]]
"""Returns what names the cluster of each text."""


def ours(texts: Sequence[str]) -> list[int]:
    """Cluster by Minyi's clusterer."""
    clusterer = Clusterer()
    numbers = clusterer.add([duplicate_key(t) for t in texts], [core(t) for t in texts])
    names = {n: found[0] for found in clusterer.clusters() for n in found}
    return [names[n] for n in numbers]


def by_datasketch(threshold: float) -> Cluster:
    """Return a clusterer by the MinHash LSH of ``datasketch`` over the same shingles: 128
    permutations, candidates united."""
    library = importlib.import_module("datasketch")

    def cluster(texts: Sequence[str]) -> list[int]:
        lsh = library.MinHashLSH(threshold=threshold, num_perm=128)
        parent = list(range(len(texts)))

        def root(n: int) -> int:
            while parent[n] != n:
                parent[n] = parent[parent[n]]
                n = parent[n]
            return n

        for number, text in enumerate(texts):
            own = core(text) or text
            sketch = library.MinHash(num_perm=128)
            sketch.update_batch(
                [own[i : i + WIDTH].encode() for i in range(max(1, len(own) - WIDTH + 1))]
            )
            for other in lsh.query(sketch):
                parent[max(root(number), root(other))] = min(root(number), root(other))
            lsh.insert(number, sketch)
        return [root(n) for n in range(len(texts))]

    return cluster


def by_keys(texts: Sequence[str]) -> list[int]:
    """Cluster by equal duplicate keys alone."""
    first: dict[str, int] = {}
    return [first.setdefault(duplicate_key(text), n) for n, text in enumerate(texts)]


def quality(cluster: Cluster, rate: float, seeds: Sequence[int] = SEEDS) -> tuple[float, float]:
    """Return the median precision and recall over the seeds."""

    def one(rows: Sequence[Planted]) -> tuple[float, float]:
        return scored(rows, cluster([row.text for row in rows]))

    found = [one(planted(rate, 100, 10, 8000, seed)) for seed in seeds]
    return median(p for p, _ in found), median(r for _, r in found)


def speed(cluster: Cluster, texts: Sequence[str], rounds: int = ROUNDS) -> float:
    """Return texts a CPU second, the best of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        cluster(texts)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def posts() -> list[str]:
    """Return posts of the COVID corpus in one drawn order."""
    texts = [row["text"] for row in corpus("covid_weibo_daily")]
    random.Random(0).shuffle(texts)
    return texts[:POSTS]


def main() -> None:
    beside: dict[str, Cluster] = {"equal keys": by_keys}
    if importlib.util.find_spec("datasketch"):
        beside |= {f"datasketch {t}": by_datasketch(t) for t in (0.5, 0.3)}
    print("precision / recall over pairs; 100 campaigns of 10 copies, 8,000 unrelated texts")
    print(f"{'edits':>6}  {'ours':>15}  " + "  ".join(f"{name:>15}" for name in beside))
    for rate in RATES:
        cells = [quality(ours, rate)]
        cells += [quality(cluster, rate, SEEDS[:1]) for cluster in beside.values()]
        print(f"{rate:>6.0%}  " + "  ".join(f"{f'{p:.3f} / {r:.3f}':>15}" for p, r in cells))
    sets = {"planted, 20 % edits": [row.text for row in planted(0.2, 100, 10, 8000)]}
    if os.environ.get(SHARED_VARIABLE):
        sets["posts"] = posts()
    for name, texts in sets.items():
        length = sum(map(len, texts)) / len(texts)
        mine, keys = speed(ours, texts), speed(by_keys, texts)
        line = (
            f"{name}: {len(texts):,} texts of {length:.0f} characters: {mine:,.0f} texts/s/core, "
            f"{keys / mine:.1f} x the time of duplicate keys alone ({keys:,.0f}/s)"
        )
        for other, cluster in list(beside.items())[1:2]:
            other_speed = speed(cluster, texts[:4000], 1)
            line += f", {mine / other_speed:.0f} x the speed of {other} ({other_speed:,.0f}/s)"
        print(line)


if __name__ == "__main__":
    main()
