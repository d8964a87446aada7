"""Where comments come in over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from prometheus_client import Counter
from pydantic import Field
from starlette.exceptions import HTTPException

from api.bodies import body, bounded, lines, parsed
from api.guard import JSON, NDJSON, media_type, takes
from api.operators import needs_key
from api.schemas import Accepted, Rejection
from api.services import Wired
from minyi.clock import already_said
from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import MAX_ID, Comment
from minyi.errors import InvalidRecord
from minyi.json_text import write_json

router = APIRouter(prefix="/v1", tags=["comments"])

CommentId = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
_COMMENT = Comment.model_json_schema(ref_template="#/components/schemas/{model}")
_COMMENT.pop("$defs")  # FastAPI puts them there, since answers hold them, too
_OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_COMMENT, {"type": "array", "items": _COMMENT}]}
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


@router.post("/comments", status_code=202, openapi_extra=_OPENAPI, **takes(JSON, NDJSON))
async def post_comments(request: Request, wired: Wired) -> Accepted:
    """Take one comment, an array of them, or one a line (``application/x-ndjson``).

    The answer comes when every good comment is durable. A bad one is reported with its place and
    goes to the dead letters; the good ones go on.
    """
    if wired.sink is None:
        raise HTTPException(405, "this API only reads")
    content, ndjson = await body(request), media_type(request) == NDJSON
    # in a thread: thousands of comments take a while, and others want answers meanwhile
    read = await asyncio.to_thread(_read, content, ndjson, wired.clock.now())
    await wired.sink.publish(read.good)
    await wired.sink.bury(read.dead)
    taken: Counter = request.app.state.taken
    taken.labels("accepted").inc(len(read.good))
    taken.labels("rejected").inc(len(read.dead))
    return Accepted(accepted=len(read.good), rejected=read.rejected)


@router.delete("/comments", status_code=202, include_in_schema=False)
async def withdraw_comments(
    request: Request, wired: Wired, id_: Annotated[list[CommentId], Query(alias="id")]
) -> Accepted:
    """Withdraw comments by the ids that they were sent with; asks for the operator's key."""
    if wired.sink is None:
        raise HTTPException(405, "this API only reads")
    needs_key(request, wired.operator_key, "only the operator withdraws comments")
    await wired.sink.withdraw(id_)
    return Accepted(accepted=len(id_), rejected=[])


@dataclass(frozen=True)
class _Read:
    """What a body held."""

    good: list[Comment] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)


def _read(content: bytes, ndjson: bool, now: datetime) -> _Read:
    """Read and validate the comments of a body."""
    read = _Read()
    for position, record in enumerate(lines(content) if ndjson else _items(content), start=1):
        try:
            take = Comment.from_json if isinstance(record, bytes) else Comment.from_mapping
            read.good.append(already_said(take(record), now))
        except InvalidRecord as error:
            rejection = Rejection(position=position, reason=error.reason, place=error.place)
            read.rejected.append(rejection)
            read.dead.append(
                dead_letter(
                    record if isinstance(record, bytes) else _written(record),
                    origin=f"POST /v1/comments {now.isoformat()} #{position}",
                    stage="read",
                    reason=error.reason,
                    place=error.place,
                    at=now,
                )
            )
    return read


def _items(content: bytes) -> Sequence[Any]:
    """Return the items of a JSON array; of anything else the body as it is."""
    data = parsed(content)
    return bounded(data) if isinstance(data, list) else [content]


def _written(item: object) -> bytes:
    """Return an item of an array as a record of its own."""
    try:
        return write_json(item).encode(errors="surrogatepass")
    except RecursionError as error:
        raise HTTPException(422, "the body is nested too deeply") from error
