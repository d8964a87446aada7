"""Wires the HTTP API: routes, errors, the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from api import errors
from api.alerts.store import AlertStore
from api.alerts.watch import Watch
from api.answering import AnsweringSources
from api.guard import KnownHosts, Unframed
from api.measures import Timed, taken
from api.parameters import only_known
from api.publishing import Press
from api.readiness import Question
from api.routes import (
    campaigns,
    changes,
    comments,
    dead_letters,
    differences,
    health,
    open_data,
    policies,
    representativeness,
    responsiveness,
    search,
    why,
)
from api.routes import subscriptions as subscription_routes
from api.services import Services
from minyi import __version__
from minyi.campaigns.reader import CampaignReader

ROUTES = (
    health,
    policies,
    changes,
    differences,
    responsiveness,
    representativeness,
    campaigns,
    why,
    search,
    comments,
    dead_letters,
    subscription_routes,
    open_data,
)
TAKE_ANY_PARAMETER = (health, open_data)
"""What probes and portals read, which put marks of their own into an address."""
REVALIDATE = {"Cache-Control": "no-cache"}
PAGE = Path(__file__).parent / "page"
OPEN_ASSETS = (
    "open.js",
    "api.js",
    "bars.js",
    "dom.js",
    "readings.js",
    "words.js",
    "style.css",
    "favicon.svg",
)
"""The files that the page of the open data needs; nothing in them reads anything else."""

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
    allowed_hosts: Sequence[str] = (),
) -> FastAPI:
    """Return the API over the given services.

    Args:
        wired: the ports that the routes stand on.
        subscriptions: where they are kept; None serves without alerts.
        allowed_hosts: the names, without port, that the service may be called by besides those of
            loopback; ``*`` is any.
    """
    app = FastAPIOffline(  # /docs without a CDN
        title="Minyi 民意",
        version=__version__,
        description=DESCRIPTION,
        responses={
            422: {"model": errors.ErrorResponse},
            "default": {"model": errors.ErrorResponse, "description": "Any other error."},
        },
        lifespan=_watching,
    )
    app.add_middleware(Unframed)  # the open data alone change nothing: portals may frame them
    _install(app, wired, allowed_hosts)
    app.state.alerts = subscriptions
    app.state.campaigns = CampaignReader(wired.index, wired.clock)
    app.state.answering = AnsweringSources(wired.index)
    app.state.watch = None
    for module in ROUTES:
        strict = [] if module in TAKE_ANY_PARAMETER else [Depends(only_known)]
        app.include_router(module.router, dependencies=strict)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers=REVALIDATE)

    @app.get("/open", include_in_schema=False)
    def open_page() -> FileResponse:
        return FileResponse(PAGE / "open.html", headers=REVALIDATE)

    app.mount("/page", Assets(directory=PAGE), name="page")
    return app


def create_probes(wired: Services, allowed_hosts: Sequence[str] = ()) -> FastAPI:
    """Return what a worker serves: whether it is alive and ready, and what it measures."""
    app = FastAPI(title="Minyi worker", version=__version__, docs_url=None, redoc_url=None)
    _install(app, wired, allowed_hosts)
    app.include_router(health.router)
    return app


def create_public(wired: Services, allowed_hosts: Sequence[str] = ()) -> FastAPI:
    """Return what everybody may read: the open data, its page and its catalog. There is no other
    route, so that no setting of a proxy can open one."""
    app = FastAPI(
        title="民意开放数据",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=["If-None-Match", "Range"],
        expose_headers=["Content-Range", "ETag"],
    )
    _install(app, wired, allowed_hosts)
    app.include_router(open_data.router)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get("/open")
    def open_page() -> FileResponse:
        return FileResponse(PAGE / "open.html", headers=REVALIDATE)

    @app.get("/page/{name}")
    def asset(name: str) -> FileResponse:
        if name not in OPEN_ASSETS:
            raise HTTPException(404, "nothing is published here")
        return FileResponse(PAGE / name, headers=REVALIDATE)

    return app


def _install(app: FastAPI, wired: Services, allowed_hosts: Sequence[str]) -> None:
    app.state.services = wired
    app.state.press = Press(wired)
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
    wired: Services = app.state.services
    if app.state.alerts is None:
        yield
        return
    async with httpx.AsyncClient(trust_env=False) as client:
        watch = Watch(
            app.state.alerts,
            wired.index,
            wired.registry,
            wired.clock,
            wired.adjuster,
            client,
            wired.announce,
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
