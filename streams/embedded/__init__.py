"""The embedded broker: topics in a folder, with no cluster to run.

Faust finds it behind ``embedded:///absolute/path``; tools use the log itself through
:func:`open_log`. See docs/embedded-broker.md.
"""

from __future__ import annotations

from faust.transport.drivers import TRANSPORTS

from streams.embedded.log import EmbeddedLog
from streams.embedded.records import NewRecord, Record, Topic, TopicPartition
from streams.embedded.shared import SharedLog, open_log
from streams.embedded.transport import Transport

__all__ = [
    "EmbeddedLog",
    "NewRecord",
    "Record",
    "SharedLog",
    "Topic",
    "TopicPartition",
    "Transport",
    "open_log",
    "register",
]


def register() -> None:
    """Make ``faust.App(broker="embedded:///…")`` work without the installed entry point."""
    TRANSPORTS.aliases["embedded"] = "streams.embedded:Transport"
