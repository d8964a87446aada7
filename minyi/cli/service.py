"""``minyi demo`` and ``minyi serve``: the stream, the API and the page in one process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minyi.cli import tables
from minyi.cli.progress import bars, stream_progress
from minyi.cli.wiring import Data, console, output, registry, service, settings
from minyi.clock import SystemClock
from minyi.domain import Filters
from minyi.errors import SettingError
from minyi.settings import ROOT, Settings

if TYPE_CHECKING:
    from minyi.ports import CommentSink
    from streams.app import Service
    from streams.sinks import BrokerSink

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"
Port = Annotated[int | None, typer.Option(help="Port of page and API. [default: 8600]")]


def add_to(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(serve)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit when the stream is drained.")] = False,
    port: Port = None,
    data: Data = None,
) -> None:
    """Run the whole service on the bundled stream of comments, then keep serving."""
    config = settings(data or ROOT / "var" / "demo")
    asyncio.run(_run(config, port or config.api.port, bundle=BUNDLE, once=once))


def serve(port: Port = None, data: Data = None) -> None:
    """Run the stream, the API and the page on what comes in."""
    config = settings(data)
    asyncio.run(_run(config, port or config.api.port, bundle=None, once=False))


async def _run(config: Settings, port: int, bundle: Path | None, once: bool) -> None:
    from streams.sinks import BrokerSink

    listener = _listen(config.api.host, port)
    url = f"http://{config.api.host}:{port}"
    try:
        console.print("starting: registry, tagger, stream …")
        async with (
            service(config, url) as (running, broker),
            _serving(config, running, BrokerSink(broker), listener) as stopped,
        ):
            if bundle is not None:
                await _ingest_once(config, BrokerSink(broker), bundle)
            work = asyncio.create_task(_first_trend(config, running, url))
            done, _ = await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if work in done:
                work.result()
                if not once:
                    console.print("serving; stop with Ctrl-C")
                    await stopped
            work.cancel()
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
    output.print(
        f"[bold]trend[/bold]  minyi trend driving-restriction{folder}\n"
        f"[bold]search[/bold] minyi search 早高峰{folder}\n"
        f"[bold]yours[/bold]  minyi ingest FILE.csv{folder}   (.jsonl .csv .xlsx, .gz .xz)",
        highlight=False,
    )


async def _ingest_once(config: Settings, sink: CommentSink, bundle: Path) -> None:
    """Put the bundled stream into the log unless it is there already.

    The note is written after the last record is durable: a crash before repeats the ingest, which
    changes nothing, since opinions overwrite themselves.
    """
    from streams.intake.files import open_source
    from streams.intake.ingest import ingest, plan

    note = config.data / "bundle.json"
    content = bundle.read_bytes()
    state = {"sha256": hashlib.sha256(content).hexdigest()}
    if note.exists() and json.loads(note.read_text()) == state:
        return
    with bars() as progress:
        task = progress.add_task("replaying", total=content.count(b"\n"))
        advance = partial(progress.advance, task)
        await ingest(plan(open_source(bundle), {}), sink, SystemClock(), advance)
    draft = note.with_suffix(".new")
    draft.write_text(json.dumps(state))
    draft.replace(note)


@asynccontextmanager
async def _serving(
    config: Settings, running: Service, sink: BrokerSink, listener: socket.socket
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve page and API on a bound socket beside the stream; the task ends on a signal."""
    import uvicorn

    from api.alerts.store import AlertStore
    from api.app import create_app
    from api.services import Services

    wired = Services(
        index=running.steps.index,
        registry=running.registry,
        clock=SystemClock(),
        sink=sink,
        progress=running.progress.counts,
        on_change=running.progress.listeners.append,
        announce=sink.announce,
    )
    store = AlertStore(config.data / "subscriptions.db")
    server = uvicorn.Server(
        uvicorn.Config(create_app(wired, store), log_level="warning", timeout_graceful_shutdown=5)
    )
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
