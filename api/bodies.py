"""Bodies of requests, read within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException

MAX_BODY = 8_000_000
MAX_RECORDS = 5_000
T = TypeVar("T")


async def body(request: Request) -> bytes:
    """Read the body, at most ``MAX_BODY`` bytes of it."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY:
            raise HTTPException(413, f"at most {MAX_BODY:,} bytes a request; send several")
    return bytes(content)


def lines(content: bytes) -> Sequence[bytes]:
    """Return the lines that are not blank, at most ``MAX_RECORDS``."""
    return bounded([line for line in content.split(b"\n") if line.strip()])


def bounded(records: Sequence[T]) -> Sequence[T]:
    """Return the records of a request, at most ``MAX_RECORDS``."""
    if len(records) > MAX_RECORDS:
        raise HTTPException(413, f"at most {MAX_RECORDS:,} records a request; send several")
    return records
