"""Wires the HTTP API: routes, errors, the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from api import errors
from api.routes import comments, health, policies, search
from api.services import Services
from minyi import __version__

PAGE = Path(__file__).parent / "page"

DESCRIPTION = """
From public comments to honest preference trends. Every share names its denominator and carries a
95 % interval. Errors have one shape: `{"error": {"code", "message", "place"}}`.
"""


def create_app(wired: Services) -> FastAPI:
    """Return the API over the given services."""
    app = FastAPIOffline(  # /docs without a CDN
        title="Minyi 民意",
        version=__version__,
        description=DESCRIPTION,
        responses={422: {"model": errors.ErrorResponse}},
    )
    app.state.services = wired
    errors.install(app)
    for module in (health, policies, search, comments):
        app.include_router(module.router)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app
