"""The whole path over a real Kafka that wants names or certificates, under TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minyi.errors import BrokerUnavailable
from minyi.pytest_plugin import Replayed
from minyi.settings import Settings, load_settings
from streams.access import access
from streams.topics import COMMENTS
from tests.conftest import missing
from tests.kafka import over_kafka, recorded
from tests.kafka_secure import PASSWORD, USER, SecureKafka, lacking, secure_kafka

COUNT = 20


@pytest.fixture(scope="module")
def kafka(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    jars = shared / "engines" / "kafka"
    if reason := lacking(jars):
        missing(f"a Kafka with security {reason}")
    with secure_kafka(jars, tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return recorded(tmp_path / "comments.jsonl", COUNT, partitions=1)


def config(kafka: SecureKafka, data: Path, how: str, **changed: Any) -> Settings:
    """Return the settings of who logs in by name or by certificate."""
    certified = {"security": "SSL", "cert_file": kafka.certificate, "key_file": kafka.key}
    named = {"security": "SASL_SSL", "username": USER, "password": PASSWORD}
    login = (named if how == "named" else certified) | {"ca_file": kafka.ca} | changed
    return load_settings(
        broker=f"kafka://{getattr(kafka, how)}",
        data=data,
        partitions=1,
        author_key="a key of the test's own",
        kafka=login,
    )


@pytest.mark.parametrize("how", ["named", "certified"])
def test_who_may_come_in_gets_the_same_index(
    kafka: SecureKafka,
    recording: Path,
    replay_recording: Callable[[Path], Replayed],
    tmp_path: Path,
    how: str,
) -> None:
    embedded = replay_recording(recording)
    settings = config(kafka, tmp_path / how, how)
    assert (
        asyncio.run(over_kafka(settings, recording, COUNT, embedded.digest[0])) == embedded.digest
    )


@pytest.mark.parametrize(
    ("how", "changed"),
    [
        ("named", {"password": "wrong"}),
        ("named", {"ca_file": None}),
        ("certified", {"cert_file": None, "key_file": None}),
    ],
)
def test_who_may_not_is_told_so(
    kafka: SecureKafka, tmp_path: Path, how: str, changed: dict[str, Any]
) -> None:
    async def look() -> None:
        async with access(config(kafka, tmp_path, how, **changed)) as broker:
            await broker.partitions([COMMENTS])

    with pytest.raises(BrokerUnavailable, match="MINYI_KAFKA__SECURITY") as caught:
        asyncio.run(look())
    assert PASSWORD not in str(caught.value)
