"""Where records go that cannot be read or tagged."""

from __future__ import annotations

import logging
from typing import Any

from minyi.dead_letter import DeadLetter, dead_letter
from minyi.ports import Clock
from streams.progress import Progress

log = logging.getLogger(__name__)


class DeadLetters:
    """Writes to the topic ``dead-letters``; a letter is durable when sent."""

    def __init__(self, topic: Any, clock: Clock, progress: Progress) -> None:
        self._topic = topic
        self._clock = clock
        self._progress = progress

    async def send(self, event: Any, stage: str, reason: str, place: str = "") -> DeadLetter:
        """Send the record of an event, with the reason and the place in it."""
        message = event.message
        origin = f"{message.topic}/{message.partition}/{message.offset}"
        letter = dead_letter(
            message.value or b"",
            origin=origin,
            stage=stage,
            reason=reason,
            place=place,
            at=self._clock.now(),
        )
        delivery = await self._topic.send(key=letter.key, value=letter.to_json())
        await delivery
        self._progress.add(dead=1)
        log.warning("dead letter: %s at %s (%s)", origin, stage, place or "whole record")
        return letter
