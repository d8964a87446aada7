"""Where records go that cannot be read or tagged."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minyi.dead_letter import KEY_LENGTH, dead_letter
from minyi.errors import InvalidRecord, TooManyDeadLetters
from minyi.ports import Clock
from minyi.setting_groups import DeadLetterSettings
from streams.edits import carried
from streams.progress import Progress

log = logging.getLogger(__name__)

RETRY_OF = "minyi-retry-of"
"""Header of a record that was retried: the key of the dead letter that it came from."""


@dataclass(frozen=True)
class Casualty:
    """An event that cannot go on, and why."""

    event: Any
    error: InvalidRecord


class Window:
    """Counts the dead of a worker over the last seconds.

    Args:
        settings: how many are too many, in how many seconds.
        now: seconds of a clock that only goes forward.
    """

    def __init__(
        self, settings: DeadLetterSettings, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._now = now
        self._deaths: deque[tuple[float, int]] = deque()
        self._count = 0

    def admit(self, stage: str, count: int) -> None:
        """Count that many more.

        Raises:
            TooManyDeadLetters: when the window would hold more than the limit; none is counted.
        """
        now = self._now()
        while self._deaths and self._deaths[0][0] <= now - self._settings.window_s:
            self._count -= self._deaths.popleft()[1]
        if count and self._count + count > self._settings.limit:
            raise TooManyDeadLetters(
                f"more than {self._settings.limit:,} records died within "
                f"{self._settings.window_s:g} s, the last at the stage {stage!r}: rather a bad "
                "deploy than bad records. minyi dead-letters list tells the reasons, and minyi "
                "dead-letters retry brings back what died wrongly. Where the records are that bad, "
                "raise MINYI_DEAD_LETTERS__LIMIT"
            )
        if count:
            self._deaths.append((now, count))
            self._count += count


class DeadLetters:
    """Writes to the topic ``dead-letters``, up to a limit in a window of time."""

    def __init__(self, topic: Any, clock: Clock, progress: Progress, window: Window) -> None:
        self._topic = topic
        self._clock = clock
        self._progress = progress
        self._window = window

    async def send(self, stage: str, casualties: Sequence[Casualty]) -> None:
        """Send the events' records with their reasons; durable when the call returns.

        A record that is read again after a crash gets the same key, and compaction keeps one.

        Raises:
            TooManyDeadLetters: when these are too many; none is sent, and the caller must not
                acknowledge the batch.
        """
        self._window.admit(stage, len(casualties))
        deliveries = []
        for casualty in casualties:
            message, error = casualty.event.message, casualty.error
            letter = dead_letter(
                message.value or b"",
                origin=f"{message.topic}/{message.partition}/{message.offset}",
                stage=stage,
                reason=error.reason,
                place=error.place,
                at=self._clock.now(),
                record_key=message.key,
                retry_of=_retry_of(casualty.event),
                edit_number=carried(casualty.event),
            )
            log.warning("dead letter", extra={"origin": letter.origin, "stage": stage})
            deliveries.append(await self._topic.send(key=letter.key, value=letter.to_json()))
        await asyncio.gather(*deliveries)
        if casualties:
            self._progress.bury(stage, len(casualties))


def _retry_of(event: Any) -> str | None:
    """Return the key of the letter that an event's record was retried from."""
    value = event.headers.get(RETRY_OF)
    known = isinstance(value, bytes) and re.fullmatch(rb"[0-9a-f]{%d}" % KEY_LENGTH, value)
    return value.decode() if known else None
