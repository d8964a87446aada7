"""Retention and compaction of the embedded log.

Both find what has to go on a connection of their own and delete it in short transactions, so an
append waits for one of these at most. The newest record of a partition always stays: it is what
tells a recovering table that it has seen everything.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from streams.embedded.records import Partition, TopicPartition
from streams.embedded.store import Store, save

STEP = 2_000
"""Records deleted in one transaction."""
WORTH_COMPACTING = 1 << 20
"""Bytes that a partition must have grown by before it is compacted again."""
TOMBSTONES_STAY_MS = 24 * 3600 * 1000
"""How long a tombstone can be read before compaction drops it too (Kafka's default)."""

SUPERSEDED = """
SELECT "offset" FROM (
    SELECT "offset", value IS NULL AND timestamp < :tombstones AS gone,
           row_number() OVER (PARTITION BY key ORDER BY "offset" DESC) AS age
    FROM records WHERE partition = :partition
) WHERE (age > 1 OR gone) AND "offset" < :newest ORDER BY "offset"
"""
OLDEST = """
SELECT "offset", timestamp, coalesce(length(key), 0) + coalesce(length(value), 0)
FROM records WHERE partition = :partition AND "offset" < :newest ORDER BY "offset"
"""
DELETE = """
DELETE FROM records WHERE partition = ? AND "offset" = ?
RETURNING coalesce(length(key), 0) + coalesce(length(value), 0)
"""
FIRST = 'SELECT min("offset") FROM records WHERE partition = ?'


def clean(store: Store, partitions: dict[TopicPartition, Partition], force: bool) -> int:
    """See :meth:`EmbeddedLog.clean`."""
    now = time.time_ns() // 1_000_000
    gone = 0
    for place in list(partitions):
        partition = partitions[place]
        topic = partition.topic
        if topic.retention_ms is not None or topic.retention_bytes is not None:
            gone += _delete(store, partitions, place, _expired(store, partition, now))
        due = 2 * partition.size_when_compacted + WORTH_COMPACTING
        if topic.compact and (force or partition.size >= due):
            gone += _delete(store, partitions, place, _superseded(store, partition, now))
            with store.lock:
                done = replace(partitions[place])
                done.size_when_compacted = done.size
                with store.writing() as db:
                    save(db, [done])
                partitions[place] = done
    return gone


def _expired(store: Store, partition: Partition, now: int) -> Iterator[int]:
    topic = partition.topic
    oldest_kept = now - topic.retention_ms if topic.retention_ms is not None else None
    size = partition.size
    with store.explained(), closing(store.connect()) as db:
        rows = db.execute(OLDEST, {"partition": partition.row, "newest": partition.next - 1})
        for offset, timestamp, its_size in rows:
            too_old = oldest_kept is not None and timestamp < oldest_kept
            too_much = topic.retention_bytes is not None and size > topic.retention_bytes
            if not (too_old or too_much):
                return
            size -= its_size
            yield offset


def _superseded(store: Store, partition: Partition, now: int) -> Iterator[int]:
    with store.explained(), closing(store.connect()) as db:
        names = {
            "partition": partition.row,
            "newest": partition.next - 1,
            "tombstones": now - TOMBSTONES_STAY_MS,
        }
        for (offset,) in db.execute(SUPERSEDED, names):
            yield offset


def _delete(
    store: Store,
    partitions: dict[TopicPartition, Partition],
    place: TopicPartition,
    offsets: Iterator[int],
) -> int:
    gone = 0
    while step := list(itertools.islice(offsets, STEP)):
        with store.lock:
            left = replace(partitions[place])
            with store.writing() as db:
                for offset in step:
                    (size,) = db.execute(DELETE, (left.row, offset)).fetchone()
                    left.size -= size
                (first,) = db.execute(FIRST, (left.row,)).fetchone()
                left.start = first
                save(db, [left])
            partitions[place] = left
        gone += len(step)
    return gone
