"""A start that waits for the servers that it needs."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from minyi.errors import Retryable
from minyi.logs import said

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0


async def until_available(
    step: Callable[[], Awaitable[T]],
    patient: bool = True,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Carry out a step of a start until it no longer raises ``Retryable``, with growing, jittered
    pauses; every failure is logged, since it may go on without end.

    Args:
        step: what may be done again from its beginning.
        patient: whether to try again at all.
        sleep: waits for some seconds; tests hold it.

    Raises:
        Retryable: the first failure, when not patient.
    """
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await step()
        except Retryable as error:
            if not patient:
                raise
            log.warning(
                "waiting to start", extra={"pause_s": round(pause, 1), "reason": said(error)}
            )
        await sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads load
        pause = min(2 * pause, LONGEST_PAUSE_S)
