"""A pytest fixture that replays a recording through the real app.

Put ``pytest_plugins = ["minyi.pytest_plugin"]`` into a ``conftest.py``; then::

    def test_the_campaign_is_seen(replay_recording):
        replayed = replay_recording(Path("campaign.jsonl.gz"))
        assert replayed.totals["elevator-retrofit"].against > 20

The app runs on an embedded log and index in the test's own folder, and the fixture returns when the
stream is drained. It waits for commits, not for time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from minyi.cli import wiring
from minyi.query import Counts, Filters
from minyi.settings import Settings, load_settings


@dataclass(frozen=True)
class Replayed:
    """What a replay left behind; ``index`` can be opened under ``settings``."""

    settings: Settings
    digest: tuple[int, str]
    totals: dict[str, Counts]
    counts: dict[str, int]
    """The stream's counters: comments, linked, tagged, indexed, dead."""


@pytest.fixture
def replay_recording(tmp_path: Path) -> Callable[[Path], Replayed]:
    """Return a function that replays a recording and waits until it is drained."""

    def run(recording: Path) -> Replayed:
        folder = tmp_path / f"replay-{len(list(tmp_path.iterdir()))}"
        config = load_settings(data=folder, broker="", index="")
        return asyncio.run(_replay(config, recording))

    return run


async def _replay(config: Settings, recording: Path) -> Replayed:
    from streams.access import access
    from streams.replay import read_recording, replay
    from streams.running import drained
    from streams.topics import POLICIES

    topics, _ = read_recording(recording)
    async with access(config) as broker:
        await replay(broker, recording)
        async with wiring.service(config, publish=POLICIES not in topics) as (running, _broker):
            await drained(running, config.broker_url)
            index = running.steps.index
            return Replayed(
                settings=config,
                digest=index.digest(),
                totals=index.totals(Filters()),
                counts=running.progress.counts(),
            )
