"""Wires the Faust app: broker, topics, registry, agents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

import streams.embedded
import streams.kafka
from minyi.clock import SystemClock
from minyi.ports import DeadLetterMirror, Encoder, Index, Tagger
from minyi.settings import Settings
from streams.agents import Steps
from streams.author_key import author_key
from streams.buffers import App
from streams.dead_letters import DeadLetters, Window
from streams.kafka import credentials
from streams.metrics import Metrics
from streams.mirror import Mirroring
from streams.progress import Progress
from streams.registry import LiveRegistry
from streams.topics import APP_ID, REGISTRY_TABLE, Topics, declare

COMMIT_EVERY_S = 0.5
"""How often offsets are committed: what a crash repeats is at most this much work."""
BUFFERED_EVENTS = 1024
"""Records in memory per agent before Faust pauses a partition; fewer where they are long."""
SESSION_S = 10.0
"""A worker that is silent for so long is taken for dead; another gets its partitions."""
HEARTBEAT_S = 3.0
REQUEST_S = 60.0
"""So long Kafka has to answer a request of the consumer, or of a recovery."""
POLL_S = 3600.0
"""So long a worker may take nothing new, with its agents busy, and still keep its partitions."""
REQUEST_BYTES = 256_000
"""Of the records of a partition that go to Kafka in one request; a larger one goes alone."""
PATIENCE_S = 3600.0
"""So long a record waits to be sent while Kafka is away; then the worker stops, losing nothing."""


@dataclass(frozen=True)
class Service:
    """A wired app, not yet started."""

    app: Any
    topics: Topics
    registry: LiveRegistry
    progress: Progress
    steps: Steps
    metrics: Metrics


def build(
    settings: Settings,
    index: Index,
    tagger: Tagger,
    encoder: Encoder | None,
    revision: str,
) -> Service:
    """Wire the app over a broker, an index and a tagger.

    The agents are the same on every broker. Topics must exist before the app starts.

    Args:
        settings: broker, batches, author key.
        index: where opinions go.
        tagger: tags (policy, comment) pairs.
        encoder: for semantic links; None leaves them out.
        revision: the newest one on the topic ``policies``; nothing is linked before it is read.

    Raises:
        SettingError: when the settings of Kafka do not fit together.
    """
    app = _app(settings)
    topics = declare(app, settings.partitions)
    table = app.GlobalTable(REGISTRY_TABLE, default=None, partitions=1, recovery_buffer_size=1)
    registry = LiveRegistry(table, revision)
    progress = Progress()
    clock = SystemClock()
    metrics = Metrics(CollectorRegistry(), progress, tagger, clock)
    letters = DeadLetters(topics.dead_letters, clock, progress, Window(settings.dead_letters))
    steps = Steps(
        topics=topics,
        registry=registry,
        tagger=tagger,
        encoder=encoder,
        index=index,
        dead_letters=letters,
        progress=progress,
        metrics=metrics,
        author_key=author_key(settings),
        tagging=settings.tagger,
    )

    async def taken_over(*_: Any, **__: Any) -> None:
        steps.taken_over()

    app.on_partitions_assigned.connect(taken_over)

    async def keep_registry(stream: Any) -> None:
        async for event in stream.events():
            registry.apply(event.message.key.decode(), event.message.value or None)

    agents = [
        (topics.policies, "minyi.registry", keep_registry),
        (topics.comments, "minyi.link", steps.link),
        (topics.links, "minyi.tag", steps.tag),
        (topics.opinions, "minyi.index", steps.index_opinions),
    ]
    if isinstance(index, DeadLetterMirror):
        agents.append((topics.dead_letters, "minyi.letters", Mirroring(index, steps).step))
    for topic, name, step in agents:
        app.agent(topic, name=name)(_or_crash(app, step))
    return Service(app, topics, registry, progress, steps, metrics)


def _app(settings: Settings) -> Any:
    """Return the app on its broker, without topics and agents."""
    streams.embedded.register()
    streams.kafka.register()
    settings.data.mkdir(
        parents=True, exist_ok=True
    )  # Faust makes its folder in it, not its parents
    return App(
        APP_ID,
        broker=settings.broker_url,
        broker_credentials=None if settings.embedded_broker else credentials(settings.kafka),
        store="memory://",
        web_enabled=False,
        datadir=str(settings.data / "faust"),
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        broker_commit_interval=COMMIT_EVERY_S,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=REQUEST_S,
        broker_max_poll_interval=POLL_S,
        stream_buffer_maxsize=BUFFERED_EVENTS,
        producer_acks=-1,
        producer_request_timeout=PATIENCE_S,
        consumer_auto_offset_reset="earliest",
        producer_max_request_size=2_000_000,
        producer_max_batch_size=REQUEST_BYTES,
        autodiscover=False,
    )


def _or_crash(app: Any, step: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Let an unforeseen error of an agent stop the whole app.

    Faust would start the agent again behind the batch in hand, which would then be lost; stopped,
    the app reads it again from the committed offset.
    """

    async def agent(stream: Any) -> None:
        try:
            await step(stream)
        except Exception as error:
            await app.crash(error)
            raise

    return agent
