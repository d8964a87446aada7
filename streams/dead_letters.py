"""Where records go that cannot be read or tagged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minyi.dead_letter import dead_letter
from minyi.errors import InvalidRecord
from minyi.ports import Clock
from streams.progress import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Casualty:
    """An event that cannot go on, and why."""

    event: Any
    error: InvalidRecord


class DeadLetters:
    """Writes to the topic ``dead-letters``."""

    def __init__(self, topic: Any, clock: Clock, progress: Progress) -> None:
        self._topic = topic
        self._clock = clock
        self._progress = progress

    async def send(self, stage: str, casualties: Sequence[Casualty]) -> None:
        """Send the events' records with their reasons; durable when the call returns.

        A record that is read again after a crash gets the same key, and compaction keeps one.
        """
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
            )
            log.warning("dead letter", extra={"origin": letter.origin, "stage": stage})
            deliveries.append(await self._topic.send(key=letter.key, value=letter.to_json()))
        await asyncio.gather(*deliveries)
        if casualties:
            self._progress.add(dead=len(casualties))
