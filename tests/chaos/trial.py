"""One trial: clean topics and index, a sender, workers that are hurt, and the count at the end."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from elasticsearch import Elasticsearch

from minyi.cli.opening import elastic_index
from minyi.settings import Settings
from streams.topics import COMMENTS
from tests.chaos import broker
from tests.chaos.engines import Engines
from tests.chaos.processes import Process, command
from tests.chaos.producer import Producer, through_broker
from tests.chaos.records import Mix, records
from tests.chaos.undisturbed import AUTHOR_KEY, undisturbed
from tests.chaos.verdict import Verdict, judge

DRAINED_WITHIN_S = 300.0
READY_WITHIN_S = 120.0
RESTARTS = 5
"""So often Minyi may end by itself in one trial."""
ALIAS = "opinions"
MANY_LETTERS = 100_000
"""No bad deploy is looked for, except where one is tried."""


class TooLate(Exception):
    """Something did not happen in time, or will never happen."""


@dataclass(frozen=True)
class Options:
    """How much of it."""

    comments: int = 3_000
    seed: int = 1
    kills: int = 20
    quick: bool = False

    def seconds(self, normal: float, quick: float) -> float:
        return quick if self.quick else normal


@dataclass
class Result:
    """What came of a scenario."""

    name: str
    seconds: float = 0.0
    disturbances: list[str] = field(default_factory=list)
    restarts: int = 0
    """How often Minyi ended by itself and was started again, as an orchestrator would."""
    measured: dict[str, float] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)
    skipped: str = ""

    @property
    def good(self) -> bool:
        return not self.verdict.problems


class Tended(ABC):
    """Minyi's processes, waited for and started again when they end by themselves.

    Args:
        name: the scenario.
        options: how much of it.
        folder: for settings and logs; emptied.
        say: is told what happens.
    """

    def __init__(
        self, name: str, options: Options, folder: Path, say: Callable[[str], None]
    ) -> None:
        self.options = options
        self.chance = random.Random(f"{options.seed} {name}")
        self.result = Result(name)
        self.processes: list[Process] = []
        self.producer: Producer | None = None
        self.folder = folder
        self._say = say
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)

    @abstractmethod
    def send(self, seconds: float, released: float = 1.0) -> Producer:
        """Begin to send the records, over some seconds, as far as they are released."""

    def hurt(self, what: str) -> None:
        """Note a disturbance."""
        self.result.disturbances.append(what)
        self._say(what)

    def say(self, what: str) -> None:
        self._say(what)

    def check(self, good: bool, otherwise: str) -> None:
        """Note a problem unless all is well."""
        if not good:
            self.result.verdict.problems.append(otherwise)

    def start(self, role: str, port: int | None = None, **more: str) -> Process:
        """Start a process of Minyi."""
        log = self.folder / f"{role}.log"
        process = Process(role, self.variables() | more, log, port)
        self.processes.append(process)
        return process

    def variables(self) -> dict[str, str]:
        """Return the settings of the processes."""
        return {
            "MINYI_DATA": str(self.folder / "data"),
            "MINYI_AUTHOR_KEY": AUTHOR_KEY,
            "MINYI_SEMANTIC": "false",
            "MINYI_DEAD_LETTERS__LIMIT": str(MANY_LETTERS),
        }

    def wait(self, condition: Callable[[], bool], within: float, what: str) -> None:
        """Wait for something, with the processes tended.

        Raises:
            TooLate: when it does not happen.
        """
        end = time.monotonic() + within
        while not condition():
            if time.monotonic() > end:
                raise TooLate(f"within {within:.0f} s not: {what}")
            self.tend()
            time.sleep(0.3)

    def last(self, seconds: float) -> None:
        """Let a disturbance last so long, with the processes tended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.2)

    def tend(self) -> None:
        """Start again what has ended by itself."""
        for process in [p for p in self.processes if not p.alive]:
            self.processes.remove(process)
            if not process.told:
                self.result.restarts += 1
                self._say(f"ended by itself: {process.last_words()}")
                if self.result.restarts > RESTARTS:
                    raise TooLate(f"it ends again and again: {process.last_words()}")
                self.start(process.role, process.port)

    def ready(self, process: Process) -> None:
        """Wait until a process says that it can work."""
        self.wait(
            lambda: process.ready() or not process.alive, READY_WITHIN_S, "a worker gets ready"
        )

    def stop_all(self) -> None:
        """End all processes in order."""
        for process in self.processes:
            process.stop()
        self.processes.clear()


class Trial(Tended):
    """Workers over Kafka and Elasticsearch.

    Args:
        name: the scenario.
        engines: the engines; their topics and opinions are wiped.
        options: how much of it.
        mix: what is sent.
        folder: for settings and logs; emptied.
        say: is told what happens.
    """

    def __init__(
        self,
        name: str,
        engines: Engines,
        options: Options,
        mix: Mix,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(name, options, folder, say)
        self.engines = engines
        self.mix = mix
        self._broker = ";".join(f"kafka://{server}" for server in engines.kafka.split(","))
        self.config = Settings(
            data=folder / "data", broker=self._broker, index=engines.elasticsearch
        )

    def variables(self) -> dict[str, str]:
        own = {"MINYI_BROKER": self._broker, "MINYI_INDEX": self.engines.elasticsearch}
        return super().variables() | own

    def prepare(self) -> None:
        """Wipe what is there, and set up."""
        self.say("clean topics and index")
        asyncio.run(broker.wipe(self.engines.kafka))
        with self.elasticsearch() as client:
            for index in client.indices.get(index=f"{ALIAS}-v*", ignore_unavailable=True):
                client.indices.delete(index=index)
        done = command(self.variables(), "setup")
        if done.returncode:
            raise TooLate(f"minyi setup: {done.stderr.strip()[-300:]}")

    @contextmanager
    def elasticsearch(self) -> Iterator[Elasticsearch]:
        """Open a client of our own."""
        with closing(Elasticsearch(self.engines.elasticsearch, request_timeout=30)) as client:
            yield client

    def send(self, seconds: float, released: float = 1.0) -> Producer:
        """Begin to send the records, over some seconds, as far as they are released."""
        way = through_broker(self.config)
        self.producer = Producer(records(self.mix), way, seconds, released)
        return self.producer

    def worker(self, **more: str) -> Process:
        """Start a worker."""
        return self.start("worker", None, **more)

    def lag(self) -> dict[str, int] | None:
        """Return how far the workers are behind, by topic."""
        return asyncio.run(broker.lag(self.engines.kafka))

    def read(self) -> int:
        """Return how many comments the workers are done with."""
        assert self.producer is not None
        sent, lag = len(self.producer.acknowledged), self.lag()
        return sent - lag[COMMENTS] if lag else 0

    def until_read(self, share: float, within: float = DRAINED_WITHIN_S) -> None:
        """Wait until the workers are done with a share of the comments."""
        wanted = share * self.mix.count
        self.wait(lambda: self.read() >= wanted, within, f"{wanted:.0f} comments are read")

    def drained(self) -> bool:
        """Whether all is sent and worked off."""
        assert self.producer is not None
        lag = self.lag() if self.producer.done else None
        return lag is not None and not any(lag.values())

    def finish(self) -> None:
        """Wait until all is worked off, end the workers, and count."""
        self.say("working off the rest")
        if not any(process.alive for process in self.processes):
            self.worker()
        self.wait(self.drained, DRAINED_WITHIN_S, "all is worked off")
        self.stop_all()
        self.count()

    def count(self) -> None:
        """Compare what is there with what should be."""
        assert self.producer is not None
        self.say("counting")
        content = asyncio.run(broker.content(self.config))
        with closing(elastic_index(self.config)) as index:
            index.refresh()
            found = judge(undisturbed(self.mix), self.producer.acknowledged, content, index)
        found.problems[:0] = self.result.verdict.problems
        self.result.verdict = found

    def close(self) -> None:
        """End what still runs."""
        if self.producer is not None:
            self.producer.stop()
        self.stop_all()
