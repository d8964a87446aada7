"""Load the embedded index with synthetic opinions, time what the service asks of it, and kill it.

Prints the time on the clock and, since a busy machine stretches it, the processor's time.

python -m benchmarks.bench_index --rows 1000000
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.synthetic import COMMON, DAYS, POLICIES, RARE, START, opinions
from indexers.embedded import EmbeddedIndex
from minyi.batched import batched
from minyi.differences import differences
from minyi.domain import SHANGHAI, Opinion
from minyi.memory import collect_seldom
from minyi.ports import Index
from minyi.query import Facet, Filters, Group, Interval
from minyi.vocabulary import Aspect, Polarity, Stance

ALL = Filters()
ONE = Filters(policy_id="policy-0")
IN_A_REGION = Filters(policy_id="policy-0", region="省份3")
EVERYWHERE_IN = Filters(region="省份3")
THIRTY_DAYS = Filters(
    since=datetime(2024, 3, 1, tzinfo=SHANGHAI), until=datetime(2024, 3, 31, tzinfo=SHANGHAI)
)
WEEK, MONTH, REGION = Interval.WEEK, Interval.MONTH, Group.REGION
FACETS = (Facet.REGION, Facet.CHANNEL, Facet.SOURCE, Facet.DOMAIN, Facet.AGE)
FIRST = datetime(2000, 1, 1, tzinfo=SHANGHAI)
"""Before all synthetic opinions."""
KILL_BATCH = 50

Ask = Callable[[Filters], object]


def say(what: str, clock: str, processor: str = "", highest: str = "") -> None:
    print(f"{what:<48} {clock:>12} {processor:>12} {highest:>14}", flush=True)


def timed(
    what: str, ask: Ask, filters: Filters = ALL, repeat: int = 40, again: bool = False
) -> None:
    """Print the median time of a question, and the time that 95 of 100 stay within. Every time
    it is another one with the same answer, so that no index can remember it, but ``again``."""
    clock, processor = [], []
    for number in range(repeat):
        since = filters.since or FIRST + timedelta(0 if again else number)
        question = filters.model_copy(update={"since": since})
        start, cpu = time.perf_counter(), time.process_time()
        ask(question)
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - cpu)
    highest = sorted(processor)[math.ceil(0.95 * repeat) - 1]
    say(what, *(f"{1000 * t:,.1f} ms" for t in (median(clock), median(processor), highest)))


def load(what: str, index: Index, items: Iterator[Opinion], size: int) -> None:
    """Upsert in batches and print opinions a second, the making of them not counted."""
    clock, processor, count = 0.0, 0.0, 0
    for batch in batched(items, size):
        start, cpu = time.perf_counter(), time.process_time()
        index.upsert(batch)
        clock += time.perf_counter() - start
        processor += time.process_time() - cpu
        count += len(batch)
        if count % 100_000 == 0:
            print(f"  {count:,} at {count / clock:,.0f}/s", file=sys.stderr, flush=True)
    say(f"{what}, a second", f"{count / clock:,.0f}", f"{count / processor:,.0f}")


def read(index: Index) -> None:
    collect_seldom()  # as every process that serves
    for interval in Interval:
        timed(f"trend of a policy, by {interval}", partial(index.trend, interval=interval), ONE)
    for group in Group:
        timed(
            f"trend of a policy, by month and {group}",
            partial(index.trend, interval=MONTH, group=group),
            ONE,
        )
    timed("trend of a policy, by week and region", lambda f: index.trend(f, WEEK, REGION), ONE)
    timed("trend of a policy, by week, one region", lambda f: index.trend(f, WEEK), IN_A_REGION)
    timed("votes on a policy, by week", lambda f: index.votes(f, WEEK), ONE)
    for interval in Interval:
        timed(f"trend of all, by {interval}", partial(index.trend, interval=interval))
    week = partial(index.trend, interval=WEEK)
    timed("trend of all, by week, asked again", week, again=True)
    timed("volumes of all, by week", partial(index.volumes, interval=WEEK))
    timed("trend of all, by week, one region", week, EVERYWHERE_IN, 10)
    timed("trend of all, by month and region", lambda f: index.trend(f, MONTH, REGION), ALL, 10)
    timed("votes on all, by month", lambda f: index.votes(f, MONTH), ALL, 10)
    for facet in FACETS:
        timed(
            f"cells of a policy, by month and {facet}",
            partial(index.cells, by=[facet], interval=MONTH),
            ONE,
        )
    timed("cells of a policy, by region and channel", lambda f: index.cells(f, FACETS[:2]), ONE)
    timed("differences of a policy", partial(differences, index, "policy-0"), ALL, 20)
    timed("answers of a policy", lambda f: index.answers(f, []), ONE)
    timed("answers of all", lambda f: index.answers(f, []), ALL, 10)
    timed("totals, 30 days", index.totals, THIRTY_DAYS)
    timed("totals, everything", index.totals)
    timed("totals, everything in a region", index.totals, EVERYWHERE_IN, 10)
    timed("newest of a policy", index.newest, ONE)
    timed("search, common word of two", lambda f: index.search(COMMON, f), ALL, 10)
    timed("search, rare word of two", lambda f: index.search(RARE, f))
    timed("search, absent word of two", lambda f: index.search("一丁", f))
    timed("search, common word in a policy", lambda f: index.search(COMMON, f), ONE, 10)
    timed("search, one character", lambda f: index.search(COMMON[0], f), ALL, 10)
    cost = Filters(policy_id=ONE.policy_id, aspect=Aspect.COST, polarity=Polarity.CRITICISM)
    timed("evidence of a policy, newest first", lambda f: index.search("", f), ONE)
    timed("evidence of a policy, criticism of cost", lambda f: index.search("", f), cost)
    against = Filters(stance=Stance.AGAINST)
    timed("evidence of all, against", lambda f: index.search("", f), against, 10)
    timed("digest", lambda f: index.digest(), ALL, 1)
    say("hits of the common word", f"{index.search(COMMON, ALL).total:,}")


def write(index: Index, rows: int, batch: int) -> None:
    load("load of new ids", index, opinions(rows), batch)
    some = min(rows, 20_000)
    load("upsert of unchanged ids", index, islice(opinions(rows), some), batch)
    changed = (
        opinion.model_copy(update={"text": opinion.text + "改"})
        for opinion in islice(opinions(rows), some)
    )
    load("upsert of changed texts", index, changed, batch)


def rewrite(index: Index, batch: int) -> None:
    """Change opinions of all policies and times."""
    found = [
        opinion.model_copy(update={"likes": random.randrange(2**40)})
        for policy in range(POLICIES)
        for day in range(0, DAYS, 8)
        for opinion in index.search("", one_day(f"policy-{policy}", day), limit=5).items
    ]
    random.shuffle(found)
    load("upsert of ids from all over", index, iter(found[:-300]), batch)
    load("upsert one by one", index, iter(found[-300:]), 1)


def one_day(policy_id: str, day: int) -> Filters:
    since = (START + timedelta(day)).replace(tzinfo=SHANGHAI)
    return Filters(policy_id=policy_id, since=since, until=since + timedelta(1))


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
    parser.add_argument(
        "--folder",
        type=Path,
        help="keeps the index there, and loads nothing when it is there already",
    )
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        print(EmbeddedIndex(options.count).count())
        return
    if options.write:
        index = EmbeddedIndex(options.write)
        for batch in batched(opinions(100_000), KILL_BATCH):
            index.upsert(batch)
            print("written", flush=True)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "index"
        index = EmbeddedIndex(folder)
        say("", "clock", "processor", "95 of 100")
        if not index.count():
            write(index, options.rows, options.batch)
        rewrite(index, options.batch)
        gc.collect()
        gc.freeze()  # as the service does
        read(index)
        say("another process reads meanwhile", str(another_process(folder)))
        index.close()
        size = sum(file.stat().st_size for file in folder.iterdir())
        say("on disk, MB", f"{size / 1e6:,.0f}")
        whole = sum(kill(Path(temporary) / f"kill-{n}") for n in range(options.kills))
        say("kill -9 survived", f"{whole} of {options.kills}")


if __name__ == "__main__":
    main()
