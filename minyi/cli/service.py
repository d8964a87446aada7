"""``minyi demo`` and ``minyi serve``: the stream, the API and the page in one process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minyi.cli import tables
from minyi.cli.options import Data
from minyi.cli.overview import Overview, overview
from minyi.cli.patience import until_available
from minyi.cli.progress import bars, stream_progress
from minyi.cli.serving import (
    beside,
    first_of,
    listen,
    page_and_alerts,
    run,
    stream_ends,
    tell,
    url_of,
)
from minyi.cli.wiring import adjuster, console, output, registry, service, settings
from minyi.clock import SystemClock
from minyi.ports import Index
from minyi.query import Filters
from minyi.settings import ROOT, Settings, embedded_path, load_settings

if TYPE_CHECKING:
    from streams.access import Access
    from streams.app import Service

BUNDLE = ROOT / "data" / "stream" / "comments.jsonl"
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of page and API. \\[default: MINYI_API__PORT, 8600]"),
]


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit when the stream is drained.")] = False,
    port: Port = None,
    data: Data = None,
) -> None:
    """Run the whole service on the bundled stream of comments, then keep serving. All of it stays
    in its own folder, whatever broker and index are set: the comments are invented."""
    config = settings()
    folder = config.data / "demo" if data is None else data.resolve()
    config = config.model_copy(update={"data": folder, "broker": "", "index": ""})
    run(_run(config, port or config.api.port, bundle=BUNDLE, once=once))


def serve(port: Port = None, data: Data = None) -> None:
    """Run the stream, the API and the page on what comes in."""
    config = settings(data)
    run(_run(config, port or config.api.port, bundle=None, once=False))


async def _run(config: Settings, port: int, bundle: Path | None, once: bool) -> None:
    listener = listen(
        config.api.host, port, f"make demo PORT={port + 1}, or minyi serve --port {port + 1}"
    )
    url = url_of(listener)
    with closing(listener):
        tell(config, "starting: registry, tagger, stream …")
        async with (
            service(config, url, patient=not once) as (running, broker),
            _answering(config, running, broker, listener) as server,
        ):
            if bundle is not None:
                await first_of(_ingest_once(config, broker, bundle), server, stream_ends(running))
            await first_of(_first_trend(config, running, url), server, stream_ends(running))
            if not once:
                tell(config, "serving; stop with Ctrl-C")
                await first_of(server, stream_ends(running))


@asynccontextmanager
async def _answering(
    config: Settings, running: Service, broker: Access, listener: socket.socket
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve page, API and alerts beside the stream."""
    from streams.letters import BrokerLetters
    from streams.operator_key import operator_key
    from streams.sinks import BrokerSink

    sink = BrokerSink(broker)
    wired = replace(
        beside(config, running, broker, "serve"),
        sink=sink,
        announce=sink.announce,
        adjuster=adjuster(config),
    )
    if config.embedded_broker:  # on Kafka the commands reach the topic themselves
        key = operator_key(embedded_path(config.broker_url))
        wired = replace(wired, letters=BrokerLetters(broker, SystemClock()), operator_key=key)
    async with page_and_alerts(config, wired, listener) as server:
        yield server


async def _first_trend(config: Settings, running: Service, url: str) -> None:
    if config.embedded_broker:
        await stream_progress(config, running)
    index = running.steps.index
    found = await until_available(
        lambda: asyncio.to_thread(_first_look, config, index), not config.embedded_index
    )
    if found.items:
        output.print(tables.overview(found))
    if running.progress.dead:
        console.print(f"{running.progress.dead:,} records went to the dead letters")
    output.print(f"[bold]page[/bold]   {url}/          [bold]API[/bold]   {url}/docs")
    unset, folder = _around_a_command(config)
    program = _short(Path(sys.argv[0]).absolute()) if sys.argv[0].endswith("minyi") else "minyi"
    asked = f"{unset}{program}"
    output.print(
        f"[bold]trend[/bold]  {asked} trend driving-restriction{folder}\n"
        f"[bold]search[/bold] {asked} search 早高峰{folder}\n"
        f"[bold]yours[/bold]  {asked} ingest FILE.csv{folder}   (.jsonl .csv .xlsx, .gz .xz)",
        highlight=False,
    )


def _around_a_command(config: Settings) -> tuple[str, str]:
    """Return what is typed before and behind another command for it to find the same places."""
    if config.outside():  # the variables that name them will
        return "", ""
    others = load_settings(data=config.data).outside()  # the demo leaves them alone
    folder = "" if config.data == ROOT / "var" else f" --data {_short(config.data)}"
    return "".join(f"{name}= " for name in others), folder


def _first_look(config: Settings, index: Index) -> Overview:
    index.refresh()
    return overview(registry(config), index, Filters(), adjuster(config))


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
        sink = BrokerSink(broker, played=True)
        await ingest(plan(open_source(bundle), {}), sink, SystemClock(), advance)
    draft = note.with_suffix(".new")
    draft.write_text(json.dumps(state))
    draft.replace(note)


def _short(path: Path) -> Path:
    """Return the path as a user in the checkout would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
