"""Progress bars over the embedded log: how far each agent has come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from minyi.cli.wiring import console
from minyi.settings import Settings, embedded_path

if TYPE_CHECKING:
    from streams.app import Service


def bars() -> Progress:
    """Return a progress display with counts and time."""
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


async def stream_progress(config: Settings, service: Service) -> None:
    """Show linking, tagging and indexing until the stream is drained."""
    from streams.embedded import open_log
    from streams.running import drained
    from streams.topics import APP_ID, COMMENTS, LINKS, OPINIONS

    steps = {COMMENTS: "linking", LINKS: "tagging", OPINIONS: "indexing"}
    log = open_log(embedded_path(config.broker_url))
    with bars() as progress, log:
        tasks = {topic: progress.add_task(name, total=None) for topic, name in steps.items()}

        def update() -> None:
            ends = log.highwaters()
            lags = log.lag(APP_ID, tuple(steps))
            for topic, task in tasks.items():
                total = sum(end for place, end in ends.items() if place.topic == topic)
                behind = sum(lag for place, lag in lags.items() if place.topic == topic)
                progress.update(task, completed=total - behind, total=total)

        async def keep_updating() -> None:
            while True:
                update()
                await asyncio.sleep(0.2)

        painter = asyncio.create_task(keep_updating())
        try:
            await drained(service, config.broker_url)
        finally:
            painter.cancel()
            update()
