"""The tables of the embedded index, and the statements that fill and ask them.

SQLite's own tokenizers find no Chinese word of two characters, so each text is stored in FTS5 as
its overlapping character pairs: ``垃圾分类`` becomes ``垃圾 圾分 分类 类``. A term of two or more
characters is then a phrase of pairs, a single character a prefix; both find exactly the
substrings.
"""

# ruff: noqa: S608 (names in the statements come from this file and the enums, values are bound)
from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from indexers.queries import SURE, marks, microseconds, searchable, wanted_marks
from minyi.domain import SHANGHAI, Opinion
from minyi.query import Filters

VERSION = 2
"""Raise it when the tables, ``minyi.text.normalise`` or the pairs change: old files are refused."""
# Moves ASCII to the full-width forms: to FTS5 these are plain letters, not operators, and since
# normalised text holds no full-width forms, no two texts meet.
_TO_LETTERS = {code: code + 0xFEE0 for code in range(128)}

# The facets stand apart from the records, so that counting reads few pages. by_stance and
# by_policy_stance answer trends and totals from themselves, in order. ``copied`` marks texts that
# came twice: once set it stays, and a trend looks for near-identical texts only there.
SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS opinion (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
    day INTEGER NOT NULL, policy_id TEXT NOT NULL, domain TEXT NOT NULL, source TEXT NOT NULL,
    region TEXT, channel TEXT, stance TEXT NOT NULL, marks INTEGER NOT NULL,
    duplicate_key TEXT NOT NULL, copied INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_time ON opinion (created, id);
CREATE INDEX IF NOT EXISTS by_policy ON opinion (policy_id, created, id);
CREATE INDEX IF NOT EXISTS by_stance
    ON opinion (stance, marks, day, region, channel, source, domain);
CREATE INDEX IF NOT EXISTS by_policy_stance
    ON opinion (policy_id, stance, marks, day, region, channel, source);
CREATE INDEX IF NOT EXISTS by_duplicate ON opinion (duplicate_key, copied);
CREATE INDEX IF NOT EXISTS copies ON opinion (policy_id) WHERE copied;
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY, json BLOB NOT NULL, searchable TEXT NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS pair USING fts5 (
    pairs, content='', columnsize=0, tokenize='ascii'
);
PRAGMA user_version = {VERSION};
COMMIT;
"""


def where(filters: Filters) -> tuple[str, list[str | int]]:
    """Return a condition on ``opinion`` and its values."""
    conditions, values = ["TRUE"], list[str | int]()
    for field in ("policy_id", "stance", "region", "channel", "source", "domain"):
        if (value := getattr(filters, field)) is not None:
            conditions.append(f"{field} = ?")
            values.append(str(value))
    if (bits := wanted_marks(filters)) is not None:
        conditions.append("marks & ? <> 0")
        values.append(bits)
    if filters.sure is not None:
        conditions.append(f"marks & ? {'<>' if filters.sure else '='} 0")
        values.append(SURE)
    if filters.since is not None:
        conditions.append("created >= ?")
        values.append(microseconds(filters.since))
    if filters.until is not None:
        conditions.append("created < ?")
        values.append(microseconds(filters.until))
    return " AND ".join(conditions), values


def _pairs(text: str) -> str:
    """Return the overlapping pairs of characters of each word, and its last character."""
    words = (word.translate(_TO_LETTERS) for word in text.split(" "))
    return " ".join(word[i : i + 2] for word in words for i in range(len(word)))


def match(words: Sequence[str]) -> str:
    """Return the FTS5 query for texts that hold every word as a substring."""
    phrases = []
    for word in words:
        letters = word.translate(_TO_LETTERS)
        pairs = " ".join(letters[i : i + 2] for i in range(len(letters) - 1))
        phrases.append(f'"{pairs}"' if pairs else f'"{letters}"*')
    return " ".join(phrases)


def insert(db: sqlite3.Connection, opinion: Opinion, raw: bytes) -> None:
    """Write an opinion whose id is not there; ``raw`` is its JSON."""
    text = searchable(opinion)
    facets = (
        opinion.id,
        microseconds(opinion.created_at),
        opinion.created_at.astimezone(SHANGHAI).toordinal(),
        opinion.policy_id,
        str(opinion.domain),
        opinion.source,
        opinion.region,
        opinion.channel,
        str(opinion.stance),
        marks(opinion),
        opinion.duplicate_key,
    )
    (copied,) = db.execute(
        "SELECT EXISTS (SELECT 1 FROM opinion WHERE duplicate_key = ?)", facets[-1:]
    ).fetchone()
    if copied:
        db.execute(
            "UPDATE opinion SET copied = 1 WHERE duplicate_key = ? AND copied = 0", facets[-1:]
        )
    seq = db.execute(
        f"INSERT INTO opinion VALUES (NULL{', ?' * len(facets)}, ?)", (*facets, copied)
    ).lastrowid
    db.execute("INSERT INTO record VALUES (?, ?, ?)", (seq, raw, text))
    db.execute("INSERT INTO pair (rowid, pairs) VALUES (?, ?)", (seq, _pairs(text)))


def remove(db: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Delete by id; return how many existed."""
    gone = db.execute(
        "SELECT seq, searchable FROM opinion JOIN record USING (seq)"
        " WHERE id IN (SELECT value FROM json_each(?))"
        " ORDER BY seq",  # FTS5 writes its buffer out whenever the row number falls
        (json.dumps(ids),),
    ).fetchall()
    for seq, text in gone:
        # FTS5 keeps no copy of the text here, so it has to be told what to forget.
        db.execute(
            "INSERT INTO pair (pair, rowid, pairs) VALUES ('delete', ?, ?)", (seq, _pairs(text))
        )
        db.execute("DELETE FROM record WHERE seq = ?", (seq,))
        db.execute("DELETE FROM opinion WHERE seq = ?", (seq,))
    return len(gone)
