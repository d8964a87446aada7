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
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indexers.facts import pack
from indexers.queries import EXACT, SURE, marks, microseconds, searchable, wanted_marks
from minyi.domain import Opinion
from minyi.query import Filters

VERSION = 5
"""Raise it when the tables, ``minyi.text.normalise``, the pairs or ``minyi.outputs`` change: old
files are refused."""
# Moves ASCII to the full-width forms: to FTS5 these are plain letters, not operators, and since
# normalised text holds no full-width forms, no two texts meet.
_TO_LETTERS = {code: code + 0xFEE0 for code in range(128)}

# The filters of a search stand apart from the records, so that it reads few pages. ``copied`` marks
# texts that came twice: once set it stays, and a trend looks for near-identical texts only there.
# ``edit`` is the number of the comment's edit, 0 where it is not known.
# ``daily`` and the number of changes ``written`` are kept by ``indexers.daily``.
SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS opinion (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
    policy_id TEXT NOT NULL, domain TEXT NOT NULL, source TEXT NOT NULL,
    region TEXT, channel TEXT, age TEXT, stance TEXT NOT NULL, marks INTEGER NOT NULL,
    duplicate_key TEXT NOT NULL, copied INTEGER NOT NULL, fact BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_time ON opinion (created, id);
CREATE INDEX IF NOT EXISTS by_policy ON opinion (policy_id, created, id);
CREATE INDEX IF NOT EXISTS by_duplicate ON opinion (duplicate_key, copied);
CREATE INDEX IF NOT EXISTS facts ON opinion (policy_id, copied, fact);
CREATE TABLE IF NOT EXISTS name (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS daily (key BLOB PRIMARY KEY, sums BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written (number INTEGER NOT NULL);
INSERT INTO written SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM written);
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY, comment_id TEXT NOT NULL, json BLOB NOT NULL, searchable TEXT NOT NULL,
    edit INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_comment ON record (comment_id);
CREATE VIRTUAL TABLE IF NOT EXISTS pair USING fts5 (
    pairs, content='', columnsize=0, tokenize='ascii'
);
PRAGMA user_version = {VERSION};
COMMIT;
"""


def where(filters: Filters) -> tuple[str, list[str | int]]:
    """Return a condition on ``opinion`` and its values."""
    conditions, values = ["TRUE"], list[str | int]()
    for field in EXACT:
        if (value := getattr(filters, field)) is not None:
            conditions.append(f"{field} = ?")
            values.append(str(value))
    conditions += [f"{facet.value} IS NULL" for facet in filters.lacking]
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


def insert(
    db: sqlite3.Connection, opinion: Opinion, raw: bytes, edit: int, codes: Mapping[str, int]
) -> bytes:
    """Write an opinion whose id is not there and return its fact.

    Args:
        db: inside a transaction.
        opinion: the opinion.
        raw: its JSON.
        edit: the number of its comment's edit.
        codes: of the names in it.
    """
    text, fact = searchable(opinion), pack(opinion, codes)
    (copied,) = db.execute(
        "SELECT EXISTS (SELECT 1 FROM opinion WHERE duplicate_key = ?)", (opinion.duplicate_key,)
    ).fetchone()
    if copied:
        db.execute(
            "UPDATE opinion SET copied = 1 WHERE duplicate_key = ? AND copied = 0",
            (opinion.duplicate_key,),
        )
    columns = (
        opinion.id,
        microseconds(opinion.created_at),
        opinion.policy_id,
        str(opinion.domain),
        opinion.source,
        opinion.region,
        opinion.channel,
        opinion.age and str(opinion.age),
        str(opinion.stance),
        marks(opinion),
        opinion.duplicate_key,
        copied,
        fact,
    )
    seq = db.execute(f"INSERT INTO opinion VALUES (NULL{', ?' * len(columns)})", columns).lastrowid
    record = (seq, opinion.comment_id, raw, text, edit)
    db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", record)
    db.execute("INSERT INTO pair (rowid, pairs) VALUES (?, ?)", (seq, _pairs(text)))
    return fact


class Copy(NamedTuple):
    """What is held of an opinion."""

    id: str
    policy_id: str
    edit: int


def copies(db: sqlite3.Connection, comment_ids: Sequence[str]) -> dict[str, list[Copy]]:
    """Return what is held of comments, by comment."""
    held = defaultdict[str, list[Copy]](list)
    for comment_id, *copy in db.execute(
        "SELECT comment_id, id, policy_id, edit FROM record JOIN opinion USING (seq)"
        " WHERE comment_id IN (SELECT value FROM json_each(?))",
        (json.dumps(comment_ids),),
    ):
        held[comment_id].append(Copy(*copy))
    return held


def remove(db: sqlite3.Connection, ids: Sequence[str]) -> list[bytes]:
    """Delete by id; return the facts of those that existed."""
    gone = db.execute(
        "SELECT seq, searchable, fact FROM opinion JOIN record USING (seq)"
        " WHERE id IN (SELECT value FROM json_each(?))"
        " ORDER BY seq",  # FTS5 writes its buffer out whenever the row number falls
        (json.dumps(ids),),
    ).fetchall()
    for seq, text, _ in gone:
        # FTS5 keeps no copy of the text here, so it has to be told what to forget.
        db.execute(
            "INSERT INTO pair (pair, rowid, pairs) VALUES ('delete', ?, ?)", (seq, _pairs(text))
        )
        db.execute("DELETE FROM record WHERE seq = ?", (seq,))
        db.execute("DELETE FROM opinion WHERE seq = ?", (seq,))
    return [fact for _, _, fact in gone]
