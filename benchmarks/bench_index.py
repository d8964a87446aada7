"""Load the embedded index with synthetic opinions, time what the service asks of it, and kill it.

Prints the time on the clock and, since a busy machine stretches it, the processor's time.

python -m benchmarks.bench_index --rows 1000000
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
from statistics import median

from benchmarks.synthetic import COMMON, RARE, START, opinions
from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.ports import Index
from minyi.query import Filters, Group, Interval
from minyi.vocabulary import Aspect, Polarity, Stance

ALL = Filters()
ONE = Filters(policy_id="policy-3")
MONTH = Filters(since=START + timedelta(300), until=START + timedelta(330))
KILL_BATCH = 50


def batches(items: Iterator[Opinion], size: int) -> Iterator[list[Opinion]]:
    while batch := list(islice(items, size)):
        yield batch


def say(what: str, clock: str, processor: str = "") -> None:
    print(f"{what:<42} {clock:>16} {processor:>16}", flush=True)


def timed(what: str, call: Callable[[], object], repeat: int = 5) -> None:
    """Print the median time of a call."""
    clock, processor = [], []
    for _ in range(repeat):
        start, cpu = time.perf_counter(), time.process_time()
        call()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - cpu)
    say(what, f"{1000 * median(clock):,.1f} ms", f"{1000 * median(processor):,.1f} ms")


def load(what: str, index: Index, items: Iterator[Opinion], size: int) -> None:
    """Upsert in batches and print opinions a second, the making of them not counted."""
    clock, processor, count = 0.0, 0.0, 0
    for batch in batches(items, size):
        start, cpu = time.perf_counter(), time.process_time()
        index.upsert(batch)
        clock += time.perf_counter() - start
        processor += time.process_time() - cpu
        count += len(batch)
        if count % 100_000 == 0:
            print(f"  {count:,} at {count / clock:,.0f}/s", file=sys.stderr, flush=True)
    say(f"{what}, a second", f"{count / clock:,.0f}", f"{count / processor:,.0f}")


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
    against = Filters(stance=Stance.AGAINST)
    timed("evidence of all, against", lambda: index.search("", against))
    timed("count", index.count)
    timed("digest", index.digest, 1)
    say("hits of the common word", f"{index.search(COMMON, ALL).total:,}")


def another_process(folder: Path) -> bool:
    """Whether another process can read while this one holds the store."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_index", "--count", folder],
        capture_output=True,
    )
    return run.returncode == 0


def kill(folder: Path) -> bool:
    """Kill a writing process; return whether exactly whole acknowledged batches are there."""
    acknowledged = random.randrange(1, 60)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bench_index", "--write", folder],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for _ in range(acknowledged):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged += len(process.stdout.readlines())
    index = EmbeddedIndex(folder)
    count, _ = index.digest()
    trend = sum(p.counts.total for p in index.trend(ALL, Interval.MONTH))
    index.close()
    return count == trend and count in (
        acknowledged * KILL_BATCH,
        (acknowledged + 1) * KILL_BATCH,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1000, help="opinions in one durable write")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        print(EmbeddedIndex(options.count).count())
        return
    if options.write:
        index = EmbeddedIndex(options.write)
        for batch in batches(opinions(100_000), KILL_BATCH):
            index.upsert(batch)
            print("written", flush=True)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        index = EmbeddedIndex(folder / "index")
        say("", "clock", "processor")
        load("load of new ids", index, opinions(options.rows), options.batch)
        read(index)
        same = islice(opinions(options.rows), 20_000)
        load("upsert of unchanged ids", index, same, options.batch)
        changed = (
            opinion.model_copy(update={"text": opinion.text + "改"})
            for opinion in islice(opinions(options.rows), 20_000)
        )
        load("upsert of changed texts", index, changed, options.batch)
        one_by_one = (
            opinion.model_copy(update={"likes": 7})
            for opinion in islice(opinions(options.rows), 300)
        )
        load("upsert one by one", index, one_by_one, 1)
        say("another process reads meanwhile", str(another_process(folder / "index")))
        index.close()
        size = sum(file.stat().st_size for file in (folder / "index").iterdir())
        say("on disk, MB", f"{size / 1e6:,.0f}")
        whole = sum(kill(folder / f"kill-{n}") for n in range(options.kills))
        say("kill -9 survived", f"{whole} of {options.kills}")


if __name__ == "__main__":
    main()
