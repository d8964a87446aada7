"""The embedded index: opinions in one SQLite file. ``docs/store-choice.md`` says why SQLite."""

# ruff: noqa: S608 (names in the statements come from this file and the enums, values are bound)
from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import Lock

from indexers import daily, facts
from indexers.edits import newest, superseded
from indexers.leftovers import last_words, leftovers
from indexers.queries import decode_cursor, digest, encode_cursor, moment, terms
from indexers.recent import Recent
from indexers.tables import SCHEMA, VERSION, copies, insert, match, remove, where
from indexers.tabulate import Tables
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, InvalidQuery, SettingError
from minyi.folders import private_folder
from minyi.ports import About, Edits
from minyi.query import (
    AnswerCell,
    Cell,
    Counts,
    Facet,
    Filters,
    Group,
    Interval,
    Page,
    Rejection,
    TrendPoint,
)

FILE = "opinions.sqlite"
Written = tuple[Opinion, bytes, int]
"""An opinion, its JSON and the number of its edit."""

BUSY_S = 30.0
"""How long a write waits for the write of another process."""


class EmbeddedIndex:
    """The port ``Index`` over a folder. One process writes at a time; threads and other processes
    read at once, each from the last committed state.

    Args:
        path: the folder; made when missing.

    Raises:
        SettingError: when the folder cannot be used or holds a file of another version.
    """

    def __init__(self, path: Path) -> None:
        self._file = path / FILE
        self._writing = Lock()
        self._readers: list[sqlite3.Connection] = []
        self._recent = Recent()
        self._closed = False
        try:
            private_folder(path)
            self._file.touch(mode=0o600)  # its companions get its mode
            self._writer = self._connect()
            # Ids and pairs land all over the file: with 64 MB at hand and a merge of the log into
            # the file every 40 MB, a million opinions load twice as fast as with the defaults.
            self._writer.executescript(
                "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 10000;"
            )
        except (OSError, sqlite3.Error) as error:
            raise SettingError(
                f"no index can be kept in {path}: {error}; name another folder in MINYI_INDEX"
            ) from error

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        """See ``Index.upsert``. All are written, but those of which a newer edit is there, or
        none."""
        with self._write() as db:
            wanted = newest(opinions, edits)
            held = {
                id_: (raw, edit)
                for id_, raw, edit in db.execute(
                    "SELECT id, json, edit FROM opinion JOIN record USING (seq)"
                    " WHERE id IN (SELECT value FROM json_each(?))",
                    (json.dumps(list(wanted)),),
                )
            }
            older, fresh, renumbered = list[str](), list[Written](), list[tuple[int, str]]()
            for id_, (opinion, number) in wanted.items():
                raw, at = held.get(id_, (None, 0))
                edit = at if number is None else number
                if edit < at:
                    older.append(id_)
                elif (written := opinion.to_json()) != raw:
                    fresh.append((opinion, written, edit))
                elif edit > at:
                    renumbered.append((edit, id_))
            codes = facts.encode(db, (opinion for opinion, *_ in fresh))
            gone = remove(db, [opinion.id for opinion, *_ in fresh])
            daily.change(db, [insert(db, *each, codes) for each in fresh], gone)
            db.executemany(
                "UPDATE record SET edit = ? WHERE seq = (SELECT seq FROM opinion WHERE id = ?)",
                renumbered,
            )
        return [superseded(id_) for id_ in older]

    def delete(self, ids: Sequence[str]) -> int:
        """Delete by id; return how many existed."""
        with self._write() as db:
            gone = remove(db, ids)
            daily.change(db, [], gone)
        return len(gone)

    def retract(self, edits: Sequence[About]) -> int:
        """See ``Index.retract``."""
        last = last_words(edits)
        with self._write() as db:
            held = copies(db, list(last))
            stale = [c for id_, found in held.items() for c in leftovers(last[id_], found)]
            gone = remove(db, [copy.id for copy in stale])
            daily.change(db, [], gone)
        return len(gone)

    def refresh(self) -> None:
        """See ``Index.refresh``; here all is found at once."""

    def search(
        self, query: str, filters: Filters, limit: int = 20, cursor: str | None = None
    ) -> Page:
        """See ``Index.search``. Ties in time are in descending order of id.

        Raises:
            InvalidQuery: when the cursor is not valid or the limit is not positive.
        """
        if limit < 1:
            raise InvalidQuery("the limit must be at least 1")
        condition, values = where(filters)
        # Without words, an index that runs by time lists the newest without sorting the rest.
        tables = f"opinion INDEXED BY {'by_policy' if filters.policy_id else 'by_time'}"
        if words := terms(query):
            # CROSS JOIN keeps the order: from the words to the facets.
            tables = "pair CROSS JOIN opinion ON opinion.seq = pair.rowid"
            condition, values = f"pair MATCH ? AND {condition}", [match(words), *values]
        after, key = "TRUE", []
        if cursor is not None:
            after, key = "(created, id) < (?, ?)", [*decode_cursor(cursor)]
        with self._read() as db:
            if words:
                (total,) = db.execute(
                    f"SELECT COUNT(*) FROM {tables} WHERE {condition}", values
                ).fetchone()
            else:
                total = Tables(db, self._recent).total(filters)
            rows = db.execute(
                "SELECT created, id, json FROM record JOIN ("
                f" SELECT opinion.seq, created, id FROM {tables}"
                f" WHERE {condition} AND {after}"
                " ORDER BY created DESC, id DESC LIMIT ?"
                ") USING (seq) ORDER BY created DESC, id DESC",
                [*values, *key, limit + 1],
            ).fetchall()
        return Page(
            items=tuple(Opinion.from_json(raw) for _, _, raw in rows[:limit]),
            cursor=encode_cursor(rows[limit - 1][:2]) if len(rows) > limit else None,
            total=total,
        )

    def trend(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        """See ``Index.trend``. The group None, for opinions that lack the field, comes first.

        An evaluated cell counts once in ``collapsed`` when any of the near-identical texts has it.
        """
        with self._read() as db:
            return Tables(db, self._recent).trend(filters, interval, group)

    def volumes(self, filters: Filters, interval: Interval) -> dict[date, int]:
        """See ``Index.volumes``."""
        with self._read() as db:
            return Tables(db, self._recent).volumes(filters, interval)

    def totals(self, filters: Filters) -> dict[str, Counts]:
        """See ``Index.totals``."""
        with self._read() as db:
            return Tables(db, self._recent).totals(filters)

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        """See ``Index.cells``."""
        with self._read() as db:
            return Tables(db, self._recent).cells(filters, by, interval)

    def votes(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        """See ``Index.votes``."""
        with self._read() as db:
            return Tables(db, self._recent).votes(filters, interval, group)

    def answers(self, filters: Filters, by: Sequence[Facet]) -> list[AnswerCell]:
        """See ``Index.answers``."""
        with self._read() as db:
            return Tables(db, self._recent).answers(filters, by)

    def newest(self, filters: Filters) -> datetime | None:
        """Return the newest ``created_at``, in UTC."""
        condition, values = where(filters)
        with self._read() as db:
            (newest,) = db.execute(
                f"SELECT MAX(created) FROM opinion WHERE {condition}", values
            ).fetchone()
        return None if newest is None else moment(newest)

    def digest(self) -> tuple[int, str]:
        """Return the number of opinions and a SHA-256 over all of them in order of id."""
        with self._read() as db:
            rows = db.execute("SELECT json FROM opinion JOIN record USING (seq) ORDER BY id")
            return digest(raw for (raw,) in rows)

    def count(self) -> int:
        """Return the number of opinions."""
        with self._read() as db:
            (n,) = db.execute("SELECT COUNT(*) FROM opinion").fetchone()
        return int(n)

    def close(self) -> None:
        """Release the store; afterwards no method may be called."""
        with self._writing:
            self._closed = True
            self._writer.close()
            while self._readers:
                self._readers.pop().close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._file, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        with ExitStack() as unless_all_goes_well:
            unless_all_goes_well.callback(db.close)
            # FULL: a commit survives a power cut too. Mapped pages are shared by all connections.
            db.executescript("PRAGMA synchronous = FULL; PRAGMA mmap_size = 1073741824;")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(SCHEMA)
            elif version != VERSION:
                raise SettingError(
                    f"{self._file} was written by another version of Minyi; move "
                    f"{self._file.parent} away, and fill it anew from the log: minyi record "
                    "all.jsonl.gz, then minyi replay all.jsonl.gz"
                )
            unless_all_goes_well.pop_all()
        return db

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside one read transaction: one state of the index."""
        with _available():
            try:
                db = self._readers.pop()
            except IndexError:
                db = self._connect()
            try:
                db.execute("BEGIN")
                yield db
            finally:
                db.rollback()
                if self._closed:
                    db.close()
                else:
                    self._readers.append(db)

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection inside one transaction."""
        with self._writing, _available():
            self._writer.execute("BEGIN IMMEDIATE")
            with self._writer:
                yield self._writer


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise IndexUnavailable(f"the embedded index cannot be used now: {error}") from error
