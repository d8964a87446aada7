"""dead-letters → a store that keeps a copy of them, where the index is one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from minyi.dead_letter import DeadLetter
from minyi.errors import InvalidRecord
from minyi.ports import DeadLetterMirror
from streams.agents import Steps
from streams.batching import Event, acknowledge, batches

log = logging.getLogger(__name__)

BATCH, WAIT_S = 200, 1.0


class Mirroring:
    """Copies letters as they come and go; waits while the store is unavailable."""

    def __init__(self, mirror: DeadLetterMirror, steps: Steps) -> None:
        self._mirror = mirror
        self._steps = steps

    async def step(self, stream: Any) -> None:
        """Follow the topic, batch by batch."""
        async for batch in batches(stream, BATCH, WAIT_S, self._steps.gate):
            letters, dropped = _latest(batch)
            await self._steps.patiently("letters", self._mirror.mirror, letters, dropped)
            await acknowledge(stream, batch)


def _latest(batch: Sequence[Event]) -> tuple[list[DeadLetter], list[str]]:
    """Return the letters that a batch leaves, and the keys that it drops."""
    held: dict[str, DeadLetter | None] = {}
    for event in batch:
        key, value = (event.message.key or b"").decode(errors="replace"), event.message.value
        try:
            held[key] = DeadLetter.from_json(value) if value else None
        except InvalidRecord:  # it cannot become a dead letter: this would never end
            log.warning("a record is no dead letter", extra={"offset": event.message.offset})
    letters = [letter for letter in held.values() if letter is not None]
    return letters, [key for key, letter in held.items() if letter is None]
