"""Where comments come in over HTTP."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.guard import JSON, NDJSON, media_type, takes
from api.schemas import Accepted, Rejection
from api.services import Wired
from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import Comment, no_constant
from minyi.errors import InvalidRecord

router = APIRouter(prefix="/v1", tags=["comments"])

MAX_BODY = 8_000_000
MAX_COMMENTS = 5_000

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
    body, ndjson = await _body(request), media_type(request) == NDJSON
    # in a thread: thousands of comments take a while, and others want answers meanwhile
    read = await asyncio.to_thread(_read, body, ndjson, wired.clock.now())
    await wired.sink.publish(read.good)
    await wired.sink.bury(read.dead)
    return Accepted(accepted=len(read.good), rejected=read.rejected)


@router.post("/dead-letters", status_code=202, include_in_schema=False, **takes(NDJSON, JSON))
async def post_dead_letters(request: Request, wired: Wired) -> Accepted:
    """Take the dead letters of a file that a command reads while this service holds the log."""
    if wired.sink is None:
        raise HTTPException(405, "this API only reads")
    letters = await asyncio.to_thread(_letters, await _body(request))
    await wired.sink.bury(letters)
    return Accepted(accepted=len(letters), rejected=[])


async def _body(request: Request) -> bytes:
    """Read the body, at most ``MAX_BODY`` bytes of it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"at most {MAX_BODY:,} bytes a request; send several")
    return bytes(body)


@dataclass(frozen=True)
class _Read:
    """What a body held."""

    good: list[Comment] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)


def _read(body: bytes, ndjson: bool, now: datetime) -> _Read:
    """Read and validate the comments of a body."""
    read = _Read()
    for position, record in enumerate(_lines(body) if ndjson else _items(body), start=1):
        try:
            if isinstance(record, bytes):
                read.good.append(Comment.from_json(record))
            else:
                read.good.append(Comment.from_mapping(record))
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


def _letters(body: bytes) -> list[DeadLetter]:
    try:
        return [DeadLetter.model_validate_json(line) for line in _lines(body)]
    except ValidationError as error:
        raise HTTPException(422, "a line is no dead letter") from error


def _lines(body: bytes) -> list[bytes]:
    return _bounded([line for line in body.split(b"\n") if line.strip()])


def _items(body: bytes) -> list[Any]:
    """Return the items of a JSON array; of anything else the body as it is."""
    try:
        data = json.loads(body, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise HTTPException(422, f"the body is not JSON: {error}") from error
    return _bounded(data) if isinstance(data, list) else [body]


def _bounded(records: list[Any]) -> list[Any]:
    if len(records) > MAX_COMMENTS:
        raise HTTPException(413, f"at most {MAX_COMMENTS:,} records a request; send several")
    return records


def _written(item: object) -> bytes:
    """Return an item of an array as a record of its own."""
    try:
        return json.dumps(item, ensure_ascii=False).encode(errors="surrogatepass")
    except RecursionError as error:
        raise HTTPException(422, "the body is nested too deeply") from error
