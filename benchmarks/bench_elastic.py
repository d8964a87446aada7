"""Time what honest trends ask of an index in Elasticsearch.

Each question is asked in three conditions: with all caches emptied; after an opinion on the policy
was written, so that its newest month has to be counted anew; and again, with nothing written. The
server's processor time is the sum over its threads and tells, where others use the machine too,
what the clock cannot.

python -m benchmarks.bench_elastic http://127.0.0.1:9200 --rows 1000000
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from statistics import median

from elasticsearch import Elasticsearch

from benchmarks.bench_index import ALL, FACETS, MONTH, ONE, WEEK, load
from benchmarks.synthetic import opinions
from indexers.client import connect
from indexers.elastic import ElasticIndex
from indexers.lifecycle import Names, set_up
from minyi.differences import differences
from minyi.domain import Opinion
from minyi.memory import collect_seldom
from minyi.query import Group, Interval
from minyi.setting_groups import ElasticSettings

Question = Callable[[ElasticIndex], object]
NAMES = Names("bench-opinions")


def questions() -> dict[str, Question]:
    """Return what is asked, by what it is called."""
    index = ElasticIndex
    asked: dict[str, Question] = {}
    for interval in Interval:
        asked[f"trend of a policy, by {interval}"] = partial(
            index.trend, filters=ONE, interval=interval
        )
    asked["trend of a policy, by month and region"] = partial(
        index.trend, filters=ONE, interval=MONTH, group=Group.REGION
    )
    asked["votes on a policy, by week"] = partial(index.votes, filters=ONE, interval=WEEK)
    for facets in (*((facet,) for facet in FACETS), *combinations(FACETS, 2)):
        name = f"cells of a policy, by {' and '.join(facets)}"
        asked[name] = partial(index.cells, filters=ONE, by=facets)
    asked["differences of a policy"] = lambda index: differences(index, "policy-0", ALL)
    asked["answers of a policy"] = partial(index.answers, filters=ONE, by=())
    asked["trend of all, by week"] = partial(index.trend, filters=ALL, interval=WEEK)
    asked["totals"] = partial(index.totals, filters=ALL)
    return asked


class Bench:
    """A server with synthetic opinions."""

    def __init__(self, client: Elasticsearch, repeat: int) -> None:
        self.client = client
        self.repeat = repeat
        self.index = ElasticIndex(client, NAMES)
        newest = self.index.search("", ONE, 1).items
        self.last: Opinion | None = newest[0] if newest else None
        self.written = 0

    def empty_caches(self) -> None:
        self.client.indices.clear_cache(index=NAMES.alias)
        self.index = ElasticIndex(self.client, NAMES)

    def write(self) -> None:
        """Write the policy's newest opinion again, with other likes."""
        assert self.last
        self.written += 1
        self.index.upsert([self.last.model_copy(update={"likes": self.written})])
        self.index.refresh()

    def timed(self, ask: Callable[[], object], before: Callable[[], object]) -> str:
        """Return the median and the 95th percentile of the time, and the server's processor time,
        in milliseconds."""
        clock, processor = [], []
        for _ in range(self.repeat):
            before()
            cpu, start = self.processor(), time.perf_counter()
            ask()
            clock.append(1000 * (time.perf_counter() - start))
            processor.append(self.processor() - cpu)
        highest = sorted(clock)[math.ceil(0.95 * len(clock)) - 1]
        return f"{median(clock):8,.0f} {highest:6,.0f} {sum(processor) / len(processor):6,.0f}"

    def processor(self) -> int:
        nodes = self.client.nodes.stats(metric="process")["nodes"]
        return sum(node["process"]["cpu"]["total_in_millis"] for node in nodes.values())

    def run(self, name: str, question: Question) -> None:
        def ask() -> object:
            return question(self.index)

        conditions = (self.empty_caches, self.write, lambda: None)
        columns = " |".join(self.timed(ask, before) for before in conditions)
        print(f"{name:<48} {columns}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000_000, help="when there are none yet")
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", default="", help="questions whose name holds this")
    options = parser.parse_args()
    client = connect(options.url, ElasticSettings(), timeout_s=60)
    set_up(client, NAMES, datetime(2023, 1, 1, tzinfo=UTC))
    index = ElasticIndex(client, NAMES)
    if not index.count():
        load("load of new ids", index, opinions(options.rows), 1000)
        index.refresh()
    print(f"{index.count():,} opinions, {index.search('', ONE, 1).total:,} on the policy")
    head = "median   95 %    cpu"
    print(f"{'milliseconds':<48}   {head} |  {head} |  {head}")
    print(f"{'':<48} {'caches empty':>22} |{'one written':>22} |{'again':>22}")
    bench = Bench(client, options.repeat)
    collect_seldom()  # as every process that serves
    for name, question in questions().items():
        if options.only in name:
            bench.run(name, question)
    client.close()


if __name__ == "__main__":
    main()
