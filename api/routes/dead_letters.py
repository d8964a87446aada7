"""Where the owner of a running service looks at its dead letters, retries and drops them.

They hold personal data as it was written, so each route but the one that takes them asks for the
operator's key, which lies beside the log.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from api.bodies import body, lines
from api.guard import JSON, NDJSON, takes
from api.operators import needs_key
from api.schemas import Accepted, Cursor
from api.services import Wired
from minyi.dead_letter import Base64, DeadLetter, LetterFilters, LetterPage, Outcome, Stage
from minyi.domain import MAX_ID, MAX_RECORD_BYTES, Time
from minyi.errors import InvalidQuery, InvalidRecord
from minyi.ports import LetterBox

router = APIRouter(prefix="/v1/dead-letters", include_in_schema=False)

MAX_KEYS = 500
Key = Annotated[str, Field(max_length=100)]


class Retry(BaseModel):
    """Which letters to retry."""

    keys: Annotated[list[Key], Field(max_length=MAX_KEYS)]
    edited: Base64 | None = Field(default=None, max_length=MAX_RECORD_BYTES * 4 // 3 + 4)
    """Base64 of what takes the original's place; for one letter."""

    @property
    def content(self) -> bytes | None:
        return None if self.edited is None else base64.b64decode(self.edited)


def letter_box(request: Request, wired: Wired) -> LetterBox:
    """Return the letters to whoever holds the key.

    Raises:
        HTTPException: 405 where this service does not own them, 401 without the key.
    """
    if wired.letters is None:
        raise HTTPException(405, "this API keeps no dead letters; see minyi dead-letters")
    needs_key(request, wired.operator_key, "dead letters hold personal data")
    return wired.letters


Letters = Annotated[LetterBox, Depends(letter_box)]


@router.post("", status_code=202, **takes(NDJSON, JSON))
async def post_dead_letters(request: Request, wired: Wired) -> Accepted:
    """Take the dead letters of a file that a command reads while this service holds the log."""
    if wired.sink is None:
        raise HTTPException(405, "this API only reads")
    letters = await asyncio.to_thread(_read, await body(request))
    await wired.sink.bury(letters)
    return Accepted(accepted=len(letters), rejected=[])


@router.get("")
async def list_letters(
    letters: Letters,
    stage: Stage | None = None,
    since: Time | None = None,
    reason: Annotated[str | None, Query(max_length=200)] = None,
    record_key: Annotated[str | None, Query(max_length=MAX_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_KEYS)] = 50,
    cursor: Cursor = None,
) -> LetterPage:
    """List dead letters, the newest first, without their originals."""
    filters = LetterFilters(stage=stage, since=since, reason=reason, record_key=record_key)
    return await letters.page(filters, limit, cursor)


@router.get("/{key}", response_model_exclude_none=True)
async def show(letters: Letters, key: str) -> DeadLetter:
    """Return a dead letter with its original."""
    try:
        return await letters.get(key)
    except InvalidQuery as error:
        raise HTTPException(404, str(error)) from error


@router.post("/retry", **takes(JSON))
async def retry(letters: Letters, request: Request) -> Outcome:
    """Append the originals to the topics that their stages read, and drop the letters."""
    try:
        wanted = Retry.model_validate_json(await body(request))
    except ValidationError as error:
        raise HTTPException(422, f'name at most {MAX_KEYS} keys, as {{"keys": ["…"]}}') from error
    return await letters.retry(wanted.keys, wanted.content)


@router.delete("")
async def drop(
    letters: Letters, key: Annotated[list[Key], Query(min_length=1, max_length=MAX_KEYS)]
) -> Outcome:
    """Drop dead letters for good."""
    return await letters.drop(key)


def _read(content: bytes) -> list[DeadLetter]:
    """Read letters of the stage of files; those of an agent, whose retry would put what it says
    past the tagger, only the agent buries."""
    try:
        letters = [DeadLetter.from_json(line) for line in lines(content)]
    except InvalidRecord as error:
        raise HTTPException(422, "a line is no dead letter") from error
    if any(letter.stage != "read" for letter in letters):
        raise HTTPException(422, "only dead letters of the stage 'read' are taken")
    return letters
