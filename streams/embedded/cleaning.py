"""Retention and compaction of the embedded log.

Both find what has to go on a connection of their own and delete it in short transactions, so an
append waits for one of these at most. The newest record of a partition always stays: it is what
tells a recovering table that it has seen everything.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from minyi.batched import batched
from streams.embedded.records import Partition, TopicPartition
from streams.embedded.store import Store, save

STEP = 2_000
"""Records deleted in one transaction."""
WORTH_COMPACTING = 1 << 20
"""Bytes that a partition must have grown by before it is compacted again."""
TOMBSTONES_STAY_MS = 24 * 3600 * 1000
"""How long a tombstone can be read before compaction drops it too (Kafka's default)."""

OLDEST = """
SELECT "offset", coalesce(length(key), 0) + coalesce(length(value), 0), timestamp FROM records
WHERE partition = :partition AND "offset" < :newest ORDER BY "offset"
"""
SUPERSEDED = """
SELECT "offset", size FROM (
    SELECT "offset", coalesce(length(key), 0) + coalesce(length(value), 0) AS size,
           value IS NULL AND timestamp < :tombstones AS gone,
           row_number() OVER (PARTITION BY key ORDER BY "offset" DESC) AS age
    FROM records WHERE partition = :partition
) WHERE (age > 1 OR gone) AND "offset" < :newest ORDER BY "offset"
"""


def clean(store: Store, partitions: dict[TopicPartition, Partition], force: bool) -> int:
    """See :meth:`EmbeddedLog.clean`. One thread at a time."""
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
                if store.closed:
                    break
                done = replace(partitions[place])
                done.size_when_compacted = done.size
                with store.writing() as db:
                    save(db, [done])
                partitions[place] = done
    return gone


def _expired(store: Store, partition: Partition, now: int) -> Iterator[tuple[int, int]]:
    topic = partition.topic
    oldest_kept = now - topic.retention_ms if topic.retention_ms is not None else None
    size = partition.size
    with store.explained(), closing(store.connect()) as db:
        rows = db.execute(OLDEST, {"partition": partition.row, "newest": partition.next - 1})
        for offset, its_size, timestamp in rows:
            too_old = oldest_kept is not None and timestamp < oldest_kept
            too_much = topic.retention_bytes is not None and size > topic.retention_bytes
            if not (too_old or too_much):
                return
            size -= its_size
            yield offset, its_size


def _superseded(store: Store, partition: Partition, now: int) -> Iterator[tuple[int, int]]:
    with store.explained(), closing(store.connect()) as db:
        names = {
            "partition": partition.row,
            "newest": partition.next - 1,
            "tombstones": now - TOMBSTONES_STAY_MS,
        }
        yield from db.execute(SUPERSEDED, names)


def _delete(
    store: Store,
    partitions: dict[TopicPartition, Partition],
    place: TopicPartition,
    records: Iterator[tuple[int, int]],
) -> int:
    gone = 0
    for step in batched(records, STEP):
        with store.lock:
            if store.closed:
                break
            left = replace(partitions[place])
            with store.writing() as db:
                rows = [(left.row, offset) for offset, _ in step]
                db.executemany('DELETE FROM records WHERE partition = ? AND "offset" = ?', rows)
                first = 'SELECT min("offset") FROM records WHERE partition = ?'
                ((left.start,),) = db.execute(first, (left.row,)).fetchall()
                left.size -= sum(size for _, size in step)
                save(db, [left])
            partitions[place] = left
        gone += len(step)
    return gone
