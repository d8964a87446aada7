"""What a process measures of itself besides its stream: who it is, what it uses, its requests."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minyi import __version__

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ELSEWHERE = "other"
"""The route of a request that no route of ours answered."""


def describe(registry: CollectorRegistry, role: str, model_id: str = "") -> None:
    """Tell of the process: its build, its role, the model that it tags with, memory and time."""
    ProcessCollector(registry=registry)
    build = Info("minyi_build", "Version, role and model of this process.", registry=registry)
    build.info({"version": __version__, "role": role, "model_id": model_id})


def taken(registry: CollectorRegistry) -> Counter:
    """Return the counter of the comments that were posted."""
    counter = Counter(
        "minyi_api_comments",
        "Comments that were posted: accepted, or rejected into the dead letters.",
        ["result"],
        registry=registry,
    )
    for result in ("accepted", "rejected"):
        counter.labels(result)
    return counter


class Timed:
    """Measures requests by the template of their route, so that no id becomes a label."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "minyi_http_request_seconds",
            "Time until a request was answered.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", None)
            # a method that no route knows is whatever the caller wrote
            method = scope["method"] if route and status != 405 else ELSEWHERE
            took = time.perf_counter() - started
            self._seconds.labels(method, route or ELSEWHERE, str(status)).observe(took)
