"""A worker process for the tests to kill: ``broker_worker.py URL GROUP TOPIC FOLDER``.

It notes each record in a table and says ``partition offset`` on its standard output.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

from broker_contract import make_app, raw_topic

import streams.embedded
import streams.kafka


async def main(url: str, group: str, name: str, folder: str) -> None:
    streams.embedded.register()
    streams.kafka.register()
    app = make_app(SimpleNamespace(url=url, folder=Path(folder)), group)
    seen = app.Table("seen", partitions=3)

    async def note(stream):
        async for event in stream.events():
            seen[event.key.decode()] = event.message.offset
            print(event.message.partition, event.message.offset, flush=True)

    app.agent(raw_topic(app, name), name="note")(note)
    await app.start()
    await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))
