"""What every index adapter shares: search terms, cursors, the digest, buckets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from minyi.domain import SHANGHAI, Opinion
from minyi.errors import InvalidQuery
from minyi.query import Filters, Interval
from minyi.text import normalise
from minyi.vocabulary import EVALUATIONS, Evaluated, Stance

EXACT = ("policy_id", "stance", "region", "channel", "source", "domain", "age")
"""Filters that an opinion's field of the same name must equal."""
_AUTHOR = re.compile(rb'"author":"[0-9a-f]*",')
"""Within a JSON string the quotes would be escaped: only the field itself matches."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(of: datetime) -> int:
    """Return a time as microseconds since 1970: exact, and in order."""
    return (of - _EPOCH) // _MICROSECOND


def moment(since_epoch: int) -> datetime:
    """Return the time of ``microseconds``, in UTC."""
    return _EPOCH + since_epoch * _MICROSECOND


def terms(query: str) -> list[str]:
    """Return the normalised terms of a query, each once, in order."""
    return list(dict.fromkeys(normalise(query).split()))


def searchable(opinion: Opinion) -> str:
    """Return what a search looks at: the normalised title and text, one space between."""
    return f"{normalise(opinion.title or '')} {normalise(opinion.text)}"


SURE = 1 << len(EVALUATIONS)
"""The bit in an opinion's marks of a stance outside the abstain band."""


def marks(opinion: Opinion) -> int:
    """Return an opinion's evaluations as bits, in the order of ``EVALUATIONS``, and ``SURE``."""
    present = {(evaluation.aspect, evaluation.polarity) for evaluation in opinion.evaluations}
    cells = sum(1 << bit for bit, cell in enumerate(EVALUATIONS) if cell in present)
    return cells | (SURE if opinion.sure else 0)


def wanted_evaluations(filters: Filters) -> list[Evaluated] | None:
    """Return those of which an opinion must have one, None when any opinion will do."""
    if filters.aspect is None and filters.polarity is None:
        return None
    return [
        (aspect, polarity)
        for aspect, polarity in EVALUATIONS
        if filters.aspect in (None, aspect) and filters.polarity in (None, polarity)
    ]


def wanted_marks(filters: Filters) -> int | None:
    """Return the bits of which an opinion must have one, None when any opinion will do."""
    wanted = wanted_evaluations(filters)
    return None if wanted is None else sum(1 << EVALUATIONS.index(each) for each in wanted)


def delay(opinion: Opinion) -> int | None:
    """Return the whole days of 24 hours from an opinion's comment to its reply, None when there is
    none, or nobody knows its time: so with a day before the comment's, which cannot be true. One of
    the same day counts as 0 even where it is earlier: a date is read as its midnight."""
    if opinion.reply is None or opinion.reply.at is None:
        return None
    said, answered = opinion.created_at, opinion.reply.at
    if answered.astimezone(SHANGHAI).date() < said.astimezone(SHANGHAI).date():
        return None
    return max(0, (answered - said) // timedelta(days=1))


def vote(favor: int, against: int) -> Stance:
    """Return the one vote of an author who took these sides so many times."""
    if favor == against:
        return Stance.NONE
    return Stance.FAVOR if favor > against else Stance.AGAINST


def lacking_first(values: Sequence[str | None]) -> list[tuple[bool, str]]:
    """Return the sort key of a cell's values: a lacking one before all others."""
    return [(value is not None, value or "") for value in values]


def encode_cursor(key: tuple[int, str]) -> str:
    """Return an opaque cursor that stands after the sort key ``(microseconds, id)``."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def decode_cursor(cursor: str) -> tuple[int, str]:
    """Return the sort key of a cursor.

    Raises:
        InvalidQuery: when the cursor is not one that ``encode_cursor`` made.
    """
    try:
        moment, id_ = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        key = (moment, id_)
        if type(moment) is int and type(id_) is str and encode_cursor(key) == cursor:
            id_.encode()
            moment.to_bytes(8, signed=True)
            return key
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise InvalidQuery("the cursor is not valid; start again without one")


def digest(records: Iterable[bytes]) -> tuple[int, str]:
    """Return how many records there are and a SHA-256 over them, one a line.

    The author is left out: it is hashed with the installation's own key, and the same topic
    replayed elsewhere must give the same digest. It does not where ids of comments hold personal
    data: they are hashed with that key, too, and opinions are found by them.

    Args:
        records: ``Opinion.to_json()`` of every opinion, in order of id.
    """
    count, sha = 0, hashlib.sha256()
    for record in records:
        count += 1
        sha.update(_AUTHOR.sub(b"", record, count=1) + b"\n")
    return count, sha.hexdigest()


@lru_cache(maxsize=100_000)
def bucket(day: int, interval: Interval) -> date:
    """Return the first day of the bucket that holds a day, given as its proleptic ordinal."""
    first = date.fromordinal(day)
    if interval is Interval.WEEK:
        return first - timedelta(days=first.weekday())
    return first.replace(day=1) if interval is Interval.MONTH else first
