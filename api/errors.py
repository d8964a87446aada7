"""One JSON shape for every error: ``{"error": {"code", "message", "place"}}``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minyi.errors import (
    EmptyWindow,
    InvalidQuery,
    InvalidRecord,
    MinyiError,
    Retryable,
    TooManyRows,
)
from minyi.refused import told


class ErrorBody(BaseModel):
    code: str
    """A word that a program can act on."""
    message: str
    """What is wrong, for a person."""
    place: str = ""
    """Where in the request."""


class ErrorResponse(BaseModel):
    error: ErrorBody


def response(
    status: int, code: str, message: str, place: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error in the one shape."""
    body = ErrorResponse(error=ErrorBody(code=code, message=message, place=place))
    return JSONResponse(body.model_dump(), status_code=status, headers=dict(headers or {}))


CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "invalid_request",
}


class OneShape:
    """Puts into the one shape what Starlette refuses in plain text: ranges of files, and requests
    of other origins. To be the outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused: Message | None = None
        text = b""

        async def shaped(message: Message) -> None:
            nonlocal refused, text
            if message["type"] == "http.response.start" and _is_plain_refusal(message):
                refused = message
            elif refused is None:
                await send(message)
            else:
                text += message.get("body", b"")
                if not message.get("more_body", False):
                    await _in_shape(refused, text.decode(errors="replace"))(scope, receive, send)

        await self._app(scope, receive, shaped)


def _is_plain_refusal(start: Message) -> bool:
    kind: str = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= 400 and kind.startswith("text/plain")


def _in_shape(refused: Message, text: str) -> Response:
    status = refused["status"]
    answer = response(status, CODES.get(status, "error"), text or HTTPStatus(status).phrase)
    own = (b"content-type", b"content-length")
    answer.raw_headers += [(name, value) for name, value in refused["headers"] if name not in own]
    return answer


def install(app: FastAPI) -> None:
    """Answer every error of the app in the one shape. To be called after all other middleware has
    been added."""
    app.add_middleware(OneShape)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = CODES.get(error.status_code, "error")
        return response(error.status_code, code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        place, message = told(error.errors()[0])
        return response(422, "invalid_request", message, place)

    @app.exception_handler(ClientDisconnect)
    async def _hung_up(_: Request, __: ClientDisconnect) -> JSONResponse:
        # nobody hears it, but else it would be logged and counted as a failure of the service
        return response(400, "bad_request", "the request ended before all of it had come")

    @app.exception_handler(MinyiError)
    async def _minyi(_: Request, error: MinyiError) -> JSONResponse:
        if isinstance(error, Retryable):
            wait = {"Retry-After": str(math.ceil(error.after_s))}
            return response(503, "unavailable", str(error), headers=wait)
        if isinstance(error, InvalidRecord):
            return response(422, "invalid_record", error.reason, error.place)
        if isinstance(error, TooManyRows):
            return response(422, "too_many_rows", str(error))
        if isinstance(error, EmptyWindow):
            return response(422, "empty_window", str(error), "query.until")
        if isinstance(error, InvalidQuery):
            return response(422, "invalid_query", str(error))
        return response(500, "error", str(error))

    @app.exception_handler(Exception)
    async def _unforeseen(_: Request, __: Exception) -> JSONResponse:
        # the server logs it; what went wrong inside is nobody's business outside
        return response(500, "error", "the service failed on this request; its log says why")
