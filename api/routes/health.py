"""Whether the service is alive, whether it can do its work, and what it measures of itself."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api import errors
from api.readiness import Question, Readiness
from api.schemas import Health, Ready
from api.services import Wired
from minyi import __version__
from minyi.errors import MinyiError

router = APIRouter(tags=["health"])

_FAILED: dict[int | str, dict[str, Any]] = {
    503: {"model": errors.ErrorResponse, "description": "`failed`: what has stopped, and why."}
}
_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"model": Ready, "description": "What is missing, each with the reason."}
}


@router.get("/health", response_model=Health, responses=_FAILED)
async def health(request: Request, wired: Wired) -> Health | Response:
    """Say that the process lives, what it has done since it started and how much the index holds:
    null while that does not answer, which is no reason to start the process again."""
    failure = wired.failure()
    if failure is not None:
        return errors.response(503, "failed", failure)
    count: Question[int] = request.app.state.count
    try:
        opinions = await count.answer()
    except (MinyiError, TimeoutError):
        opinions = None
    return Health(
        status="ok",
        version=__version__,
        opinions=opinions,
        policies=len(wired.registry.policies()),
        progress=dict(wired.progress()),
    )


@router.get("/ready", response_model=Ready, responses=_NOT_READY)
async def ready(request: Request) -> Ready | Response:
    """Say whether the service can do its work: registry, broker, index, stream."""
    readiness: Readiness = request.app.state.readiness
    missing = await readiness.missing()
    if missing:
        body = Ready(status="not ready", missing=missing)
        return JSONResponse(body.model_dump(), status_code=503)
    return Ready(status="ready", missing={})


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, wired: Wired) -> Response:
    """Return the metrics in Prometheus' text format."""
    registries = (wired.metrics, request.app.state.requests)
    text = await asyncio.to_thread(lambda: b"".join(map(generate_latest, registries)))
    return Response(text, media_type=CONTENT_TYPE_LATEST)
