"""Wires the Faust app: broker, topics, registry, agents."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust

import streams.embedded
from minyi.clock import SystemClock
from minyi.ports import Clock, Encoder, Index, Tagger
from minyi.settings import Settings
from streams.agents import Steps
from streams.dead_letters import DeadLetters
from streams.progress import Progress
from streams.registry import LiveRegistry
from streams.topics import Topics, declare

APP_ID = "minyi"
COMMIT_EVERY_S = 0.5
"""How often offsets are committed: what a crash repeats is at most this much work."""
BUFFERED_EVENTS = 1024
"""Records in memory per agent and partition before Faust pauses the partition."""


@dataclass(frozen=True)
class Service:
    """A wired app, not yet started."""

    app: Any
    topics: Topics
    registry: LiveRegistry
    progress: Progress
    steps: Steps


def author_key(settings: Settings) -> str:
    """Return the key for hashing authors: the setting's, else one made once and kept."""
    given = settings.author_key.get_secret_value()
    if given:
        return given
    path = Path(settings.data) / "author.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        draft.rename(path)
    return path.read_text()


def build(
    settings: Settings,
    index: Index,
    tagger: Tagger,
    encoder: Encoder | None,
    clock: Clock | None = None,
) -> Service:
    """Wire the app over a broker, an index and a tagger.

    The agents are the same on every broker. Topics must exist before the app starts.
    """
    streams.embedded.register()
    app = faust.App(
        APP_ID,
        broker=settings.broker_url,
        store="memory://",
        web_enabled=False,
        datadir=str(settings.data / "faust"),
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        broker_commit_interval=COMMIT_EVERY_S,
        stream_buffer_maxsize=BUFFERED_EVENTS,
        producer_acks=-1,
        consumer_auto_offset_reset="earliest",
        producer_max_request_size=2_000_000,
        autodiscover=False,
    )
    topics = declare(app, settings.partitions)
    table = app.GlobalTable("registry", default=None, partitions=1, recovery_buffer_size=1)
    registry = LiveRegistry(table)
    progress = Progress()
    steps = Steps(
        topics=topics,
        registry=registry,
        tagger=tagger,
        encoder=encoder,
        index=index,
        dead_letters=DeadLetters(topics.dead_letters, clock or SystemClock(), progress),
        progress=progress,
        author_key=author_key(settings),
        tagging=settings.tagger,
    )

    async def keep_registry(stream: Any) -> None:
        async for event in stream.events():
            registry.apply(event.message.key.decode(), event.message.value or None)

    app.agent(topics.policies, name="minyi.registry")(keep_registry)
    app.agent(topics.comments, name="minyi.link")(steps.link)
    app.agent(topics.links, name="minyi.tag")(steps.tag)
    app.agent(topics.opinions, name="minyi.index")(steps.index_opinions)
    return Service(app, topics, registry, progress, steps)
