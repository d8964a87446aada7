"""What a batch of records holds, and which of them have to die."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from minyi.clock import already_said
from minyi.domain import EARLIEST, LATEST, Comment, Opinion
from minyi.errors import InvalidRecord
from minyi.pipeline import LinkedComment
from minyi.policy import Policy
from minyi.query import Rejection
from streams.batching import Event
from streams.dead_letters import Casualty

T = TypeVar("T")


def read_batch(
    batch: Sequence[Event],
    parse: Callable[[bytes], T],
    check: Callable[[Event, T], object] = lambda event, record: None,
) -> tuple[list[tuple[Event, T | None]], list[Casualty]]:
    """Parse and check each record; return the readable ones, None for one that has a key only, and
    those that are not."""
    read: list[tuple[Event, T | None]] = []
    broken = []
    for event in batch:
        message = event.message
        try:
            if message.value is None:
                named_comment(message.key)
                read.append((event, None))
            else:
                record = parse(message.value)
                check(event, record)
                read.append((event, record))
        except InvalidRecord as error:
            broken.append(Casualty(event, error))
    return read, broken


def said_before_it_came(event: Event, comment: Comment) -> None:
    """Check that a comment was not yet to come when its record arrived: by the record's own time,
    which a replay into the embedded log keeps, so that it comes to the same. Where a producer set
    one that no clock shows, nothing is known.

    Raises:
        InvalidRecord: when it was.
    """
    at = event.message.timestamp
    if at is not None and EARLIEST.timestamp() <= at < LATEST.timestamp():
        already_said(comment, datetime.fromtimestamp(at, UTC), "the record arrived on")


def named_comment(key: bytes | None) -> str:
    """Return the comment that a record without a value withdraws.

    Raises:
        InvalidRecord: when the key is none.
    """
    try:
        id_ = (key or b"").decode()
    except UnicodeDecodeError:
        id_ = ""
    if not id_:
        raise InvalidRecord("neither a value, nor a key that names a comment")
    return id_


def known_links(
    linked: LinkedComment | None, policies: Mapping[str, Policy]
) -> LinkedComment | None:
    """Return a comment with its links to policies of the registry; None when it has none."""
    links = tuple(k for k in linked.links if k.policy_id in policies) if linked else ()
    return linked.model_copy(update={"links": links}) if linked and links else None


def refused_by_index(
    read: Sequence[tuple[Event, Opinion]], refused: Iterable[Rejection]
) -> list[Casualty]:
    """Return the records of the opinions that the index refused."""
    reasons = {rejection.id: InvalidRecord(rejection.reason) for rejection in refused}
    return [Casualty(event, reasons[o.id]) for event, o in read if o.id in reasons]


def orphans(
    read: Sequence[tuple[Event, LinkedComment | None]], policies: Mapping[str, Policy]
) -> list[Casualty]:
    """Return the comments with links to policies that the registry no longer holds."""
    orphans = []
    for event, linked in read:
        links = linked.links if linked else ()
        gone = [link.policy_id for link in links if link.policy_id not in policies]
        if gone:
            reason = f"linked to {', '.join(gone)}, which the registry no longer holds"
            orphans.append(Casualty(event, InvalidRecord(reason)))
    return orphans
