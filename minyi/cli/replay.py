"""``minyi record``, ``replay``: topics to a file, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from minyi.cli.opening import digest_line, index
from minyi.cli.options import Data
from minyi.cli.progress import bars, stream_progress
from minyi.cli.wiring import service, settings
from minyi.settings import Settings


def record(
    file: Annotated[Path, typer.Argument(help="Recording to write; .gz packs it.")],
    topic: Annotated[
        list[str] | None, typer.Option(help="Topics. \\[default: policies, comments]")
    ] = None,
    data: Data = None,
) -> None:
    """Record topics to a file, with keys, timestamps and partitions."""
    from streams.access import access
    from streams.replay import record as write
    from streams.topics import COMMENTS, POLICIES

    config = settings(data, "broker")

    async def run() -> int:
        async with access(config) as broker:
            return await write(broker, topic or [POLICIES, COMMENTS], file)

    print(f"{asyncio.run(run()):,} records in {file}")


def replay(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and count it.")] = False,
    data: Data = None,
) -> None:
    """Replay a recording; on an embedded broker, run the stream until it is drained.

    A recording that holds the registry is replayed with it, not with the files of today.
    """
    from streams.replay import read_recording

    topics, records = read_recording(file)
    if dry_run:
        print(f"{sum(1 for _ in records):,} records on {', '.join(topics)}")
        return
    config = settings(data)
    print(f"{asyncio.run(_replay(config, file, topics)):,} records replayed")
    if config.embedded_broker:
        with index(config) as opened:
            print(digest_line(opened))


async def _replay(config: Settings, file: Path, topics: Collection[str]) -> int:
    from streams.access import access
    from streams.replay import replay as append
    from streams.topics import POLICIES

    async with access(config) as broker:
        with bars() as progress:
            task = progress.add_task("replaying", total=None)
            count = await append(broker, file, partial(progress.advance, task))
        if config.embedded_broker:
            async with service(config, publish=POLICIES not in topics) as (running, _):
                await stream_progress(config, running)
    return count
