"""What an agent has not taken yet: bounded by its bytes, and not by its number of records alone."""

from __future__ import annotations

import logging
from typing import Any

import faust
from mode.utils.queues import ThrowableQueue

UNIT_BYTES = 4096
"""So many bytes of a record fill one place of a buffer: most records take one, a comment of 20,000
Chinese characters fifteen."""


class Buffer(ThrowableQueue[Any]):
    """A queue in which a long record takes several places, so that Faust, which looks at how many
    are taken, pauses the partition of long records sooner."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._taken = 0

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._taken += _places(item)

    def _get(self) -> Any:
        item = super()._get()
        self._taken -= _places(item)
        return item

    def clear(self) -> None:
        super().clear()
        self._taken = 0

    def qsize(self) -> int:
        """Return how many places are taken."""
        return self._taken


def _places(item: Any) -> int:
    value = item.message.value if isinstance(item, faust.EventT) else None
    return 1 + len(value or b"") // UNIT_BYTES


class App(faust.App):
    """A Faust app with such buffers."""

    logger = logging.getLogger("faust.app")
    """Whatever Faust says of itself stays under its own name: it is told from a warning on."""

    def FlowControlQueue(  # noqa: N802  # Faust's name
        self, maxsize: int | None = None, *, clear_on_resume: bool = False
    ) -> Buffer:
        return Buffer(maxsize, flow_control=self.flow_control, clear_on_resume=clear_on_resume)
