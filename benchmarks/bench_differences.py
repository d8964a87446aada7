"""Plant differences between regions in random opinions, and count what is found.

Each run draws 20 regions of uneven size; half of them hold the common share of opposition, the
others are 10 points above or below. What counts as false is a finding of a group whose true share
differs from the others' by no more than a percentage point. The last columns are of as many runs
where nothing differs but the share that a region speaks by channel, and channels oppose more or
less: whatever differs within is false there.

python -m benchmarks.bench_differences --runs 200
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from minyi.differences import Differences, differences
from minyi.groups.discoveries import LEAST
from minyi.groups.grouping import By
from minyi.ports import Index
from minyi.query import Facet, Filters
from minyi.vocabulary import Stance
from tests.unit.crowd import REGIONS, VALUES, Crowd

SIZES = (500, 2_000, 10_000, 50_000)
COMMON = 0.3
STEP = 0.1


@dataclass
class Tally:
    """What the runs of one size came to."""

    false: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    held_found: list[bool] = field(default_factory=list)
    comparisons: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    false_reversals: list[int] = field(default_factory=list)


def told(crowd: Crowd) -> Differences:
    return differences(cast(Index, crowd), "policy", Filters())


def planted(size: int, rng: np.random.Generator, tally: Tally) -> None:
    weights = rng.dirichlet(np.full(len(REGIONS), 2.0))
    region = rng.choice(len(REGIONS), size, p=weights)
    effect = rng.permutation(np.repeat([0, STEP, -STEP], [10, 5, 5]))
    against = COMMON + effect[region]
    crowd = Crowd(size, rng, {Facet.REGION: np.array(REGIONS)[region]}, 0.3, against)
    crowd.cells = remembered(crowd)  # type: ignore[method-assign]
    told(crowd)
    start = time.process_time()
    answer = told(crowd)
    tally.seconds.append(time.process_time() - start)
    tally.comparisons.append(answer.comparisons)
    truth = {}
    for i, name in enumerate(REGIONS):
        others = region != i
        truth[name] = effect[i] + COMMON - against[others].mean()
    findings = {(f.by, f.value, f.stance) for f in answer.findings}
    real = {(By.REGION, name, Stance.AGAINST) for name in REGIONS if abs(truth[name]) > LEAST}
    tally.false.append(len(findings - real) / max(len(findings), 1))
    big = {key for key in real if effect[REGIONS.index(key[1])]}
    tally.found.append(len(findings & big) / len(big))
    (table,) = [facet for facet in answer.facets if facet.by is By.REGION]
    for row in table.groups:
        if row.against and row.value:
            difference = row.against.difference
            holds = bool(difference.low <= truth[row.value] <= difference.high)
            tally.held.append(holds)
            if row.against.real:
                tally.held_found.append(holds)


def mixed(size: int, rng: np.random.Generator, tally: Tally) -> None:
    channels = VALUES[Facet.CHANNEL]
    region = rng.choice(len(REGIONS), size)
    lean = rng.dirichlet(np.full(len(channels), 2.0), len(REGIONS)).cumsum(1)
    channel = (rng.random(size)[:, None] > lean[region]).sum(1)
    columns: dict[Facet | None, Any] = {
        Facet.REGION: np.array(REGIONS)[region],
        Facet.CHANNEL: np.array(channels)[channel],
    }
    against = np.array([0.15, 0.3, 0.45])[channel]
    answer = told(Crowd(size, rng, columns, 0.3, against))
    tally.false_reversals.append(
        sum((r.by, r.within) == (By.REGION, By.CHANNEL) for r in answer.reversals)
    )


def remembered(crowd: Crowd):  # type: ignore[no-untyped-def]
    """Answer a question that came before at once: the index's time is not measured here."""
    ask, known = crowd.cells, {}

    def cells(filters: Filters, by, interval=None):  # type: ignore[no-untyped-def]
        key = (filters, tuple(by), interval)
        if key not in known:
            known[key] = ask(filters, by, interval)
        return known[key]

    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    print(
        f"{'opinions':>9} {'compared':>9} {'false of':>9} {'10 points':>10} {'intervals':>10} "
        f"{'of those':>9} {'false':>10} {'own time':>9}\n"
        f"{'':>9} {'':>9} {'findings':>9} {'found':>10} {'hold':>10} "
        f"{'found':>9} {'reversals':>10} {'ms':>9}"
    )
    for size in SIZES:
        rng = np.random.default_rng(size)
        tally = Tally()
        for _ in range(runs):
            planted(size, rng, tally)
            mixed(size, rng, tally)
        held_found = f"{np.mean(tally.held_found):.1%}" if tally.held_found else "–"
        print(
            f"{size:>9,} {np.mean(tally.comparisons):>9.0f} {np.mean(tally.false):>9.1%} "
            f"{np.mean(tally.found):>10.0%} {np.mean(tally.held):>10.1%} "
            f"{held_found:>9} "
            f"{np.mean(tally.false_reversals):>10.3f} {1000 * np.median(tally.seconds):>9.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
