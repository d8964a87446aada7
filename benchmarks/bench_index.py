"""Load a store with synthetic opinions, then time what the service asks of it, then kill it.

python -m benchmarks.bench_index --store sqlite --rows 1000000
python -m benchmarks.bench_index --store duckdb --rows 1000000   # needs: pip install duckdb
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

from benchmarks.synthetic import COMMON, RARE, START, opinions
from indexers.embedded import EmbeddedIndex
from minyi.domain import Aspect, Filters, Group, Interval, Opinion, Polarity
from minyi.ports import Index

ALL = Filters()
ONE = Filters(policy_id="policy-3")
MONTH = Filters(since=START + timedelta(300), until=START + timedelta(330))
KILL_BATCH = 50


def open_store(name: str, folder: Path) -> Index:
    if name == "sqlite":
        return EmbeddedIndex(folder)
    from benchmarks.index_duckdb import DuckIndex  # only who asks for it needs the package

    return DuckIndex(folder)


def batches(items: Iterator[Opinion], size: int) -> Iterator[list[Opinion]]:
    while batch := list(islice(items, size)):
        yield batch


def say(what: str, figure: str) -> None:
    print(f"{what:<52} {figure:>16}", flush=True)


def timed(what: str, call: Callable[[], object], repeat: int = 5) -> None:
    """Print the first and the median time of a call."""
    taken = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - start))
    say(what, f"{sorted(taken)[repeat // 2]:,.1f} ms ({taken[0]:,.0f})")


def load(index: Index, items: Iterator[Opinion], size: int) -> float:
    """Upsert in batches; return opinions a second, the making of them not counted."""
    seconds, count = 0.0, 0
    for batch in batches(items, size):
        start = time.perf_counter()
        index.upsert(batch)
        seconds += time.perf_counter() - start
        count += len(batch)
        if count % (100 * size) == 0:
            print(f"  {count:,} at {count / seconds:,.0f}/s", file=sys.stderr, flush=True)
    return count / seconds


def read(index: Index) -> None:
    day, month = Interval.DAY, Interval.MONTH
    timed("trend of a policy, by month", lambda: index.trend(ONE, month))
    timed("trend of a policy, by day", lambda: index.trend(ONE, day))
    timed("trend of a policy, by month and region", lambda: index.trend(ONE, month, Group.REGION))
    timed("trend of all, by month", lambda: index.trend(ALL, month), 3)
    timed("trend of all, by day", lambda: index.trend(ALL, day), 3)
    timed("trend of all, by month and region", lambda: index.trend(ALL, month, Group.REGION), 3)
    timed("totals, 30 days", lambda: index.totals(MONTH))
    timed("totals, everything", lambda: index.totals(ALL), 3)
    timed("newest of a policy", lambda: index.newest(ONE))
    timed("search, common word of two", lambda: index.search(COMMON, ALL))
    timed("search, rare word of two", lambda: index.search(RARE, ALL))
    timed("search, absent word of two", lambda: index.search("一丁", ALL))
    timed("search, common word in a policy", lambda: index.search(COMMON, ONE))
    timed("search, one character", lambda: index.search(COMMON[0], ALL))
    cost = Filters(policy_id=ONE.policy_id, aspect=Aspect.COST, polarity=Polarity.CRITICISM)
    timed("evidence of a policy, newest first", lambda: index.search("", ONE))
    timed("evidence of a policy, criticism of cost", lambda: index.search("", cost))
    timed("count", index.count)
    timed("digest", index.digest, 1)
    say("hits of the common word", f"{index.search(COMMON, ALL).total:,}")


def another_process(name: str, folder: Path) -> bool:
    """Whether another process can read while this one holds the store."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_index", "--store", name, "--count", folder],
        capture_output=True,
    )
    return run.returncode == 0


def kill(name: str, folder: Path) -> bool:
    """Kill a writing process; return whether exactly whole acknowledged batches are there."""
    acknowledged = random.randrange(1, 60)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bench_index", "--store", name, "--write", folder],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for _ in range(acknowledged):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged += len(process.stdout.readlines())
    index = open_store(name, folder)
    count, _ = index.digest()
    trend = sum(p.counts.total for p in index.trend(ALL, Interval.MONTH))
    index.close()
    return count == trend and count in (
        acknowledged * KILL_BATCH,
        (acknowledged + 1) * KILL_BATCH,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "duckdb"), default="sqlite")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1000, help="opinions in one durable write")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        print(open_store(options.store, options.count).count())
        return
    if options.write:
        index = open_store(options.store, options.write)
        for batch in batches(opinions(100_000), KILL_BATCH):
            index.upsert(batch)
            print("written", flush=True)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        index = open_store(options.store, folder / "index")
        say("load, opinions a second", f"{load(index, opinions(options.rows), options.batch):,.0f}")
        read(index)
        same = islice(opinions(options.rows), 20_000)
        say("upsert of unchanged ids, a second", f"{load(index, same, options.batch):,.0f}")
        changed = (
            opinion.model_copy(update={"text": opinion.text + "改"})
            for opinion in islice(opinions(options.rows), 20_000)
        )
        say("upsert of changed ids, a second", f"{load(index, changed, options.batch):,.0f}")
        one_by_one = (
            opinion.model_copy(update={"likes": 7})
            for opinion in islice(opinions(options.rows), 300)
        )
        say("upsert one by one, a second", f"{load(index, one_by_one, 1):,.0f}")
        say(
            "another process reads meanwhile", str(another_process(options.store, folder / "index"))
        )
        index.close()
        size = sum(file.stat().st_size for file in (folder / "index").iterdir())
        say("on disk, MB", f"{size / 1e6:,.0f}")
        whole = sum(kill(options.store, folder / f"kill-{n}") for n in range(options.kills))
        say("kill -9 survived", f"{whole} of {options.kills}")


if __name__ == "__main__":
    main()
