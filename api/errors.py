"""One JSON shape for every error: ``{"error": {"code", "message", "place"}}``."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from minyi.errors import InvalidMargins, InvalidQuery, InvalidRecord, MinyiError, Retryable


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
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}


def install(app: FastAPI) -> None:
    """Answer every error of the app in the one shape."""

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = CODES.get(error.status_code, "error")
        return response(error.status_code, code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        return response(422, "invalid_request", message, place)

    @app.exception_handler(MinyiError)
    async def _minyi(_: Request, error: MinyiError) -> JSONResponse:
        if isinstance(error, Retryable):
            return response(503, "unavailable", str(error), headers={"Retry-After": "5"})
        if isinstance(error, InvalidRecord):
            return response(422, "invalid_record", error.reason, error.place)
        if isinstance(error, InvalidQuery):
            return response(422, "invalid_query", str(error))
        if isinstance(error, InvalidMargins):
            return response(422, "invalid_margins", str(error))
        return response(500, "error", str(error))

    @app.exception_handler(Exception)
    async def _unforeseen(_: Request, __: Exception) -> JSONResponse:
        # the server logs it; what went wrong inside is nobody's business outside
        return response(500, "error", "the service failed on this request; its log says why")
