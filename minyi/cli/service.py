"""``minyi demo`` and ``minyi serve``: the stream, the API and the page in one process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from minyi.cli import tables
from minyi.cli.progress import bars, stream_progress
from minyi.cli.wiring import Data, console, output, registry, service, settings
from minyi.clock import SystemClock
from minyi.errors import BrokerUnavailable, SettingError
from minyi.query import Filters
from minyi.settings import ROOT, Settings

if TYPE_CHECKING:
    from streams.access import Access
    from streams.app import Service
    from streams.sinks import BrokerSink

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of page and API. [default: MINYI_API__PORT, 8600]"),
]


def add_to(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(serve)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit when the stream is drained.")] = False,
    port: Port = None,
    data: Data = None,
) -> None:
    """Run the whole service on the bundled stream of comments, then keep serving."""
    config = settings(data)
    if data is None:  # apart from the user's own comments
        config = config.model_copy(update={"data": config.data / "demo"})
    asyncio.run(_run(config, port or config.api.port, bundle=BUNDLE, once=once))


def serve(port: Port = None, data: Data = None) -> None:
    """Run the stream, the API and the page on what comes in."""
    config = settings(data)
    asyncio.run(_run(config, port or config.api.port, bundle=None, once=False))


async def _run(config: Settings, port: int, bundle: Path | None, once: bool) -> None:
    from streams.running import failure
    from streams.sinks import BrokerSink

    listener = _listen(config.api.host, port)
    url = f"http://{config.api.host}:{port}"
    try:
        console.print("starting: registry, tagger, stream …")
        async with (
            service(config, url) as (running, broker),
            _serving(config, running, BrokerSink(broker), listener) as server,
        ):
            stream = asyncio.create_task(running.app.wait_until_stopped())
            if bundle is not None:
                await _ingest_once(config, broker, bundle)
            work = asyncio.create_task(_first_trend(config, running, url))
            await asyncio.wait({work, server, stream}, return_when=asyncio.FIRST_COMPLETED)
            if work.done() and not stream.done():
                work.result()
                if not once:
                    console.print("serving; stop with Ctrl-C")
                    await asyncio.wait({server, stream}, return_when=asyncio.FIRST_COMPLETED)
            work.cancel()
            if stream.done():
                raise BrokerUnavailable(
                    f"{failure(running) or 'the stream has stopped'}. Nothing is lost: mend the "
                    "cause and start again, and it goes on where it was"
                )
            stream.cancel()
    finally:
        listener.close()


async def _first_trend(config: Settings, running: Service, url: str) -> None:
    if config.embedded_broker:
        await stream_progress(config, running)
    totals = await asyncio.to_thread(running.steps.index.totals, Filters())
    if totals:
        output.print(tables.overview(registry(config), totals))
    if running.progress.dead:
        console.print(f"{running.progress.dead:,} records went to the dead letters")
    folder = "" if config.data == ROOT / "var" else f" --data {_short(config.data)}"
    output.print(f"[bold]page[/bold]   {url}/          [bold]API[/bold]   {url}/docs")
    program = _short(Path(sys.argv[0]).absolute()) if sys.argv[0].endswith("minyi") else "minyi"
    output.print(
        f"[bold]trend[/bold]  {program} trend driving-restriction{folder}\n"
        f"[bold]search[/bold] {program} search 早高峰{folder}\n"
        f"[bold]yours[/bold]  {program} ingest FILE.csv{folder}   (.jsonl .csv .xlsx, .gz .xz)",
        highlight=False,
    )


async def _ingest_once(config: Settings, broker: Access, bundle: Path) -> None:
    """Put the bundled stream into the log unless it is there already.

    The note is written after the last record is durable: a crash before repeats the ingest, which
    changes nothing, since opinions overwrite themselves.
    """
    from streams.intake.files import open_source
    from streams.intake.ingest import ingest, plan
    from streams.sinks import BrokerSink
    from streams.topics import COMMENTS

    note = config.data / "bundle.json"
    content = bundle.read_bytes()
    state = {"sha256": hashlib.sha256(content).hexdigest()}
    if note.exists() and json.loads(note.read_text()) == state:
        async for _ in broker.read(COMMENTS):
            return  # noted, and the log has not been removed since
    with bars() as progress:
        task = progress.add_task("replaying", total=content.count(b"\n"))
        advance = partial(progress.advance, task)
        await ingest(plan(open_source(bundle), {}), BrokerSink(broker), SystemClock(), advance)
    draft = note.with_suffix(".new")
    draft.write_text(json.dumps(state))
    draft.replace(note)


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again before the stream has stopped."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def stop(self) -> None:
        self.should_exit = True


@asynccontextmanager
async def _serving(
    config: Settings, running: Service, sink: BrokerSink, listener: socket.socket
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve page and API on a bound socket beside the stream; the task ends on a signal."""
    from api.alerts.store import AlertStore
    from api.app import create_app
    from api.services import Services
    from streams.running import failure

    wired = Services(
        index=running.steps.index,
        registry=running.registry,
        clock=SystemClock(),
        sink=sink,
        progress=running.progress.counts,
        failure=lambda: failure(running),
        on_change=running.progress.listeners.append,
        announce=sink.announce,
    )
    store = AlertStore(config.data / "subscriptions.db")
    api = create_app(wired, store, config.api.allowed_hosts)
    server = _Server(uvicorn.Config(api, log_level="warning", timeout_graceful_shutdown=5))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield task
    finally:
        server.should_exit = True
        await task
        store.close()


def _listen(host: str, port: int) -> socket.socket:
    """Bind the port before anything else starts.

    Raises:
        SettingError: when something listens there already.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingError(
            f"port {port} on {host} cannot be had ({error.strerror}). Choose another: "
            f"make demo PORT={port + 1}, or minyi serve --port {port + 1}"
        ) from error
    return listener


def _short(path: Path) -> Path:
    """Return the path as a user in the checkout would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
