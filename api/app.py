"""Wires the HTTP API: routes, errors, the page."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry

from api import errors
from api.alerts.store import AlertStore
from api.alerts.watch import Watch
from api.campaigns import CampaignReader
from api.guard import LOOPBACK, KnownHosts
from api.measures import Timed, taken
from api.readiness import Question
from api.routes import (
    campaigns,
    changes,
    comments,
    dead_letters,
    differences,
    health,
    policies,
    representativeness,
    search,
)
from api.routes import subscriptions as subscription_routes
from api.services import Services
from minyi import __version__

ROUTES = (
    health,
    policies,
    changes,
    differences,
    representativeness,
    campaigns,
    search,
    comments,
    dead_letters,
    subscription_routes,
)
REVALIDATE = {"Cache-Control": "no-cache"}
PAGE = Path(__file__).parent / "page"

DESCRIPTION = """
From public comments to honest preference trends. Every share names its denominator and carries a
95 % interval. Errors have one shape: `{"error": {"code", "message", "place"}}`.
"""


class Assets(StaticFiles):
    """The page's files; a browser asks whether they changed, so that an upgrade is whole."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(REVALIDATE)
        return response


def create_app(
    wired: Services,
    subscriptions: AlertStore | None = None,
    allowed_hosts: Sequence[str] = LOOPBACK,
) -> FastAPI:
    """Return the API over the given services.

    Args:
        wired: the ports that the routes stand on.
        subscriptions: where they are kept; None serves without alerts.
        allowed_hosts: the names, without port, that the service may be called by; ``*`` is any.
    """
    app = FastAPIOffline(  # /docs without a CDN
        title="Minyi 民意",
        version=__version__,
        description=DESCRIPTION,
        responses={422: {"model": errors.ErrorResponse}},
        lifespan=_watching,
    )
    _install(app, wired, allowed_hosts)
    app.state.alerts = subscriptions
    app.state.campaigns = CampaignReader(wired.index, wired.clock)
    app.state.watch = None
    for module in ROUTES:
        app.include_router(module.router)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers=REVALIDATE)

    app.mount("/page", Assets(directory=PAGE), name="page")
    return app


def create_probes(wired: Services, allowed_hosts: Sequence[str] = LOOPBACK) -> FastAPI:
    """Return what a worker serves: whether it is alive and ready, and what it measures."""
    app = FastAPI(title="Minyi worker", version=__version__, docs_url=None, redoc_url=None)
    _install(app, wired, allowed_hosts)
    app.include_router(health.router)
    return app


def _install(app: FastAPI, wired: Services, allowed_hosts: Sequence[str]) -> None:
    app.state.services = wired
    app.state.requests = CollectorRegistry()
    app.state.taken = taken(app.state.requests)
    app.state.readiness = wired.readiness()
    app.state.count = Question(partial(asyncio.to_thread, wired.index.count))
    app.add_middleware(KnownHosts, hosts=allowed_hosts)
    app.add_middleware(Timed, registry=app.state.requests)
    errors.install(app)


@asynccontextmanager
async def _watching(app: FastAPI) -> AsyncIterator[None]:
    """Watch the index for the subscribers while the API serves."""
    gc.freeze()  # what is there to stay is not searched for garbage while somebody waits
    wired: Services = app.state.services
    if app.state.alerts is None:
        yield
        return
    async with httpx.AsyncClient(trust_env=False) as client:
        watch = Watch(
            app.state.alerts, wired.index, wired.registry, wired.clock, client, wired.announce
        )
        app.state.watch = watch
        if wired.on_change is not None:
            wired.on_change(watch.wake)
        task = asyncio.create_task(watch.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
