"""The topics: names, partitions, and their Faust channels.

Keys and values are bytes on every topic; the agents read and write the domain's own JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COMMENTS = "comments"
LINKS = "links"
OPINIONS = "opinions"
POLICIES = "policies"
DEAD_LETTERS = "dead-letters"
ALERTS = "alerts"


@dataclass(frozen=True)
class TopicSpec:
    """How a topic is created: it keeps records for ever.

    What retention deletes before its agent has read it would be lost without a dead letter, since
    the step before has committed it.

    ``partitions`` None means the setting's number; ``compacted`` keeps the last record of a key;
    on a ``stamped`` one Kafka sets the records' times, whatever the sender says.
    """

    name: str
    partitions: int | None = None
    compacted: bool = False
    stamped: bool = False


@dataclass(frozen=True)
class Layout:
    """How a topic is or would be laid out.

    ``replicas`` None and empty ``settings`` (in Kafka's names) mean that the broker has no such
    thing.
    """

    partitions: int
    replicas: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


SPECS = (
    TopicSpec(COMMENTS, stamped=True),  # see streams.edits
    TopicSpec(LINKS),
    TopicSpec(OPINIONS),
    TopicSpec(POLICIES, partitions=1, compacted=True),
    TopicSpec(DEAD_LETTERS, partitions=1, compacted=True),
    TopicSpec(ALERTS, partitions=1),
)


APP_ID = "minyi"
"""The consumer group of the workers, and what the topics of their tables begin with."""
REGISTRY_TABLE = "registry"
CHANGELOG = TopicSpec(f"{APP_ID}-{REGISTRY_TABLE}-changelog", partitions=1, compacted=True)
"""What the workers' registry is recovered from; made here, since Faust would keep one copy only."""


@dataclass(frozen=True)
class Topics:
    """The channels that the agents read and write."""

    comments: Any
    links: Any
    opinions: Any
    policies: Any
    dead_letters: Any
    alerts: Any


def declare(app: Any, partitions: int) -> Topics:
    """Return the channels of an app; creates nothing on the broker yet."""
    channels = {
        spec.name.replace("-", "_"): app.topic(
            spec.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            partitions=spec.partitions or partitions,
            compacting=spec.compacted or None,
            internal=True,
        )
        for spec in SPECS
    }
    return Topics(**channels)
