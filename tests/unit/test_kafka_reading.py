"""What tools read of a Kafka that falls silent. No Kafka is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from minyi.errors import BrokerUnavailable
from streams.kafka import KafkaAccess, access


class Consumer:
    """Knows five records of one partition, and sends as many of them as it is told."""

    sends: int

    def __init__(self, **_: Any) -> None:
        self.at = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, _: Iterable[Any]) -> None: ...

    async def end_offsets(self, places: Iterable[Any]) -> dict[Any, int]:
        return dict.fromkeys(places, 5)

    async def position(self, _: Any) -> int:
        return self.at

    async def getmany(self, place: Any, **_: Any) -> Mapping[Any, list[Any]]:
        if self.at >= self.sends:
            return {}
        self.at += 1
        record = SimpleNamespace(
            topic=place.topic,
            partition=place.partition,
            offset=self.at - 1,
            timestamp=0,
            key=None,
            value=b"",
            headers=(),
        )
        return {place: [record]}


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> KafkaAccess:
    async def partitions(*_: Any) -> dict[str, int]:
        return {"comments": 1}

    monkeypatch.setattr(access, "AIOKafkaConsumer", Consumer)
    monkeypatch.setattr(access, "SILENT_S", 0.01)
    monkeypatch.setattr(KafkaAccess, "partitions", partitions)
    return KafkaAccess("127.0.0.1:9")


async def test_a_topic_is_read_to_its_end(
    kafka: KafkaAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Consumer, "sends", 5, raising=False)
    assert [record.offset async for record in kafka.read("comments")] == [0, 1, 2, 3, 4]


async def test_a_topic_that_nothing_more_comes_of_is_told_and_what_came_stays(
    kafka: KafkaAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Consumer, "sends", 3, raising=False)
    records = kafka.read("comments")
    assert [(await anext(records)).offset for _ in range(3)] == [0, 1, 2]
    with pytest.raises(BrokerUnavailable, match=r"nothing of 'comments'.*read up to 3"):
        await anext(records)
