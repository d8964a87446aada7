"""Questions to the parts of a service that may hang, asked without hanging."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from minyi.logs import said

T = TypeVar("T")

WITHIN_S = 2.0
KEEP_S = 1.0

Check = Callable[[], Awaitable[object]]
"""Returns when all is well, raises with what is not."""


class Question(Generic[T]):
    """One question. While it is not answered it is not asked again, and an answer holds a while.

    Args:
        ask: the question.
        keep_s: so long an answer holds.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], keep_s: float = 0.0) -> None:
        self._ask = ask
        self._keep_s = keep_s
        self._asked: asyncio.Task[T] | None = None
        self._answered_at = 0.0

    async def answer(self, within_s: float = WITHIN_S) -> T:
        """Return the answer.

        Raises:
            TimeoutError: when none came in time.
            Exception: the answer, when it is one.
        """
        asked = self._asked
        if asked is None or (asked.done() and time.monotonic() > self._answered_at + self._keep_s):
            asked = self._asked = asyncio.create_task(self._put())
            asked.add_done_callback(_seen)
        await asyncio.wait({asked}, timeout=within_s)
        if not asked.done():
            raise TimeoutError(f"no answer within {within_s:g} s")
        return asked.result()

    async def _put(self) -> T:
        try:
            return await self._ask()
        finally:
            self._answered_at = time.monotonic()


def _seen(asked: asyncio.Task[object]) -> None:
    """Look at the answer, for nobody may be waiting for it any more."""
    if not asked.cancelled():
        asked.exception()


class Readiness:
    """What a service needs in order to do its work, by name."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._questions = {name: Question(check, KEEP_S) for name, check in checks.items()}

    async def missing(self) -> dict[str, str]:
        """Return what is missing, with the reason; all is asked at once and in bounded time."""
        answers = await asyncio.gather(
            *(question.answer() for question in self._questions.values()), return_exceptions=True
        )
        return {
            name: str(answer) if isinstance(answer, TimeoutError) else said(answer)
            for name, answer in zip(self._questions, answers, strict=True)
            if isinstance(answer, BaseException)
        }
