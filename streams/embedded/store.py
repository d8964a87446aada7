"""The SQLite file under the log: its tables, its transactions, its errors in plain words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from minyi.errors import BrokerUnavailable
from streams.embedded.records import Partition, Topic, TopicPartition

VERSION = 1
SCHEMA = f"""
BEGIN;
CREATE TABLE topics (
    name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, compact INTEGER NOT NULL,
    retention_ms INTEGER, retention_bytes INTEGER
);
CREATE TABLE partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL REFERENCES topics, number INTEGER NOT NULL,
    start INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0, size_when_compacted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number)
);
CREATE TABLE records (
    partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, timestamp INTEGER NOT NULL,
    key BLOB, value BLOB, headers TEXT, PRIMARY KEY (partition, "offset")
) WITHOUT ROWID;
CREATE TABLE committed (
    consumer_group TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, partition)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT;
"""


class Store:
    """One writing and one reading connection, each for one thread at a time.

    ``topics`` and ``partitions`` are what the file held when it was opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "log.sqlite3"
        self.lock = threading.RLock()
        self.closed = False
        self._read_lock = threading.Lock()
        with self.explained(), ExitStack() as opened:
            self._file.touch(mode=0o600)  # its companions get its mode
            self._writer = opened.enter_context(closing(self.connect()))
            self._reader = opened.enter_context(closing(self.connect()))
            self.topics, self.partitions = self._load()
            opened.pop_all()

    def close(self) -> None:
        with self.lock, self._read_lock:
            self.closed = True
            self._writer.close()
            self._reader.close()

    def connect(self) -> sqlite3.Connection:
        """A further connection, for a long read of one's own."""
        db = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA journal_size_limit = {64 << 20}")
        except BaseException:
            db.close()
            raise
        return db

    def _load(self) -> tuple[dict[str, Topic], dict[TopicPartition, Partition]]:
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._writer.executescript(SCHEMA)
        elif version != VERSION:
            raise BrokerUnavailable(
                f"The log {self.folder} was written by another version of Minyi (format "
                f"{version}, this one reads {VERSION}): use that version or another folder."
            )
        topics = {
            name: Topic(name, partitions, bool(compact), *retention)
            for name, partitions, compact, *retention in self._writer.execute(
                "SELECT * FROM topics"
            )
        }
        partitions = {
            TopicPartition(topic, number): Partition(row, topics[topic], *state)
            for row, topic, number, *state in self._writer.execute(
                "SELECT * FROM partitions ORDER BY id"
            )
        }
        return topics, partitions

    def add_topic(self, topic: Topic) -> dict[TopicPartition, Partition]:
        partitions = {}
        with self.writing() as db:
            db.execute("INSERT INTO topics VALUES (?, ?, ?, ?, ?)", topic)
            for number in range(topic.partitions):
                place = TopicPartition(topic.name, number)
                row = db.execute("INSERT INTO partitions (topic, number) VALUES (?, ?)", place)
                partitions[place] = Partition(row.lastrowid or 0, topic)
        return partitions

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and on the disk at the end."""
        with self.lock, self.explained():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Sees what is committed, never waits for a writer."""
        with self._read_lock, self.explained():
            yield self._reader

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what SQLite or the disk raises into BrokerUnavailable, saying what to do."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                what = (
                    f"The disk that holds the log {self.folder} is full: free some space and "
                    "start again. What was not acknowledged was not written."
                )
            else:
                what = f"The log {self.folder} cannot be used: {error}."
            raise BrokerUnavailable(what) from error


def save(db: sqlite3.Connection, partitions: Iterable[Partition]) -> None:
    """Write partitions' states within a transaction."""
    db.executemany(
        "UPDATE partitions SET start = ?, next = ?, size = ?, size_when_compacted = ? WHERE id = ?",
        [(p.start, p.next, p.size, p.size_when_compacted, p.row) for p in partitions],
    )
