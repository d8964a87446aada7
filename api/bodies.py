"""Bodies of requests, read within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from minyi.json_text import read_json

MAX_BODY = 8_000_000
MAX_RECORDS = 5_000
T = TypeVar("T")


async def body(request: Request, at_most: int = MAX_BODY) -> bytes:
    """Read the body, at most so many bytes of it."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > at_most:
            raise HTTPException(413, f"at most {at_most:,} bytes a request; send several")
    return bytes(content)


def parsed(content: bytes) -> Any:
    """Return what a JSON body holds.

    Raises:
        RequestValidationError: when it is none.
    """
    try:
        return read_json(content)
    except UnicodeDecodeError:
        why = "the body is not JSON in UTF-8"
    except (ValueError, RecursionError) as error:
        why = f"the body is not JSON: {error}"
    raise RequestValidationError([{"loc": ("body",), "msg": why}])


def lines(content: bytes) -> Sequence[bytes]:
    """Return the lines that are not blank, at most ``MAX_RECORDS``."""
    return bounded([line for line in content.split(b"\n") if line.strip()])


def bounded(records: Sequence[T]) -> Sequence[T]:
    """Return the records of a request, at most ``MAX_RECORDS``."""
    if len(records) > MAX_RECORDS:
        raise HTTPException(413, f"at most {MAX_RECORDS:,} records a request; send several")
    return records
