"""Sums of facts by policy, day, domain and model, kept exact by every write.

They answer what the page asks first, totals and trends of everything, at any size of the index.
Whatever else is asked is counted from the facts (``indexers.facts``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, time

import numpy as np

from indexers.facts import FACT, PER_STANCE, code
from indexers.sums import Array, Numbers, Outputs, Sums, cells
from minyi.domain import SHANGHAI
from minyi.outputs import OUTPUTS, STANCES
from minyi.query import Filters, Group
from minyi.vocabulary import EVALUATIONS, Stance

WIDTH = OUTPUTS + len(EVALUATIONS)
KEY = np.dtype([("policy_id", ">i4"), ("day", ">i4"), ("domain", ">i4"), ("model_id", ">i4")])
DAY = np.dtype([*((field, ">i4") for field in KEY.names or ()), ("sums", "<i4", (WIDTH,))])
"""A key, and behind it how often each output and each evaluated cell came."""


def hold_answer(filters: Filters, group: Group | None = None) -> bool:
    """Whether the sums hold the answer: whole days, all opinions of a policy or domain."""
    restricting = filters.model_dump(exclude_none=True, exclude_defaults=True).keys()
    return (
        restricting <= {"policy_id", "domain", "since", "until"}
        and group in (None, Group.DOMAIN)
        and all(at is None or _is_midnight(at) for at in (filters.since, filters.until))
    )


def change(db: sqlite3.Connection, added: Sequence[bytes], removed: Sequence[bytes]) -> None:
    """Bring the sums up to facts that were written and deleted in this transaction, and number
    the change."""
    if not (added or removed):
        return
    db.execute("UPDATE written SET number = number + 1")
    facts = np.frombuffer(b"".join([*added, *removed]), FACT)
    sign = np.repeat(np.array([1, -1], np.int32), [len(added), len(removed)])
    keys = np.empty(len(facts), KEY)
    for field in KEY.names or ():
        keys[field] = facts[field]
    numbers: dict[bytes, int] = {}
    row = np.array([numbers.setdefault(key.tobytes(), len(numbers)) for key in keys], np.int64)
    sums = np.zeros((len(numbers), WIDTH), np.int32)
    np.add.at(sums, (row, facts["output"]), sign)
    for bit in range(len(EVALUATIONS)):
        there = facts["marks"] >> bit & 1 == 1
        np.add.at(sums, (row[there], OUTPUTS + bit), sign[there])
    for key, number in numbers.items():
        known = db.execute("SELECT sums FROM daily WHERE key = ?", (key,)).fetchone()
        new = sums[number] + (np.frombuffer(known[0], "<i4") if known else 0)
        if new.any():
            db.execute("REPLACE INTO daily VALUES (?, ?)", (key, new.astype("<i4").tobytes()))
        elif known:
            db.execute("DELETE FROM daily WHERE key = ?", (key,))


def read(db: sqlite3.Connection, filters: Filters) -> Array:
    """Return the days that pass, as ``DAY``; only for filters that ``hold_answer`` takes."""
    low, high = b"", b"\xff"
    if filters.policy_id is not None:
        policy = code(db, filters.policy_id)
        low, high = (number.to_bytes(4, "big", signed=True) for number in (policy, policy + 1))
    (glued,) = db.execute(
        "SELECT CAST(group_concat(key || sums, '') AS BLOB) FROM daily WHERE key >= ? AND key < ?",
        (low, high),
    ).fetchone()
    days = np.frombuffer(glued or b"", DAY)
    if filters.domain is not None:
        days = days[days["domain"] == code(db, filters.domain)]
    if filters.since is not None:
        days = days[days["day"] >= _day(filters.since)]
    if filters.until is not None:
        days = days[days["day"] < _day(filters.until)]
    return days


def totals(days: Array, stance: Stance | None = None) -> Numbers:
    """Return how many opinions each of these days holds, of one stance when it is given."""
    first = 0 if stance is None else PER_STANCE * STANCES.index(stance)
    width = OUTPUTS if stance is None else PER_STANCE
    held: Numbers = days["sums"][:, first : first + width].sum(1, dtype=np.int64)
    return held


def add_up(cell: Numbers, size: int, days: Array) -> tuple[Sums, Outputs]:
    """Add up days by cell, of which there are ``size``; none is empty."""
    number, (where, models) = cells([cell, days["model_id"]], len(cell))
    by_model = _reduced(number, len(where), days["sums"])
    place, bins = np.nonzero(by_model[:, :OUTPUTS])
    produced = Outputs(where[place], models[place], bins, by_model[place, bins])
    by_cell = _reduced(where, size, by_model)
    stances = by_cell[:, :OUTPUTS].reshape(size, len(STANCES), PER_STANCE).sum(axis=2)
    return Sums(stances, by_cell[:, OUTPUTS:]), produced


def _reduced(number: Numbers, size: int, rows: Array) -> Numbers:
    """Add up the rows of each number; every number below ``size`` has some."""
    if size == 0:
        return np.zeros((0, WIDTH), np.int64)
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(size))
    return np.add.reduceat(rows[order], starts, axis=0, dtype=np.int64)


def _is_midnight(at: datetime) -> bool:
    return at.astimezone(SHANGHAI).time() == time.min


def _day(at: datetime) -> int:
    return at.astimezone(SHANGHAI).toordinal()
