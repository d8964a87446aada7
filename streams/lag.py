"""How far the agents are behind: measured every few seconds, on every broker alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from minyi.logs import said
from streams.metrics import Metrics, Place

log = logging.getLogger(__name__)

EVERY_S = 5.0


async def watch_lag(app: Any, topics: Collection[str], metrics: Metrics) -> None:
    """Keep ``metrics.lag`` up to date until cancelled; it is empty while the broker is away."""
    while True:
        try:
            metrics.lag = await lag(app.consumer, topics)
        except Exception as error:
            if metrics.lag:
                log.warning("the lag cannot be measured", extra={"reason": said(error)})
            metrics.lag = {}
        await asyncio.sleep(EVERY_S)


async def lag(consumer: Any, topics: Collection[str]) -> dict[Place, int]:
    """Return how many records of each partition are not yet committed.

    Args:
        consumer: a Faust consumer.
        topics: those that are looked at; a table's changelog is nobody's work.
    """
    assigned = {tp for tp in consumer.assignment() if tp.topic in topics}
    if not assigned:
        return {}
    ends = await consumer.highwaters(*assigned)
    # Faust keeps the committed offsets for itself; its monitor knows only those since the start.
    done = {tp: consumer._committed_offset.get(tp) for tp in assigned}
    new = [tp for tp, offset in done.items() if offset is None]
    first = await consumer.earliest_offsets(*new) if new else {}
    return {
        (tp.topic, tp.partition): max(0, ends[tp] - (done[tp] or first.get(tp, 0)))
        for tp in assigned
    }
