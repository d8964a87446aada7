"""The embedded log: topics, records and committed offsets in one SQLite file.

SQLite runs in write-ahead mode with ``synchronous=FULL``: when :meth:`EmbeddedLog.append` returns,
its records are on the disk, all of the call or none of it. A call costs one ``fsync`` whatever its
size, so who writes much appends in batches.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from minyi.errors import BrokerUnavailable, InvalidQuery, InvalidRecord, LogInUse
from minyi.folders import private_folder
from streams.embedded.cleaning import clean
from streams.embedded.lock import OwnerLock
from streams.embedded.records import (
    NewRecord,
    Partition,
    Record,
    Topic,
    TopicPartition,
    checked,
    dump_headers,
    load_headers,
    size_of,
)
from streams.embedded.store import Store, save
from streams.partitioning import partition_of


class EmbeddedLog:
    """Own the log in a folder, which is created when missing. Safe to use from several threads.

    A process that may already have the log open (its Faust app does) takes
    :func:`streams.embedded.open_log` instead.

    Raises:
        LogInUse: another process, or another handle of this one, owns the log.
        BrokerUnavailable: the folder cannot be written, or is not a log.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        self._listeners: list[Callable[[], None]] = []
        self._groups: set[str] = set()
        self._turn = itertools.count()
        self._cleaning = threading.Lock()
        try:
            private_folder(self.folder)
            self._owner = OwnerLock(self.folder)
        except OSError as error:
            message = f"The log {self.folder} cannot be opened: {error}."
            raise BrokerUnavailable(message) from error
        try:
            self._store = Store(self.folder)
        except BaseException:
            self._owner.release()
            raise
        self._topics, self._partitions = self._store.topics, self._store.partitions

    def close(self) -> None:
        """Close the files and let another process have the log. Safe to call twice."""
        self._store.close()
        self._owner.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def announce(self, api_url: str) -> None:
        """Tell a process that finds the log in use where this one's API answers."""
        self._owner.announce(api_url)

    # Topics

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        *,
        compact: bool = False,
        retention_ms: int | None = None,
        retention_bytes: int | None = None,
    ) -> Topic:
        """Create a topic, see :class:`Topic`. One that exists is returned as it is, like Kafka."""
        if partitions < 1:
            raise InvalidQuery(f"Topic {name!r} needs at least one partition, not {partitions}.")
        topic = Topic(name, partitions, compact, retention_ms, retention_bytes)
        with self._store.lock:
            if name not in self._topics:
                self._partitions.update(self._store.add_topic(topic))
                self._topics[name] = topic
            return self._topics[name]

    def topics(self) -> dict[str, Topic]:
        """Every topic by name."""
        return dict(self._topics)

    def highwaters(self) -> dict[TopicPartition, int]:
        """The offset that the next record of each partition will get."""
        return {key: partition.next for key, partition in list(self._partitions.items())}

    def highwater(self, topic: str, partition: int) -> int:
        """The offset that the next record will get."""
        return self._partition(topic, partition).next

    def earliest(self, topic: str, partition: int) -> int:
        """The first offset that retention has left; compaction may have left gaps behind it."""
        return self._partition(topic, partition).start

    # Records

    def partition_for(self, topic: str, key: bytes | None, partition: int | None = None) -> int:
        """The partition of a record: the one that is named, else as Kafka's own clients do by
        the murmur2 hash of the key, else each in turn.

        Raises:
            InvalidQuery: no such topic or partition.
            InvalidRecord: a record without a key for a compacted topic.
        """
        config = self._topics.get(topic)
        if config is None:
            raise InvalidQuery(f"The log has no topic {topic!r}: create it first.")
        if config.compact and key is None:
            raise InvalidRecord("a record needs a key", f"compacted topic {topic}")
        if partition is not None:
            self._partition(topic, partition)
            return partition
        if key is None:
            return next(self._turn) % config.partitions
        return partition_of(key, config.partitions)

    def append(self, records: Iterable[NewRecord]) -> list[Record]:
        """Append records in order and return them as kept, once they are on the disk.

        Raises:
            InvalidQuery, InvalidRecord: see :meth:`partition_for` and :func:`checked`; nothing is
                appended.
            BrokerUnavailable: the disk is full or fails; nothing is appended.
        """
        now = time.time_ns() // 1_000_000
        kept: list[Record] = []
        rows = []
        with self._store.lock:
            grown: dict[TopicPartition, Partition] = {}
            for topic, key, value, headers, timestamp, number in map(checked, records):
                place = TopicPartition(topic, self.partition_for(topic, key, number))
                partition = grown.get(place)
                if partition is None:
                    partition = grown[place] = replace(self._partitions[place])
                at = now if timestamp is None else timestamp
                kept.append(Record(*place, partition.next, at, key, value, tuple(headers)))
                rows.append((partition.row, partition.next, at, key, value, dump_headers(headers)))
                partition.next += 1
                partition.size += size_of(key, value)
            with self._store.writing() as db:
                db.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", rows)
                save(db, grown.values())
            self._partitions.update(grown)
        self._notify()
        return kept

    def read(
        self,
        topic: str,
        partition: int,
        offset: int,
        max_records: int = 500,
        max_bytes: int = 1 << 20,
    ) -> list[Record]:
        """The next records from ``offset`` on, at least one if there is one, in order.

        A page ends at ``max_records``, or with the record that makes it ``max_bytes`` or more.
        """
        row = self._partition(topic, partition).row
        page: list[Record] = []
        size = 0
        with self._store.reading() as db:
            rows = db.execute(
                'SELECT "offset", timestamp, key, value, headers FROM records'
                ' WHERE partition = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?',
                (row, offset, max_records),
            )
            for at, timestamp, key, value, headers in rows:
                header = load_headers(headers)
                page.append(Record(topic, partition, at, timestamp, key, value, header))
                size += size_of(key, value)
                if size >= max_bytes:
                    break
            rows.close()
        return page

    # Consumer groups

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Note that a group has processed everything before these offsets; it is on the disk then.

        An offset may move back, which is how a group is made to read again.
        """
        rows = [(group, self._partition(*place).row, offset) for place, offset in offsets.items()]
        with self._store.writing() as db:
            db.executemany("INSERT OR REPLACE INTO committed VALUES (?, ?, ?)", rows)
        self._notify()

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """A group's committed offset in each partition where it has one."""
        with self._store.reading() as db:
            rows = db.execute(
                'SELECT topic, number, "offset" FROM committed'
                " JOIN partitions ON partitions.id = committed.partition"
                " WHERE consumer_group = ?",
                (group,),
            ).fetchall()
        return {TopicPartition(topic, number): offset for topic, number, offset in rows}

    def lag(self, group: str, topics: Sequence[str] | None = None) -> dict[TopicPartition, int]:
        """How many offsets each partition holds that the group has not committed.

        Args:
            topics: these topics, with or without a commit; None is where the group has committed.
        """
        done = self.committed(group)
        return {
            place: partition.next - max(done.get(place, 0), partition.start)
            for place, partition in list(self._partitions.items())
            if (place in done if topics is None else place.topic in topics)
        }

    def join(self, group: str) -> None:
        """Become the one consumer of a group; :meth:`leave` ends it.

        Raises:
            LogInUse: the group has its consumer in this process already.
        """
        with self._store.lock:
            if group in self._groups:
                raise LogInUse(
                    f"The group {group!r} already has a consumer on the log {self.folder}: an "
                    "embedded log has one consumer for each group. Use another app id."
                )
            self._groups.add(group)

    def leave(self, group: str) -> None:
        """Stop being the consumer of a group."""
        self._groups.discard(group)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every append and commit, from the thread that made it."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Undo :meth:`add_listener`."""
        self._listeners.remove(listener)

    def clean(self, force: bool = False) -> int:
        """Apply retention and compaction; return how many records went.

        The newest record of a partition always stays. Compaction runs where a partition has
        doubled since the last time, or everywhere with ``force``. Appends go on meanwhile.
        """
        with self._cleaning:
            return clean(self._store, self._partitions, force)

    def _partition(self, topic: str, number: int) -> Partition:
        try:
            return self._partitions[TopicPartition(topic, number)]
        except KeyError:
            raise InvalidQuery(f"The log has no partition {number} of {topic!r}.") from None

    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()
