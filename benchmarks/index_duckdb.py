"""The store that was not chosen: the port ``Index`` over DuckDB. ``docs/store-choice.md``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from indexers.queries import (
    Tally,
    decode_cursor,
    digest,
    encode_cursor,
    marks,
    microseconds,
    moment,
    searchable,
    terms,
)
from indexers.tables import where
from minyi.domain import SHANGHAI, Opinion
from minyi.errors import InvalidQuery
from minyi.query import Counts, Filters, Group, Interval, Page, Rejection, TrendPoint
from minyi.vocabulary import Stance

_SCHEMA = """
CREATE TABLE IF NOT EXISTS opinion (
    id VARCHAR PRIMARY KEY, created BIGINT, day INTEGER, week INTEGER, month INTEGER,
    policy_id VARCHAR, domain VARCHAR, source VARCHAR, region VARCHAR, channel VARCHAR,
    stance VARCHAR, marks INTEGER, duplicate_key VARCHAR, json VARCHAR, searchable VARCHAR
)"""
_COLUMNS = 15


class DuckIndex:
    """One DuckDB file; text is searched by scanning, since the ``fts`` extension is a download."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._db = duckdb.connect(str(path / "opinions.duckdb"))
        self._db.execute(_SCHEMA)
        self._writing = Lock()

    def upsert(self, opinions: Sequence[Opinion]) -> list[Rejection]:
        latest = {opinion.id: opinion for opinion in opinions}
        if not latest:
            return []
        columns = [list(column) for column in zip(*map(_row, latest.values()), strict=True)]
        values = ", ".join("unnest(?)" for _ in range(_COLUMNS))
        with self._writing:
            self._db.cursor().execute(f"INSERT OR REPLACE INTO opinion SELECT {values}", columns)
        return []

    def delete(self, ids: Sequence[str]) -> int:
        with self._writing:
            return len(
                self._db.cursor()
                .execute("DELETE FROM opinion WHERE list_contains(?, id) RETURNING id", [list(ids)])
                .fetchall()
            )

    def search(
        self, query: str, filters: Filters, limit: int = 20, cursor: str | None = None
    ) -> Page:
        if limit < 1:
            raise InvalidQuery("the limit must be at least 1")
        condition, values = where(filters)
        for term in terms(query):
            condition += " AND contains(searchable, ?)"
            values.append(term)
        after, key = "TRUE", list[str | int]()
        if cursor is not None:
            moment, id_ = decode_cursor(cursor)
            after, key = "(created < ? OR created = ? AND id < ?)", [moment, moment, id_]
        db = self._db.cursor()
        total = _one(db.execute(f"SELECT COUNT(*) FROM opinion WHERE {condition}", values))
        rows = db.execute(
            f"SELECT created, id, json FROM opinion WHERE {condition} AND {after}"
            " ORDER BY created DESC, id DESC LIMIT ?",
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
        cell = f"{interval.value} AS bucket, {group.value if group else 'NULL'} AS name, stance"
        condition, values = where(filters)
        once = (
            f"SELECT {cell}, duplicate_key, bit_or(marks) AS marks FROM opinion"
            f" WHERE {condition} GROUP BY ALL"
        )
        counted = self._tally(f"SELECT {cell}, marks FROM opinion WHERE {condition}", values)
        collapsed = self._tally(f"SELECT bucket, name, stance, marks FROM ({once})", values)
        return [
            TrendPoint(
                bucket=date.fromordinal(bucket),
                group=name,
                counts=tally.counts(),
                collapsed=collapsed[bucket, name].counts(),
            )
            for (bucket, name), tally in sorted(
                counted.items(),
                key=lambda item: (item[0][0], item[0][1] is not None, item[0][1] or ""),
            )
        ]

    def totals(self, filters: Filters) -> dict[str, Counts]:
        condition, values = where(filters)
        tallies = self._tally(
            f"SELECT 0 AS bucket, policy_id AS name, stance, marks FROM opinion WHERE {condition}",
            values,
        )
        return {str(name): tally.counts() for (_, name), tally in tallies.items()}

    def newest(self, filters: Filters) -> datetime | None:
        condition, values = where(filters)
        newest = _one(
            self._db.cursor().execute(f"SELECT MAX(created) FROM opinion WHERE {condition}", values)
        )
        return None if newest is None else moment(newest)

    def digest(self) -> tuple[int, str]:
        rows = self._db.cursor().execute("SELECT json FROM opinion ORDER BY id")
        return digest(raw.encode() for (raw,) in iter(rows.fetchone, None))

    def count(self) -> int:
        return int(_one(self._db.cursor().execute("SELECT COUNT(*) FROM opinion")))

    def close(self) -> None:
        self._db.close()

    def _tally(
        self, rows: str, values: list[str | int]
    ) -> defaultdict[tuple[int, str | None], Tally]:
        tallies: defaultdict[tuple[int, str | None], Tally] = defaultdict(Tally)
        for bucket, name, stance, bits, n in (
            self._db.cursor().execute(f"SELECT *, COUNT(*) FROM ({rows}) GROUP BY ALL", values)
        ).fetchall():
            tallies[bucket, name].add(Stance(stance), bits, n)
        return tallies


def _one(result: Any) -> Any:
    (value,) = result.fetchone()
    return value


def _row(opinion: Opinion) -> tuple[Any, ...]:
    day = opinion.created_at.astimezone(SHANGHAI).date()
    return (
        opinion.id,
        microseconds(opinion.created_at),
        day.toordinal(),
        day.toordinal() - day.weekday(),
        day.replace(day=1).toordinal(),
        opinion.policy_id,
        opinion.domain.value,
        opinion.source,
        opinion.region,
        opinion.channel,
        opinion.stance.value,
        marks(opinion),
        opinion.duplicate_key,
        opinion.to_json().decode(),
        searchable(opinion),
    )
