"""What keeps a foreign web page from using the service on its reader's own machine.

A browser lets any page post a form, or plain text, to any address, and a page whose name is made to
resolve to 127.0.0.1 may even read the answers (DNS rebinding). So what changes something must be
declared as JSON, which a browser asks leave for, and the service must be called by a name it has.
Nor may it show our page within its own and have its reader click there on what they do not see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors

JSON = "application/json"
NDJSON = "application/x-ndjson"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ANY = "*"

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:@\[\]/]+)(?::\d+)?", re.IGNORECASE)


def media_type(request: Request) -> str:
    """Return the body's declared type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def takes(*types: str) -> dict[str, Any]:
    """Return a route's arguments that refuse, with 415, a body of any other declared type."""

    def check(request: Request) -> None:
        if media_type(request) not in types:
            raise HTTPException(415, f"send content-type: {' or '.join(types)}")

    return {
        "dependencies": [Depends(check)],
        "responses": {415: {"model": errors.ErrorResponse, "description": "Unsupported type"}},
    }


class Unframed:
    """Lets no browser show an answer within another page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def unframed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["content-security-policy"] = "frame-ancestors 'none'"
            await send(message)

        await self._app(scope, receive, unframed)


class KnownHosts:
    """Refuses requests whose ``Host`` names somebody else, in the one shape of errors.

    The machine's own names are always known, since its commands and probes ask by them: DNS
    rebinding needs a name of the attacker's. Starlette's TrustedHostMiddleware does the same but
    answers in plain text.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._known = _checker(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "") if scope["type"] == "http" else None
        if host is None or self._known(host):
            await self._app(scope, receive, send)
            return
        message = (
            "the service is not called by this name; "
            "MINYI_API__ALLOWED_HOSTS lists the names that it answers to"
        )
        await errors.response(400, "unknown_host", message)(scope, receive, send)


def _checker(hosts: Sequence[str]) -> Callable[[str], bool]:
    known = {host.strip("[]").lower() for host in (*LOOPBACK, *hosts)}

    def check(header: str) -> bool:
        match = _HOST.fullmatch(header)
        return match is not None and match[1].strip("[]").lower() in known

    return (lambda _: True) if ANY in known else check
