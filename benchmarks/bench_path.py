"""The whole path on a real Kafka and a real Elasticsearch, against its parts, in one run.

    python -m benchmarks.bench_path [--comments 20000] [--tagged 4000] [--workers 1]

``MINYI_TEST_KAFKA`` and ``MINYI_TEST_ELASTICSEARCH`` name the engines. Minyi's topics and opinions
there are deleted, so never name those of a service that runs for real. Comments are those of the
bundled stream, changed a little each time, so that nothing is cached; they lie in Kafka before the
workers start. The engines are warmed up first. The clock of the path runs from the first indexed
opinion to the last, so that starting is not counted.

Workers, engines and this program share the processor: where it has few cores, what Kafka,
Elasticsearch and the streams use is missing to the tagger, and the ratios say so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

from benchmarks.path_load import Load, load
from benchmarks.path_world import (
    CONSTANT,
    REAL,
    World,
    complete,
    count,
    fresh,
    indexed,
    must_be_empty,
    processor_s,
    wipe,
    working,
)
from indexers.client import connect
from indexers.documents import document, month
from indexers.lifecycle import ALIAS, Names, create_months
from minyi.domain import Comment
from minyi.errors import MinyiError
from minyi.registry import load_registry
from minyi.setting_groups import ElasticSettings, TaggerSettings
from minyi.settings import ROOT
from models.artifact import SHIPPED
from models.runtime import OnnxTagger
from streams.access import access
from streams.agents import INDEX_BATCH
from streams.sinks import BrokerSink
from streams.topics import COMMENTS

KAFKA, ELASTICSEARCH = "MINYI_TEST_KAFKA", "MINYI_TEST_ELASTICSEARCH"
BATCH = TaggerSettings().batch
PATIENCE_S = 300.0
"""So long nothing may come before a run is given up."""
POLL_S = 0.1
FIND_POLL_S = 0.05
"""How often a comment of the latency's part is looked for."""


class Rate(NamedTuple):
    """Opinions a second, by the clock and of the processor's time that Minyi or its rival used."""

    clock: float
    processor: float


async def whole_path(world: World, work: Load, module: str) -> Rate:
    """Return the rate from the first to the last indexed opinion."""
    await fresh(world, work.comments)
    with working(world, module) as processes:
        first, before, used = 0.0, 0, 0.0
        seen, moved = 0, time.perf_counter()
        while seen < work.links:
            await asyncio.sleep(POLL_S)
            now, written = time.perf_counter(), indexed(world)
            if written != seen:
                if not seen:
                    first, before = now, written
                    used = sum(map(processor_s, processes))
                seen, moved = written, now
            if any(process.poll() is not None for process in processes):
                raise MinyiError(f"a worker has ended; its log is in {world.folder}")
            if now - moved > PATIENCE_S:
                raise MinyiError(f"{seen} of {work.links} opinions came, and then no more")
        used = sum(map(processor_s, processes)) - used
    complete(world, work)
    return Rate((seen - before) / (moved - first), (seen - before) / used)


async def bare_consumer(world: World, work: Load) -> Rate:
    """Return the rate of documents that a plain consumer reads and writes: the same topic, the same
    documents under the same ids, made beforehand, in months that are there already."""
    await fresh(world, work.comments)
    documents: dict[str, list[dict[str, Any]]] = {}
    for opinion in work.opinions():
        index = Names().month(1, month(opinion))
        source = json.loads(document(opinion))
        action = {"_index": index, "_id": opinion.id, "_source": source}
        documents.setdefault(opinion.comment_id, []).append(action)
    wanted = {action["_index"] for actions in documents.values() for action in actions}
    create_months(world.client, Names(), sorted(wanted))
    client = AsyncElasticsearch(world.elasticsearch, request_timeout=60)
    consumer = AIOKafkaConsumer(
        COMMENTS,
        bootstrap_servers=world.kafka,
        group_id="bench-bare",
        auto_offset_reset="earliest",
    )
    done, began, used = 0, 0.0, 0.0
    try:
        await consumer.start()
        while done < work.links:
            pages = await consumer.getmany(timeout_ms=1000, max_records=INDEX_BATCH)
            if not done:
                began, used = time.perf_counter(), time.process_time()
            read = [json.loads(record.value)["id"] for page in pages.values() for record in page]
            actions = [action for id_ in read for action in documents[id_]]
            done += (await async_bulk(client, actions, chunk_size=INDEX_BATCH))[0]
        took, used = time.perf_counter() - began, time.process_time() - used
    finally:
        await consumer.stop()
        await client.close()
    complete(world, work)
    return Rate(done / took, done / used)


def bare_tagger(tagger: OnnxTagger, work: Load) -> Rate:
    """Return the rate of pairs in batches like those of the agents."""
    began, used = time.perf_counter(), time.process_time()
    done = sum(len(tagger.tag(pairs)) for pairs in work.pairs(BATCH))
    return Rate(done / (time.perf_counter() - began), done / (time.process_time() - used))


async def latency(world: World, warm: Load, work: Load, rate: float) -> list[float]:
    """Return the seconds from sending each comment to finding its opinions, at a steady rate."""
    await fresh(world, warm.comments)
    with working(world, REAL):
        async with asyncio.timeout(PATIENCE_S):
            while count(world) < warm.links:  # noqa: ASYNC110  # Elasticsearch tells nobody
                await asyncio.sleep(POLL_S)
        sent: dict[str, float] = {}
        opinions = {o.id: o.comment_id for o in work.opinions()}
        found: dict[str, float] = {}
        async with access(world.settings) as broker, asyncio.timeout(PATIENCE_S):
            sink = BrokerSink(broker)
            sending = asyncio.create_task(_steadily(sink, work.comments, rate, sent))
            async with AsyncElasticsearch(world.elasticsearch, request_timeout=60) as client:
                while len(found) < len(opinions):
                    open_ = [i for i, c in opinions.items() if c in sent and i not in found]
                    hits = await client.search(
                        index=ALIAS,
                        query={"terms": {"id": open_}},
                        size=10_000,
                        source=False,
                        track_total_hits=False,
                    )
                    now = time.perf_counter()
                    found |= {hit["_id"]: now for hit in hits["hits"]["hits"]}
                    await asyncio.sleep(FIND_POLL_S)
            await sending
    return [at - sent[opinions[id_]] for id_, at in found.items()]


async def _steadily(
    sink: BrokerSink, comments: Sequence[Comment], rate: float, sent: dict[str, float]
) -> None:
    began = time.perf_counter()
    for number, comment in enumerate(comments):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        sent[comment.id] = time.perf_counter()
        await sink.publish([comment])


PARTS = {
    "tagger": "a: the bare tagger",
    "path": "b: the path, with the tagger",
    "bare": "c: a bare consumer with async_bulk",
    "constant": "d: the path, its tagger constant",
    "latency": "sent to found",
}


async def measure(world: World, options: argparse.Namespace) -> None:
    """Print the figures of the chosen parts, each when it is there."""
    policies = load_registry(ROOT / "data" / "policies")
    work = load(options.comments, policies, "重")
    few = work.first(options.tagged)
    warm = load(256, policies, "暖")
    chosen = options.part or list(PARTS)
    rates: dict[str, float] = {}

    def tell(part: str, opinions: int, rate: Rate, against: str = "", goal: float = 0) -> None:
        rates[part] = rate.clock
        ratio = (
            f", ratio {rate.clock / rates[against]:.2f}, goal {goal}" if against in rates else ""
        )
        per = f"{rate.clock:>7,.0f} /s {rate.processor:>7,.0f} /processor s"
        say(PARTS[part], f"{opinions:>7,} opinions {per}{ratio}")

    mine, load_now = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    say("on", f"{mine} of {os.cpu_count()} cores; load {load_now:.1f}")
    say("workers", f"{options.workers}")
    await bare_consumer(world, few)  # fresh engines are slow
    if "bare" in chosen:
        tell("bare", work.links, await bare_consumer(world, work))
    if "constant" in chosen:
        tell("constant", work.links, await whole_path(world, work, CONSTANT), "bare", 0.5)
    if "tagger" in chosen:
        tagger = OnnxTagger(SHIPPED)
        bare_tagger(tagger, warm)
        tell("tagger", few.links, bare_tagger(tagger, few))
        del tagger
    if "path" in chosen:
        tell("path", few.links, await whole_path(world, few, REAL), "tagger", 0.9)
    if "latency" in chosen:
        steady = load(round(options.rate * options.seconds), policies, "续")
        waits = await latency(world, warm, steady, options.rate)
        cuts = quantiles(waits, n=20)
        waited = f"p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s at {options.rate:g} comments/s"
        say(PARTS["latency"], f"{len(waits):>7,} opinions {waited}")


def say(what: str, figures: str) -> None:
    print(f"{what:<36} {figures}", flush=True)


async def run(options: argparse.Namespace, servers: str, url: str, folder: Path) -> None:
    with closing(connect(url, ElasticSettings(), timeout_s=60)) as client:
        world = World(servers, url, client, folder, options.workers)
        if not options.wipe:
            await must_be_empty(world)
        try:
            await measure(world, options)
        finally:
            await wipe(world)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--comments", type=int, default=20_000, help="of c and d [20000]")
    parser.add_argument("--tagged", type=int, default=4_000, help="of a and b, of the same [4000]")
    parser.add_argument("--workers", type=int, default=1, help="[1]")
    parser.add_argument("--rate", type=float, default=50, help="comments a second [50]")
    parser.add_argument("--seconds", type=float, default=20, help="so long at that rate [20]")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this")
    parser.add_argument("--wipe", action="store_true", help="delete what the engines hold")
    options = parser.parse_args()
    servers, url = os.environ.get(KAFKA), os.environ.get(ELASTICSEARCH)
    if not (servers and url):
        sys.exit(f"the whole path needs real engines: set {KAFKA} and {ELASTICSEARCH}")
    folder = Path(tempfile.mkdtemp(prefix="minyi-bench-"))
    try:
        asyncio.run(run(options, servers, url, folder))
    except MinyiError as error:
        sys.exit(str(error))
    print(f"logs of the workers: {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
