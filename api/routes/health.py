"""Whether the service is alive."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import Health
from api.services import Wired
from minyi import __version__

router = APIRouter(tags=["health"])


@router.get("/health")
def health(wired: Wired) -> Health:
    """Say that the service answers, how much it holds and what it has done since it started."""
    return Health(
        status="ok",
        version=__version__,
        opinions=wired.index.count(),
        policies=len(wired.registry.policies()),
        progress=dict(wired.progress()),
    )
