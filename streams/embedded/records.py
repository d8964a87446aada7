"""What the embedded log holds: records, and the topics and partitions they lie in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from minyi.errors import InvalidRecord

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class NewRecord(NamedTuple):
    """A record to append.

    Args:
        topic: the name of a topic that exists.
        key: what partitions and compaction go by; None spreads over the partitions in turn.
        value: the payload; None is a tombstone in a compacted topic.
        headers: names with bytes, in order; a name may come twice.
        timestamp: milliseconds since the epoch; None is now.
        partition: overrides what the key says, so that a recording keeps its partitions.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int | None = None
    partition: int | None = None


class Record(NamedTuple):
    """A record as the log holds it; ``timestamp`` in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Topic(NamedTuple):
    """How a topic is kept.

    Args:
        name: the topic's name.
        partitions: how many, 1 or more.
        compact: keep only the last record of a key.
        retention_ms: records older than this go; None keeps them for ever.
        retention_bytes: the oldest go while a partition is larger; None is no limit.
    """

    name: str
    partitions: int
    compact: bool
    retention_ms: int | None
    retention_bytes: int | None


@dataclass(slots=True)
class Partition:
    """One partition's state: its row, first kept offset, next offset and size in bytes."""

    row: int
    topic: Topic
    start: int = 0
    next: int = 0
    size: int = 0
    size_when_compacted: int = 0


def checked(record: NewRecord) -> NewRecord:
    """The record, if the log can hold it.

    Raises:
        InvalidRecord: a key, value, header or timestamp is not what :class:`NewRecord` says.
    """
    _, key, value, headers, timestamp, _ = record
    if not (isinstance(key, bytes | None) and isinstance(value, bytes | None)):
        raise InvalidRecord("a key and a value are bytes or None", f"topic {record.topic}")
    for name, content in headers:
        if not (isinstance(name, str) and isinstance(content, bytes)):
            raise InvalidRecord(f"header {name!r} does not hold bytes", f"topic {record.topic}")
    if timestamp is not None and not -(2**63) <= timestamp < 2**63:
        raise InvalidRecord(f"timestamp {timestamp} is out of range", f"topic {record.topic}")
    return record


def size_of(key: bytes | None, value: bytes | None) -> int:
    """Bytes that a record counts for in ``retention_bytes``."""
    return len(key or b"") + len(value or b"")


def dump_headers(headers: Iterable[tuple[str, bytes]]) -> str | None:
    pairs = [[name, value.decode("latin-1")] for name, value in headers]
    return json.dumps(pairs) if pairs else None


def load_headers(text: str | None) -> Headers:
    pairs = json.loads(text) if text else ()
    return tuple((name, value.encode("latin-1")) for name, value in pairs)
