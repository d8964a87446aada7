"""A real Kafka for tests of the whole app: emptied, paused, killed, started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from minyi.cli import wiring
from minyi.settings import ROOT, Settings
from models.rows.shared import shared_folder
from streams.access import access
from streams.provision import PROVISIONED
from streams.replay import FORMAT, replay
from streams.topics import COMMENTS

ENGINES = "MINYI_TEST_ENGINES"


async def wipe(servers: str) -> None:
    """Delete the topics of the app, if any, and wait until they are gone."""
    names = {spec.name for spec in PROVISIONED}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        async with asyncio.timeout(60):
            while there := names & set(await admin.list_topics()):
                await admin.delete_topics(list(there))
                await asyncio.sleep(0.2)  # Kafka tells nobody when they are gone
    finally:
        await admin.close()


def recorded(path: Path, count: int, partitions: int) -> Path:
    """Write a recording of the first bundled comments."""
    lines = [json.dumps({"format": FORMAT, "topics": {COMMENTS: partitions}})]
    with (ROOT / "data" / "stream" / "comments.jsonl").open() as bundle:
        for number, text in enumerate(islice(bundle, count)):
            place = {"topic": COMMENTS, "partition": number % partitions}
            record = {"key": json.loads(text)["id"], "value": text.strip()}
            lines.append(json.dumps(place | {"timestamp": 1_790_000_000_000} | record))
    path.write_text("\n".join(lines) + "\n")
    return path


async def over_kafka(
    config: Settings, recording: Path, comments: int, opinions: int
) -> tuple[int, str]:
    """Replay a recording over Kafka; return the digest once so much is linked and indexed."""
    async with access(config) as broker, wiring.service(config) as (running, _):
        await replay(broker, recording)
        done = asyncio.Event()

        def look() -> None:
            counts = running.progress.counts()
            if counts["comments"] >= comments and counts["indexed"] >= opinions:
                done.set()

        running.progress.listeners.append(look)
        async with asyncio.timeout(120):
            await done.wait()
        return running.steps.index.digest()


class Engine:
    """The one Kafka broker of the test engines, to be hurt."""

    def __init__(self) -> None:
        folder = os.environ.get(ENGINES)
        if not folder:
            reason = f"needs a Kafka that may be killed: set {ENGINES}"
            if os.environ.get("MINYI_REQUIRE_ENGINES"):
                pytest.fail(reason)
            pytest.skip(reason)
        self.folder = Path(folder)
        self.name = next(name for name in self._engines() if name.startswith("kafka"))

    def _engines(self) -> dict[str, dict[str, int]]:
        return json.loads((self.folder / "engines.json").read_text())

    def _send(self, number: signal.Signals) -> None:
        os.kill(self._engines()[self.name]["pid"], number)

    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def start(self) -> None:
        """Start a killed broker on its data and port; it answers when the call returns."""
        program = shared_folder() / "engines" / "engines.py"
        command = [sys.executable, program, "start", self.folder, self.name]
        subprocess.run(command, check=True, capture_output=True, timeout=100)
