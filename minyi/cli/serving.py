"""What every long-running command does: listen, serve, and end in time when it is told to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING, Any

import uvicorn

from minyi.cli.publisher import publisher
from minyi.cli.wiring import console, keep_table, margins
from minyi.clock import SystemClock
from minyi.errors import BrokerUnavailable, MinyiError, SettingError
from minyi.logs import said
from minyi.memory import collect_seldom
from minyi.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.services import Services
    from streams.access import Access
    from streams.app import Service

log = logging.getLogger(__name__)

STOP_S = 7.0
"""So long an orderly end may take; whatever hangs then is left behind. With the interpreter's own
end that is less than the 10 s after which orchestrators kill."""
CONNECTIONS_S = 2
"""So long open requests may take at the end."""
THREADS = 32
"""For blocking calls: enough that some may hang without holding up the others."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a service until it ends, or until SIGINT or SIGTERM tells it to.

    Then it is cancelled, and what it has opened is closed in order. What hangs, a write to an index
    that does not answer for one, is left behind after ``STOP_S``: it was not committed, and comes
    again at the next start.
    """
    last: list[Timer] = []
    try:
        asyncio.run(_until_told(main, last))
    except MinyiError:
        raise
    except Exception as error:  # Python's own words of it could quote what somebody wrote
        log.critical("an unforeseen error: %s", error, exc_info=True)
        raise SystemExit(1) from None
    finally:
        for timer in last:
            timer.cancel()


async def _until_told(main: Coroutine[Any, Any, None], last: list[Timer]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "minyi"))
    loop.set_exception_handler(_unhandled)
    task = loop.create_task(main)

    def stop(number: signal.Signals) -> None:
        if last:
            return
        log.info("stopping", extra={"signal": number.name})
        timer = Timer(STOP_S, _leave)
        timer.daemon = True
        timer.start()
        last.append(timer)
        task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not last:
            raise
    except Exception as error:
        if not last:
            raise
        log.warning("not everything could be closed", extra={"reason": said(error)})
    if last:
        log.info("stopped")


def _leave() -> None:
    log.warning("something hangs and is left behind; what was not committed comes again")
    sys.stdout.flush()
    os._exit(0)


def _unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody awaited, without the objects that asyncio would print."""
    error = context.get("exception")
    log.error("%s", context["message"], extra={"reason": said(error) if error else ""})


def listen(host: str, port: int, instead: str) -> socket.socket:
    """Bind a port before anything else starts; 0 is any that is free.

    Args:
        host: the address.
        port: the port.
        instead: what to type for another port, told when this one cannot be had.

    Raises:
        SettingError: when something listens there already.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingError(
            f"port {port} on {host} cannot be had ({error.strerror}). Choose another: {instead}"
        ) from error
    return listener


def tell(config: Settings, message: str) -> None:
    """Say how far a command is: to a person, or to whatever reads JSON."""
    if config.log.format == "json":
        log.info(message)
    else:
        console.print(message)


def url_of(listener: socket.socket) -> str:
    """Return where a bound socket is found from this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # asked, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Leaves signals to :func:`run`: uvicorn would raise them again before the stream has
    stopped."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


@asynccontextmanager
async def serving(app: FastAPI, listener: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve on a bound socket, which is closed at the end; the task ends when serving fails."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=CONNECTIONS_S
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    collect_seldom()
    try:
        yield task
    finally:
        server.should_exit = True
        await task


def beside(config: Settings, running: Service, broker: Access, role: str) -> Services:
    """Return what is served beside a stream."""
    from api.measures import describe
    from api.services import Services
    from streams.running import failure

    describe(running.metrics.registry, role, running.steps.tagger.model_id)
    return Services(
        index=running.steps.index,
        registry=running.registry,
        clock=SystemClock(),
        progress=running.progress.counts,
        margins=margins(config),
        publisher=publisher(config),
        failure=lambda: failure(running),
        on_change=running.progress.listeners.append,
        checks={"broker": partial(broker_answers, broker)},
        metrics=running.metrics.registry,
    )


async def broker_answers(broker: Access) -> None:
    """Raise unless the broker answers and has the comments' topic."""
    from streams.topics import COMMENTS

    if not await broker.partitions([COMMENTS]):
        raise BrokerUnavailable(f"there is no topic {COMMENTS!r}; create it with minyi setup")


@asynccontextmanager
async def page_and_alerts(
    config: Settings, wired: Services, listener: socket.socket
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve page and API, and watch for the subscribers; the task ends when serving fails."""
    from api.alerts.store import AlertStore
    from api.app import create_app

    keep_table(config)
    with closing(AlertStore(config.data / "subscriptions.db")) as store:
        app = create_app(wired, store, config.api.names(config.api.host))
        async with serving(app, listener) as server:
            yield server


async def stream_ends(running: Service) -> None:
    """Wait until the stream has stopped for good.

    Raises:
        BrokerUnavailable: with the reason.
    """
    from streams.running import failure

    await running.app.wait_until_stopped()
    raise BrokerUnavailable(
        f"{failure(running) or 'the stream has stopped'}. Nothing is lost: mend the cause and "
        "start again, and it goes on where it was"
    )


async def first_of(*waits: Coroutine[Any, Any, None] | asyncio.Task[None]) -> None:
    """Wait until the first ends, raise what it raises, and cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task, wait in zip(tasks, waits, strict=True):
            if task is not wait:  # a task that was given is its owner's
                task.cancel()
