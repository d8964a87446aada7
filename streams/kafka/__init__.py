"""The way to Kafka: who we are, what tools do with topics, and Faust's transport made safe."""

from __future__ import annotations

from faust.transport.drivers import TRANSPORTS

from streams.kafka.access import KafkaAccess, servers
from streams.kafka.quiet import keep_quiet
from streams.kafka.security import client_options, credentials

__all__ = ["KafkaAccess", "client_options", "credentials", "register", "servers"]


def register() -> None:
    """Put our transport behind ``kafka://``, and records out of the logs."""
    TRANSPORTS.aliases["kafka"] = "streams.kafka.transport:Transport"
    keep_quiet()
