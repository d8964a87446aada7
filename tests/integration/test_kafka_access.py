"""The tools' way into a real Kafka: several at once, refusals by name, times in the future."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from minyi.domain import Comment
from minyi.errors import BrokerUnavailable
from streams.access import KafkaAccess
from streams.embedded import NewRecord, Record
from streams.kafka.sending import Sending
from streams.sinks import BrokerSink
from streams.topics import COMMENTS, TopicSpec


@pytest.fixture
async def kafka(kafka_servers: str) -> AsyncIterator[KafkaAccess]:
    """Access to a real Kafka."""
    access = KafkaAccess(kafka_servers)
    yield access
    await access.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A topic of the test's own."""
    return f"{request.node.name}-{time.time_ns()}"[-200:]


async def read(access: KafkaAccess, topic: str) -> list[Record]:
    async with aclosing(access.read(topic)) as records:
        return [record async for record in records]


async def test_first_records_may_come_from_several_at_once(kafka: KafkaAccess, name: str) -> None:
    await kafka.create([TopicSpec(name)], 1)
    await asyncio.gather(*(kafka.append([NewRecord(name, b"%d" % n, b"v")]) for n in range(10)))
    assert {record.key for record in await read(kafka, name)} == {b"%d" % n for n in range(10)}


async def test_a_topic_that_another_creates_meanwhile_is_no_error(
    kafka: KafkaAccess, name: str
) -> None:
    created = await asyncio.gather(*(kafka.create([TopicSpec(name)], 2) for _ in range(4)))
    assert sorted(map(len, created)) == [0, 0, 0, 1]
    assert await kafka.partitions([name]) == {name: 2}


async def test_a_topic_that_kafka_refuses_is_named_with_the_reason(
    kafka: KafkaAccess, name: str
) -> None:
    wrong = TopicSpec(f"{name}/wrong")
    with pytest.raises(BrokerUnavailable, match=rf"{name}/wrong.*name is invalid"):
        await kafka.create([TopicSpec(name), wrong], 1)
    assert await kafka.partitions([name]) == {name: 1}


async def test_a_record_of_the_next_century_keeps_its_time(kafka: KafkaAccess, name: str) -> None:
    await kafka.create([TopicSpec(name)], 1)
    future = round(datetime(2099, 12, 31, tzinfo=UTC).timestamp() * 1000)
    await kafka.append([NewRecord(name, b"k", b"v", timestamp=future)])
    assert [record.timestamp for record in await read(kafka, name)] == [future]


async def test_a_comment_is_kept_by_its_arrival_whatever_its_own_time(kafka: KafkaAccess) -> None:
    """Retention and segments of a cluster go by the record's time."""
    await kafka.create([TopicSpec(COMMENTS)], 4)
    sent = [
        Comment.from_mapping(
            {"id": f"{time.time_ns()}-{year}", "source": "s", "text": "支持", "created_at": year}
        )
        for year in ("1991-01-01", "2099-12-31")
    ]
    before = time.time() * 1000 - 1
    await BrokerSink(kafka).publish(sent)
    kept = {record.key: record for record in await read(kafka, COMMENTS)}
    for comment in sent:
        record = kept[comment.id.encode()]
        assert Comment.from_json(record.value or b"") == comment
        assert before <= record.timestamp <= time.time() * 1000 + 1


async def test_without_kafka_each_try_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        access = KafkaAccess(f"127.0.0.1:{free.getsockname()[1]}")
        for _ in range(2):
            with pytest.raises(BrokerUnavailable, match="Kafka"):
                await access.append([NewRecord("t", b"k", b"v")])
        await access.close()


async def test_a_record_that_kafka_does_not_acknowledge_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hanging:
        async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
            return asyncio.get_running_loop().create_future()

    async def started(_: Sending) -> Hanging:
        return Hanging()

    monkeypatch.setattr(Sending, "_started_producer", started)
    monkeypatch.setattr("streams.kafka.sending.ANSWER_S", 0.05)
    with pytest.raises(BrokerUnavailable, match="has not answered"):
        await KafkaAccess("127.0.0.1:1").append([NewRecord("t", b"k", b"v")])
