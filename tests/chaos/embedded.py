"""The scenarios on the embedded log and index: ``minyi serve``, and a sender on its API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from indexers.embedded import EmbeddedIndex
from minyi.settings import Settings, embedded_path
from streams.embedded import open_log
from streams.running import WORK
from streams.topics import APP_ID
from tests.chaos import broker
from tests.chaos.killing import kill_at_random
from tests.chaos.processes import Process, free_port
from tests.chaos.producer import Producer, through_api
from tests.chaos.records import Mix, records
from tests.chaos.trial import (
    DRAINED_WITHIN_S,
    READY_WITHIN_S,
    Options,
    Tended,
    TooLate,
)
from tests.chaos.undisturbed import undisturbed
from tests.chaos.verdict import judge
from tests.chaos.worker import FILE_BYTES

SMALL_DISK = 1_500_000
"""Bytes that a file may have: less than the log of any trial."""
LAG_EVERY_S = 5.0
"""How often a service measures its lag."""


class EmbeddedTrial(Tended):
    """``minyi serve`` on a folder of its own.

    Args:
        name: the scenario.
        options: how much of it.
        mix: what is sent.
        folder: for settings, logs and data; emptied.
        say: is told what happens.
    """

    def __init__(
        self, name: str, options: Options, mix: Mix, folder: Path, say: Callable[[str], None]
    ) -> None:
        super().__init__(name, options, folder, say)
        self.mix = mix
        self.config = Settings(data=folder / "data", broker="", index="")
        self.port = free_port()

    def send(self, seconds: float, released: float = 1.0) -> Producer:
        """Begin to post the records, over some seconds, as far as they are released."""
        ways = through_api(f"http://127.0.0.1:{self.port}")
        self.producer = Producer(records(self.mix), ways, seconds, released)
        return self.producer

    def serve(self, **more: str) -> Process:
        """Start the service."""
        return self.start("serve", self.port, **more)

    def finish(self) -> None:
        """Wait until all is worked off, end the service, and count."""
        self.say("working off the rest")
        if not any(process.alive for process in self.processes):
            self.serve()
        sender = self.producer
        assert sender is not None
        self.wait(lambda: sender.done, DRAINED_WITHIN_S, "all is accepted")
        self.wait(self._idle, DRAINED_WITHIN_S, "all is worked off")
        self.stop_all()
        self.check(not self._behind(), "an orderly end left work behind that was said to be done")
        self.say("counting")
        content = asyncio.run(broker.content(self.config))
        with closing(EmbeddedIndex(embedded_path(self.config.index_url))) as index:
            found = judge(
                undisturbed(self.mix), sender.acknowledged, content, index, sender.failures
            )
        found.problems[:0] = self.result.verdict.problems
        self.result.verdict = found

    def _idle(self) -> bool:
        """Whether the service has had nothing to do for two measurements of its lag."""
        service = self.processes[-1]
        if service.measured("minyi_comments_total") is None or service.measured(
            "minyi_lag_records"
        ):
            return False
        before = service.measured("minyi_opinions_indexed_total")
        self.last(2 * LAG_EVERY_S)
        return (
            service.measured("minyi_lag_records") == 0
            and service.measured("minyi_opinions_indexed_total") == before
        )

    def _behind(self) -> int:
        with open_log(embedded_path(self.config.broker_url)) as log:
            return sum(sum(log.lag(APP_ID, [topic]).values()) for topic in WORK)

    def close(self) -> None:
        """End what still runs."""
        if self.producer is not None:
            self.producer.stop()
        self.stop_all()


def embedded_kill(trial: EmbeddedTrial) -> None:
    kill_at_random(trial, trial.serve, "minyi serve")


def embedded_full(trial: EmbeddedTrial) -> None:
    """No file may grow beyond a size, as on a full disk; then there is room again."""
    trial.send(trial.options.seconds(10, 5))
    sender = trial.producer
    assert sender is not None
    service = trial.serve(**{FILE_BYTES: str(SMALL_DISK)})
    service.told = True  # it may end, and is not started again without room
    trial.ready(service)
    before = sender.failures

    def full() -> bool:
        return not service.alive or sender.failures > before

    trial.wait(full, READY_WITHIN_S, "the disk is full")
    with suppress(TooLate):  # where only the API was refused, it goes on
        trial.wait(lambda: not service.alive, 20, "the service ends")
    trial.hurt("a full disk: " + (_ending(service) or "refuses comments, goes on"))
    service.stop()
    trial.serve()


def _ending(service: Process) -> str:
    if service.alive:
        return ""
    return f"ended with {service.exit_code}: {service.last_words()[:160]}"
