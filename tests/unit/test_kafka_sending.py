"""The producer of tools and API: what it does not survive, and how it ends. No Kafka is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumber,
)

from minyi.errors import BrokerUnavailable
from streams.embedded import NewRecord
from streams.kafka import KafkaAccess

RECORD = NewRecord("comments", b"k", b"v")


class Producer:
    """As aiokafka's idempotent one: after a record that was lost Kafka takes no other from it,
    since numbers are missing."""

    made: list[Producer]
    fails: list[KafkaError]
    hangs = False

    def __init__(self, **_: Any) -> None:
        self.lost = self.stopped = False
        self.made.append(self)

    async def start(self) -> None: ...

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        if self.fails and isinstance(self.fails[0], KafkaTimeoutError):  # no room for more
            raise self.fails.pop(0)
        sent = asyncio.get_running_loop().create_future()
        if self.lost:
            sent.set_exception(OutOfOrderSequenceNumber())
        elif self.fails:
            self.lost = True
            sent.set_exception(self.fails.pop(0))
        else:
            sent.set_result(None)
        return sent

    async def stop(self) -> None:
        if self.hangs:  # it waits for what Kafka has not acknowledged
            await asyncio.Event().wait()
        self.stopped = True


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> type[Producer]:
    monkeypatch.setattr("streams.kafka.sending.AIOKafkaProducer", Producer)
    Producer.made, Producer.fails, Producer.hangs = [], [], False
    return Producer


async def test_after_a_record_that_kafka_lost_the_next_goes_through(
    producer: type[Producer],
) -> None:
    access = KafkaAccess("127.0.0.1:1")
    await access.append([RECORD])
    producer.fails.append(NotLeaderForPartitionError())
    with pytest.raises(BrokerUnavailable, match="NotLeader"):
        await access.append([RECORD])
    await access.append([RECORD])
    await access.close()
    assert [each.stopped for each in producer.made] == [True, True]


async def test_one_that_had_no_room_for_a_record_goes_on(producer: type[Producer]) -> None:
    access = KafkaAccess("127.0.0.1:1")
    producer.fails.append(KafkaTimeoutError())
    with pytest.raises(BrokerUnavailable):
        await access.append([RECORD])
    await access.append([RECORD])
    await access.close()
    assert len(producer.made) == 1


async def test_the_end_does_not_wait_for_a_kafka_that_is_away(
    producer: type[Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.sending.CLOSE_S", 0.05)
    producer.hangs = True
    access = KafkaAccess("127.0.0.1:1")
    producer.fails.append(NotLeaderForPartitionError())
    with pytest.raises(BrokerUnavailable):
        await access.append([RECORD])
    await access.append([RECORD])
    async with asyncio.timeout(5):
        await access.close()
