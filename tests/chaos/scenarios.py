"""The scenarios over Kafka and Elasticsearch: each hurts a trial in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from tests.chaos.engines import ELASTICSEARCH, KAFKA
from tests.chaos.killing import kill_at_random
from tests.chaos.processes import command
from tests.chaos.records import Mix
from tests.chaos.trial import ALIAS, READY_WITHIN_S, Trial
from tests.chaos.worker import DEPLOY, REFUSING

Needs = Literal["engines", "three brokers", "nothing"]
GROWTH_BYTES = 256_000_000
"""So much memory a worker may take for what it has read and cannot write: its buffers, in full."""
BAD_DEPLOY_LIMIT = 200


@dataclass(frozen=True)
class Scenario:
    """What is done to a trial, with which records."""

    name: str
    about: str
    hurt: Callable[[Trial], None]
    needs: Needs = "engines"
    mix: Callable[[Mix], Mix] = lambda mix: mix


def worker_kill(trial: Trial) -> None:
    kill_at_random(trial, trial.worker, "the worker")


def rebalance(trial: Trial) -> None:
    trial.send(trial.options.seconds(30, 15))
    first = trial.worker()
    trial.until_read(0.1)
    second = trial.worker()
    trial.hurt("a second worker joins")
    trial.ready(second)
    trial.until_read(0.3)
    first.kill()
    trial.hurt("kill -9 of the first")
    third = trial.worker()
    trial.hurt("a third joins")
    trial.ready(third)
    trial.until_read(0.7)
    second.stop()
    trial.hurt("the second leaves")


def kafka_kill(trial: Trial) -> None:
    _working(trial)
    for _ in range(2):
        trial.engines.kill(KAFKA)
        trial.hurt("kill -9 of Kafka")
        trial.last(trial.options.seconds(5, 2))
        trial.engines.start(KAFKA)
        trial.last(trial.options.seconds(10, 3))


def one_of_three(trial: Trial) -> None:
    _working(trial)
    for broker in trial.chance.sample(list(trial.engines.brokers), 2):
        trial.engines.kill(broker)
        trial.hurt(f"kill -9 of {broker}")
        trial.last(trial.options.seconds(15, 5))
        trial.engines.start(broker)
        trial.last(trial.options.seconds(10, 5))


def elasticsearch_kill(trial: Trial) -> None:
    _working(trial)
    for _ in range(2):
        trial.engines.kill(ELASTICSEARCH)
        trial.hurt("kill -9 of Elasticsearch")
        trial.last(trial.options.seconds(5, 2))
        trial.engines.start(ELASTICSEARCH)
        trial.last(trial.options.seconds(5, 2))


def kafka_hangs(trial: Trial) -> None:
    _hang(trial, KAFKA, "Kafka")


def elasticsearch_hangs(trial: Trial) -> None:
    _hang(trial, ELASTICSEARCH, "Elasticsearch")


def elasticsearch_refuses(trial: Trial) -> None:
    seconds = trial.options.seconds(60, 10)
    _refused(trial, "blocks.write", f"refuses writes for {seconds:.0f} s", seconds)


def elasticsearch_full(trial: Trial) -> None:
    seconds = trial.options.seconds(20, 8)
    block = "blocks.read_only_allow_delete"  # what Elasticsearch itself sets at the flood stage
    _refused(trial, block, f"has a full disk for {seconds:.0f} s", seconds)


def poison(trial: Trial) -> None:
    trial.send(trial.options.seconds(10, 5))
    trial.worker()
    trial.hurt(f"{trial.mix.hostile} hostile records, every tenth comment poison")


def bad_deploy(trial: Trial) -> None:
    trial.send(0)
    bad = {DEPLOY: REFUSING, "MINYI_DEAD_LETTERS__LIMIT": str(BAD_DEPLOY_LIMIT)}
    worker = trial.worker(**bad)
    worker.told = True  # it shall end, and not be started again
    trial.wait(lambda: not worker.alive, READY_WITHIN_S, "the bad deploy stops")
    trial.hurt(f"a worker that reads nothing; stopped with {worker.exit_code}")
    trial.check(worker.exit_code != 0, "the bad deploy ended as if all were well")
    trial.check("records died within" in worker.said(), f"it only said: {worker.last_words()}")
    trial.worker()
    trial.wait(trial.drained, READY_WITHIN_S, "the good deploy works off the rest")
    done = command(trial.variables(), "dead-letters", "retry", "--all")
    trial.check(done.returncode == 0, f"dead-letters retry: {done.stderr[-200:]}")
    trial.hurt("minyi dead-letters retry --all")


def _working(trial: Trial) -> None:
    """Get a worker into the midst of its work, with more to come."""
    trial.send(trial.options.seconds(30, 12))
    trial.worker()
    trial.until_read(0.1)


def _hang(trial: Trial, engine: str, name: str) -> None:
    _working(trial)
    seconds = trial.options.seconds(15, 6)
    trial.engines.pause(engine)
    trial.hurt(f"{name} hangs for {seconds:.0f} s")
    try:
        trial.last(seconds)
    finally:
        trial.engines.resume(engine)


def _refused(trial: Trial, block: str, what: str, seconds: float) -> None:
    """Let Elasticsearch refuse writes; meanwhile the lag grows and the memory does not."""
    trial.send(2 * seconds)  # so that some are still to come when writes are refused
    worker = trial.worker()
    trial.until_read(0.1)
    with trial.elasticsearch() as client:
        client.indices.put_settings(index=ALIAS, settings={f"index.{block}": True})
        trial.hurt(f"Elasticsearch {what}")
        before = worker.memory()
        try:
            trial.last(seconds)
            lag, after = trial.lag(), worker.memory()
        finally:
            client.indices.put_settings(index=ALIAS, settings={f"index.{block}": None})
    trial.check(worker.alive, "the worker ended while Elasticsearch refused")
    waiting = sum(lag.values()) if lag else 0
    trial.check(waiting > 0, "nothing waited while Elasticsearch refused")
    trial.result.measured["lag"] = waiting
    if before and after:
        trial.result.measured["memory grew, MB"] = round((after - before) / 1e6)
        trial.check(after - before < GROWTH_BYTES, "the worker's memory grew without bounds")


SCENARIOS = (
    Scenario("worker-kill", "kill -9 of the worker at random points", worker_kill),
    Scenario("rebalance", "workers join, leave and die in mid-batch", rebalance),
    Scenario("kafka-kill", "kill -9 of the only broker, twice", kafka_kill),
    Scenario(
        "kafka-one-of-three",
        "kill -9 of one of three brokers, twice",
        one_of_three,
        "three brokers",
    ),
    Scenario("elasticsearch-kill", "kill -9 of Elasticsearch, twice", elasticsearch_kill),
    Scenario("kafka-hangs", "Kafka stops answering, and goes on", kafka_hangs),
    Scenario("elasticsearch-hangs", "Elasticsearch stops answering", elasticsearch_hangs),
    Scenario(
        "elasticsearch-refuses",
        "Elasticsearch refuses writes: lag grows, memory does not",
        elasticsearch_refuses,
        mix=lambda mix: replace(mix, count=4 * mix.count),
    ),
    Scenario("elasticsearch-full", "the disk of Elasticsearch is full", elasticsearch_full),
    Scenario(
        "poison",
        "poisonous and hostile records",
        poison,
        mix=lambda mix: replace(mix, poison=10, hostile=mix.count // 5),
    ),
    Scenario(
        "bad-deploy",
        "a deploy that reads nothing is stopped, and mended",
        bad_deploy,
        # what is retried comes after what was revised meanwhile, and would win
        mix=lambda mix: replace(mix, revised=0),
    ),
)
