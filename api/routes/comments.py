"""Where comments come in over HTTP."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.schemas import Accepted, Rejection
from api.services import Wired
from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import Comment
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


@router.post("/comments", status_code=202, openapi_extra=_OPENAPI)
async def post_comments(request: Request, wired: Wired) -> Accepted:
    """Take one comment, an array of them, or one a line (``application/x-ndjson``).

    The answer comes when every good comment is durable. A bad one is reported with its place and
    goes to the dead letters; the good ones go on.
    """
    if wired.sink is None:
        raise HTTPException(405, "this API only reads")
    good: list[Comment] = []
    dead: list[DeadLetter] = []
    rejected: list[Rejection] = []
    for position, raw in enumerate(_split(await _body(request), request), start=1):
        try:
            good.append(Comment.from_json(raw))
        except InvalidRecord as error:
            rejected.append(Rejection(position=position, reason=error.reason, place=error.place))
            dead.append(
                dead_letter(
                    raw,
                    origin=f"POST /v1/comments {wired.clock.now().isoformat()} #{position}",
                    stage="read",
                    reason=error.reason,
                    place=error.place,
                    at=wired.clock.now(),
                )
            )
    await wired.sink.publish(good)
    await wired.sink.bury(dead)
    return Accepted(accepted=len(good), rejected=rejected)


@router.post("/dead-letters", status_code=202, include_in_schema=False)
async def post_dead_letters(request: Request, wired: Wired) -> Accepted:
    """Take the dead letters of a file that a command reads while this service holds the log."""
    if wired.sink is None:
        raise HTTPException(405, "this API only reads")
    lines = [line for line in (await _body(request)).split(b"\n") if line.strip()]
    if len(lines) > MAX_COMMENTS:
        raise HTTPException(413, f"at most {MAX_COMMENTS:,} dead letters a request; send several")
    try:
        letters = [DeadLetter.model_validate_json(line) for line in lines]
    except ValidationError as error:
        raise HTTPException(422, "a line is no dead letter") from error
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


def _split(body: bytes, request: Request) -> list[bytes]:
    """Return the records of a body."""
    if "ndjson" in request.headers.get("content-type", ""):
        records = [line for line in body.split(b"\n") if line.strip()]
    else:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPException(422, f"the body is not JSON: {error}") from error
        if not isinstance(data, list):
            return [body]
        records = [_written(item) for item in data]
    if len(records) > MAX_COMMENTS:
        raise HTTPException(413, f"at most {MAX_COMMENTS:,} comments a request; send several")
    return records


def _written(item: object) -> bytes:
    """Return an item of an array as a record of its own."""
    try:
        return json.dumps(item, ensure_ascii=False).encode(errors="surrogatepass")
    except RecursionError as error:
        raise HTTPException(422, "the body is nested too deeply") from error
