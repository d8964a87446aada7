"""What a record on ``opinions`` says of its comment: all policies that the comment is about now.

An edit of a comment may be about other policies than its earlier text, or about none. Its opinions
overwrite only those on the same policies, so each carries, in a header, the policies of them all;
a record without a value says that there are none. The index drops the others. The key is the
comment's id, so that of two edits the later comes later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from minyi.domain import Opinion
from minyi.ports import About
from streams.edits import Headers, carried, headers

HEADER = "minyi-policies"
NewOpinion = tuple[str, bytes | None, Headers]
"""A key, a value and headers."""


def records(event: Any, comment_id: str, opinions: Sequence[Opinion]) -> Iterator[NewOpinion]:
    """Yield the records that say all of a comment.

    Args:
        event: the record that the opinions were made of.
        comment_id: whose they are.
        opinions: all that it has now.
    """
    carrying = headers(carried(event))
    if not opinions:
        yield comment_id, None, carrying
        return
    policies = json.dumps([o.policy_id for o in opinions]).encode()
    for opinion in opinions:
        yield comment_id, opinion.to_json(), (*carrying, (HEADER, policies))


def about(event: Any, opinion: Opinion | None) -> About | None:
    """Return what a record says of its comment; None where it does not say, as one that was
    retried from the dead letters."""
    if opinion is None:
        return About(event.message.key.decode(), edit=carried(event))
    value = event.headers.get(HEADER)
    try:
        policies = frozenset(map(str, json.loads(value or b"")))
    except (ValueError, TypeError):
        return None
    return About(opinion.comment_id, policies, carried(event))
