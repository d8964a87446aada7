"""Which edit of its comment a record stems from.

A worker that was paused for longer than its session goes on, when it wakes, with what it had in
hand, though another has worked that off since, and newer edits too. What it then sends to ``links``
or ``opinions`` stands there behind the newer, so the order of those topics does not tell the newer
edit; that of ``comments`` does. So each record carries, in a header, a number that says where its
comment stands on ``comments``: when Kafka appended it, and its offset. Offsets alone would begin
anew with a topic that is made anew.

Only a topic that Kafka itself stamps gives numbers: the clocks of senders may be wrong by years.
One process owns an embedded log, and none there can go on with what another has taken over.
"""

from __future__ import annotations

from typing import Any

HEADER = "minyi-edit"
STAMPED_BY_KAFKA = 1
"""The type of a record's time, where the broker has set it."""
OFFSET_BITS = 20
"""Of the offset, for those that were appended in one millisecond; the whole stays below 2⁶³."""

Headers = tuple[tuple[str, bytes], ...]


def arrived(event: Any) -> int | None:
    """Return the number of a record on ``comments``; None where Kafka has not set its time."""
    message = event.message
    if message.timestamp_type != STAMPED_BY_KAFKA:
        return None
    at = round(message.timestamp * 1000)
    return int(at << OFFSET_BITS | message.offset & (1 << OFFSET_BITS) - 1)


def carried(event: Any) -> int | None:
    """Return the number that a record on ``links`` or ``opinions`` carries, if it does."""
    value = event.headers.get(HEADER)
    return int(value) if isinstance(value, bytes) and value.isdigit() else None


def headers(edit: int | None) -> Headers:
    """Return the headers of a record that stems from an edit."""
    return () if edit is None else ((HEADER, b"%d" % edit),)
