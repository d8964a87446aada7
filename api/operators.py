"""What only the operator of a service may do over HTTP: who can read the key beside its log."""

from __future__ import annotations

import hmac

from fastapi import Request
from starlette.exceptions import HTTPException


def needs_key(request: Request, key: str, why: str) -> None:
    """Go on only for who sends the operator's key.

    Raises:
        HTTPException: 401 without it.
    """
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key or not hmac.compare_digest(given.encode(), key.encode()):
        raise HTTPException(
            401,
            f"{why}: send the key that lies beside the log (authorization: Bearer KEY)",
            headers={"WWW-Authenticate": "Bearer"},
        )
