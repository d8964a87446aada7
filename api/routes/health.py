"""Whether the service is alive."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import errors
from api.schemas import Health
from api.services import Wired
from minyi import __version__

router = APIRouter(tags=["health"])

_FAILED: dict[int | str, dict[str, Any]] = {
    503: {
        "model": errors.ErrorResponse,
        "description": "`failed`: what has stopped, and why. `unavailable`: try again later.",
    }
}


@router.get("/health", response_model=Health, responses=_FAILED)
def health(wired: Wired) -> Health | Response:
    """Say that the service works, how much it holds and what it has done since it started."""
    failure = wired.failure()
    if failure is not None:
        return errors.response(503, "failed", failure)
    return Health(
        status="ok",
        version=__version__,
        opinions=wired.index.count(),
        policies=len(wired.registry.policies()),
        progress=dict(wired.progress()),
    )
