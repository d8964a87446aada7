"""Runs scenarios one after the other, on engines that are started when they are needed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos import engines as found
from tests.chaos.embedded import EmbeddedTrial, embedded_full, embedded_kill
from tests.chaos.engines import ComposeEngines, Engines, ProgramEngines, Unavailable
from tests.chaos.records import Mix
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.trial import Options, Result, TooLate, Trial


@dataclass(frozen=True)
class EmbeddedScenario:
    """What is done to a trial on the embedded log."""

    name: str
    about: str
    hurt: Callable[[EmbeddedTrial], None]
    needs: Literal["nothing"] = "nothing"


ALL: Sequence[Scenario | EmbeddedScenario] = (
    *SCENARIOS,
    EmbeddedScenario("embedded-kill", "kill -9 of minyi serve at random points", embedded_kill),
    EmbeddedScenario("embedded-full", "the disk of minyi serve is full", embedded_full),
)


class Runner:
    """Runs scenarios.

    Args:
        options: how much of each.
        folder: each gets a folder of its own in it.
        compose: whether engines come from docker compose.
        console: for the progress.
    """

    def __init__(
        self, options: Options, folder: Path, compose: bool = False, console: Console | None = None
    ) -> None:
        self._options = options
        self._folder = folder
        self._compose = compose
        self._console = console or Console(quiet=True)
        self._engines: dict[int, Engines] = {}
        self._missing: dict[int, str] = {}

    def run(self, names: Sequence[str]) -> Iterator[Result]:
        """Yield what came of each scenario."""
        columns = (
            TextColumn("{task.description:<22}"),
            BarColumn(20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[now]}", markup=False),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task("chaos", total=len(names), now="")
            for scenario in [scenario for scenario in ALL if scenario.name in names]:
                progress.update(task, description=scenario.name, now="")
                result = self._one(scenario, lambda now: progress.update(task, now=now[:100]))
                word = "skipped" if result.skipped else "good" if result.good else "FAILED"
                progress.print(f"{scenario.name:<22} {word}, {result.seconds:.0f} s")
                progress.advance(task)
                yield result

    def close(self) -> None:
        """Stop the engines that were started here."""
        while self._engines:
            with suppress(Unavailable):
                self._engines.popitem()[1].close()

    def _one(self, scenario: Scenario | EmbeddedScenario, say: Callable[[str], None]) -> Result:
        began = time.monotonic()
        try:
            trial = self._trial(scenario, say)
        except Unavailable as missing:
            return Result(scenario.name, skipped=str(missing))
        result = trial.result
        try:
            if isinstance(trial, Trial):
                trial.prepare()
            scenario.hurt(trial)  # type: ignore[arg-type]
            trial.finish()
        except (TooLate, Unavailable) as error:
            result.verdict.problems.append(str(error))
        except Exception as error:  # the other scenarios go on
            logging.getLogger(__name__).exception("the scenario broke")
            result.verdict.problems.append(f"the scenario broke: {error!r}")
        finally:
            trial.close()
            result.seconds = time.monotonic() - began
        return result

    def _trial(
        self, scenario: Scenario | EmbeddedScenario, say: Callable[[str], None]
    ) -> Trial | EmbeddedTrial:
        mix = Mix(count=self._options.comments, seed=self._options.seed)
        folder = self._folder / scenario.name
        if isinstance(scenario, EmbeddedScenario):
            return EmbeddedTrial(scenario.name, self._options, mix, folder, say)
        say("starting engines")
        engines = self._opened(3 if scenario.needs == "three brokers" else 1)
        return Trial(scenario.name, engines, self._options, scenario.mix(mix), folder, say)

    def _opened(self, brokers: int) -> Engines:
        """Return running engines; others than these end before, for they take memory.

        Raises:
            Unavailable: when there are none such.
        """
        if brokers in self._missing:
            raise Unavailable(self._missing[brokers])
        if brokers not in self._engines:
            self.close()
            try:
                self._engines[brokers] = self._start(brokers)
            except Unavailable as missing:
                self._missing[brokers] = str(missing)
                raise
        return self._engines[brokers]

    def _start(self, brokers: int) -> Engines:
        given = None if self._compose else found.given()
        if given is not None and len(given.brokers) == brokers:
            return given
        return ComposeEngines(brokers) if self._compose else ProgramEngines.started(brokers)
