"""A worker process for tests to kill: ``kafka_worker.py SETTINGS SECONDS``.

The real app on the settings (JSON), with a quick tagger that takes so many seconds a batch. It
says ``ready`` once its registry is there and ``tagging`` with each batch, and ends like every
worker on SIGTERM, or when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

from indexers.embedded import EmbeddedIndex
from minyi import logs
from minyi.cli.serving import run
from minyi.domain import Tagging
from minyi.policy import Policy
from minyi.settings import Settings, embedded_path
from streams.access import access
from streams.app import build
from streams.provision import newest_revision
from streams.running import running
from tests.stream import QuickTagger


class SlowTagger(QuickTagger):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def tag(self, pairs: Sequence[tuple[Policy, str]]) -> list[Tagging]:
        print("tagging", flush=True)
        time.sleep(self._seconds)
        return super().tag(pairs)


async def main(config: Settings, seconds: float) -> None:
    logs.configure(config.log)
    async with access(config) as broker:
        revision = await newest_revision(broker)
    index = EmbeddedIndex(embedded_path(config.index_url))
    service = build(config, index, SlowTagger(seconds), None, revision)
    async with running(service):
        await service.registry.ready()
        print("ready", flush=True)
        stopped = asyncio.create_task(service.app.wait_until_stopped())
        closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        await asyncio.wait({stopped, closed}, return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            print("stopped", flush=True)
    index.close()


run(main(Settings.model_validate_json(sys.argv[1]), float(sys.argv[2])))
