"""Keeps what people wrote out of the logs of the libraries below.

Faust and aiokafka print whole records: a failed send and a future that nobody looked at name the
message with its key and value, and their debug lines do so for every record.
"""

from __future__ import annotations

import logging
from typing import Any

from faust.events import Event
from faust.types.tuples import FutureMessage, PendingMessage

WORDY = ("send: topic=%r", "Sending (key=%s", "DROPPED MESSAGE")
"""How the debug lines begin that hold a record's key and value."""
LOGGERS = (
    "faust.topics",
    "faust.channels",
    "faust.transport.consumer",
    "faust.transport.drivers.aiokafka",
    "aiokafka.producer.producer",
)


def _without_records(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(WORDY)


def _place(message: Any) -> str:
    """Say where a pending message goes, not what it holds."""
    try:
        topic = message.channel.get_topic_name()
    except (AttributeError, TypeError, ValueError):
        topic = message.topic
    return f"topic={topic!r} partition={message.partition!r}"


def _pending(self: PendingMessage) -> str:
    return f"<{type(self).__name__}: {_place(self)}>"


def _future(self: FutureMessage) -> str:
    return f"<{type(self).__name__}: {_place(self.message)}>"


def _event(self: Event) -> str:
    return f"<{type(self).__name__}: {self.message!r}>"


def keep_quiet() -> None:
    """Leave keys and values out of what the libraries log; may be called again."""
    for kind, shown in ((PendingMessage, _pending), (FutureMessage, _future), (Event, _event)):
        setattr(kind, "__repr__", shown)  # noqa: B010  # a type checker refuses the assignment
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _without_records not in logger.filters:
            logger.addFilter(_without_records)
