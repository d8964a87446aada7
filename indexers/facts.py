"""What is counted of an opinion, packed into a row of fixed width; numpy reads many at once.

A fact stands in a column of the opinion and, beside the policy and the mark of a copied text, in
a covering index. Reading all facts of a policy is then one pass over neighbouring pages that
hands numpy an array: eighty thousand take 10 ms. Everything that is counted is counted from facts
or from sums of them (``indexers.daily``), so nothing can disagree.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

import numpy as np

from indexers.queries import SURE, delay, marks, microseconds, wanted_marks
from indexers.sums import Array, Numbers, distinct, evaluated
from minyi.arrays import Bools
from minyi.domain import SHANGHAI, Opinion
from minyi.outputs import OUTPUTS, STANCES, output
from minyi.query import Filters

NAMED = ("policy_id", "domain", "source", "region", "channel", "age", "model_id")
"""Fields whose values are kept in the table ``name``; a fact holds the code, 0 where lacking."""
UNANSWERED, UNKNOWN = -2, -1
"""In place of a delay: no reply, or one whose time is not known."""
PER_STANCE = OUTPUTS // len(STANCES)

FACT = np.dtype(
    [
        ("created", ">i8"),  # the first byte is the highest: facts are in order of time
        ("day", "<i4"),  # of Shanghai, as a proleptic ordinal
        ("author", "<u8"),  # 0 where lacking
        ("text", "<u8"),  # of the duplicate key
        *((field, "<i4") for field in NAMED),
        ("delay", "<i4"),
        ("marks", "<u2"),
        ("output", "u1"),
    ]
)
_TIME = struct.Struct(">q")
_REST = struct.Struct("<iQQ7iiHB")


def pack(opinion: Opinion, codes: Mapping[str, int]) -> bytes:
    """Return an opinion's fact; ``codes`` holds every name in it."""
    named = (getattr(opinion, field) for field in NAMED)
    return _TIME.pack(microseconds(opinion.created_at)) + _REST.pack(
        opinion.created_at.astimezone(SHANGHAI).toordinal(),
        0 if opinion.author is None else _number(opinion.author),
        _number(opinion.duplicate_key),
        *(0 if name is None else codes[name] for name in named),
        UNANSWERED if opinion.reply is None else _or_unknown(delay(opinion)),
        marks(opinion),
        output(opinion.stance, opinion.probabilities),
    )


def encode(db: sqlite3.Connection, opinions: Iterable[Opinion]) -> dict[str, int]:
    """Return the codes of all names in these opinions; new names get new ones."""
    wanted = {getattr(opinion, field) for opinion in opinions for field in NAMED} - {None}
    listed = json.dumps(sorted(wanted))
    db.execute("INSERT OR IGNORE INTO name (name) SELECT value FROM json_each(?)", (listed,))
    return dict(
        db.execute(
            "SELECT name, code FROM name WHERE name IN (SELECT value FROM json_each(?))", (listed,)
        )
    )


def code(db: sqlite3.Connection, name: str) -> int:
    """Return a name's code, -1 when no opinion ever held it."""
    found = db.execute("SELECT code FROM name WHERE name = ?", (name,)).fetchone()
    return int(found[0]) if found else -1


def names(db: sqlite3.Connection) -> dict[int, str | None]:
    """Return all names by code."""
    return {0: None, **dict(db.execute("SELECT code, name FROM name"))}


class Facts:
    """Many facts, by column.

    Args:
        parts: arrays of ``FACT``, or of some of its columns, each with whether its texts may have
            come twice.
    """

    def __init__(self, parts: Sequence[tuple[Array, bool]]) -> None:
        self._parts = parts
        self._columns: dict[str, Array] = {}

    def __len__(self) -> int:
        return sum(len(part) for part, _ in self._parts)

    def __getitem__(self, field: str) -> Array:
        # Contiguous: numpy is several times as fast on it as on a column of rows.
        if field not in self._columns:
            none = np.empty(0, FACT[field])
            self._columns[field] = np.concatenate([none, *(part[field] for part, _ in self._parts)])
        return self._columns[field]

    @cached_property
    def copied(self) -> Bools:
        """Whether each text may have come twice."""
        none = np.empty(0, bool)
        return np.concatenate([none, *(np.full(len(part), twice) for part, twice in self._parts)])

    @cached_property
    def copies(self) -> Facts:
        """Those of ``copied`` alone."""
        return Facts([part for part in self._parts if part[1]])

    @cached_property
    def stances(self) -> Array:
        """By number in ``STANCES``."""
        return self["output"] // PER_STANCE

    @cached_property
    def evaluated(self) -> tuple[Numbers, Numbers]:
        """Each evaluation: the row of its fact, and its position in ``CELLS``."""
        return evaluated(self["marks"])

    @cached_property
    def texts(self) -> tuple[Numbers, int]:
        """The text of each by number, and how many there are."""
        known, text = distinct(self["text"])
        return text, len(known)

    @cached_property
    def persons(self) -> tuple[Numbers, int]:
        """The author of each by number, and how many there are; a fact without one is an author
        of its own."""
        known, person = distinct(self["author"])
        alone = np.flatnonzero(self["author"] == 0)
        person[alone] = len(known) + np.arange(len(alone))
        return person, len(known) + len(alone)


def read(db: sqlite3.Connection, filters: Filters, only_copied: bool = False) -> Facts:
    """Read the facts that pass.

    Args:
        db: inside a transaction.
        filters: which opinions.
        only_copied: leave out the texts that surely came once.
    """
    return Facts(list(_chunks(db, filters, only_copied)))


def _chunks(
    db: sqlite3.Connection, filters: Filters, only_copied: bool
) -> Iterator[tuple[Array, bool]]:
    """Yield the facts that pass by policy, apart by whether the text may have come twice."""
    passes = _Condition(db, filters)
    bounds = _bound(filters.since, b""), _bound(filters.until, b"\xff")
    policies = _policies(db) if filters.policy_id is None else [filters.policy_id]
    for policy_id in policies:
        for copied in (True,) if only_copied else (False, True):
            # Glued together by SQLite: a Python object for each would take three times as long.
            (glued,) = db.execute(
                "SELECT CAST(group_concat(fact, '') AS BLOB) FROM opinion INDEXED BY facts"
                " WHERE policy_id = ? AND copied = ? AND fact >= ? AND fact < ?",
                (policy_id, copied, *bounds),
            ).fetchone()
            if glued is not None:
                facts = np.frombuffer(glued, FACT)
                kept = passes(facts)
                yield facts if kept is None else facts[kept], copied


class _Condition:
    """The filters beside policy and time, to be put to arrays of facts."""

    def __init__(self, db: sqlite3.Connection, filters: Filters) -> None:
        wanted = {field: getattr(filters, field, None) for field in NAMED if field != "policy_id"}
        self._codes = [
            (field, code(db, name)) for field, name in wanted.items() if name is not None
        ]
        self._codes += [(facet.value, 0) for facet in filters.lacking]
        self._filters = filters

    def __call__(self, facts: Array) -> Bools | None:
        """Return which facts pass, None when all do."""
        tests = [facts[field] == wanted for field, wanted in self._codes]
        if self._filters.stance is not None:
            tests.append(facts["output"] // PER_STANCE == STANCES.index(self._filters.stance))
        if (bits := wanted_marks(self._filters)) is not None:
            tests.append((facts["marks"] & bits) != 0)
        if self._filters.sure is not None:
            tests.append(((facts["marks"] & SURE) != 0) == self._filters.sure)
        return np.logical_and.reduce(tests) if tests else None


def _policies(db: sqlite3.Connection) -> list[str]:
    """Return all policies, stepping over their opinions."""
    rows = db.execute(
        "WITH RECURSIVE policy (id) AS ("
        " SELECT MIN(policy_id) FROM opinion UNION ALL"
        " SELECT (SELECT MIN(policy_id) FROM opinion WHERE policy_id > policy.id) FROM policy"
        " WHERE policy.id IS NOT NULL"
        ") SELECT id FROM policy WHERE id IS NOT NULL"
    )
    return [id_ for (id_,) in rows]


def _bound(time: datetime | None, otherwise: bytes) -> bytes:
    return otherwise if time is None else _TIME.pack(microseconds(time))


def _number(name: str) -> int:
    """Return 64 bits of a name: what authors and duplicate keys are made of in the first place."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1


def _or_unknown(days: int | None) -> int:
    return UNKNOWN if days is None else days
