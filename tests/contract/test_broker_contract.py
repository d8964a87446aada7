"""The broker contract, on the embedded log and, where ``MINYI_TEST_KAFKA`` names one, on Kafka."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner
from broker_contract import (
    FILLER,
    BrokerUnderTest,
    EmbeddedBroker,
    KafkaBroker,
    fresh,
    make_app,
    raw_topic,
    running,
)
from faust import Sensor
from faust.exceptions import ProducerSendError
from faust.types import TP

from streams.embedded import NewRecord, TopicPartition

pytestmark = pytest.mark.timeout(120)
WORKER = Path(__file__).with_name("broker_worker.py")


@pytest.fixture(params=["embedded", "kafka"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> BrokerUnderTest:
    if request.param == "embedded":
        return EmbeddedBroker(tmp_path)
    return KafkaBroker(request.getfixturevalue("kafka_servers"), tmp_path)


def keyed(topic: str, count: int, start: int = 0) -> list[NewRecord]:
    return [NewRecord(topic, b"key-%d" % n, b"value-%d" % n) for n in range(start, start + count)]


class Inbox:
    """An agent that keeps what it gets and wakes who waits for it."""

    def __init__(self, app, topic: str, partitions: int = 3) -> None:
        self.events = []
        self._news = asyncio.Condition()
        channel = raw_topic(app, topic, partitions)
        self.agent = app.agent(channel, name=f"inbox-{topic}")(self._read)

    async def _read(self, stream):
        async for event in stream.events():
            async with self._news:
                self.events.append(event)
                self._news.notify_all()

    async def holds(self, count: int) -> None:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.events) >= count)

    async def holds_keys(self, count: int) -> None:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len({event.key for event in self.events}) == count)


async def test_a_record_arrives_as_it_was_written(broker: BrokerUnderTest) -> None:
    topic = fresh("whole")
    await broker.create_topic(topic, 3)
    headers = (("source", "信访".encode()), ("empty", b""), ("source", b"\x00\xff"))
    record = NewRecord(topic, "键".encode(), b"\x00\xff", headers, 1_700_000_000_123, 2)
    await broker.append([record, NewRecord(topic, None, b"no key", partition=2)])
    app = make_app(broker, fresh("group"))
    inbox = Inbox(app, topic)
    async with running(app):
        await inbox.holds(2)
    first, second = (event.message for event in inbox.events)
    assert (first.key, first.value) == (record.key, record.value)
    assert list(first.headers) == list(headers)
    assert (first.partition, first.offset) == (2, 0)
    assert first.timestamp == pytest.approx(1_700_000_000.123, abs=1e-4)
    assert (second.key, second.value, second.offset) == (None, b"no key", 1)


async def test_a_key_goes_to_the_partition_that_kafka_gives_it(broker: BrokerUnderTest) -> None:
    topic = fresh("keys")
    await broker.create_topic(topic, 5)
    keys = [b"", b"a", "政策".encode(), *(b"comment-%d" % n for n in range(50))]
    places = await broker.append([NewRecord(topic, key, b"") for key in keys])
    expected = [DefaultPartitioner()(key, list(range(5)), list(range(5))) for key in keys]
    assert [place.partition for place in places] == expected


async def test_what_agents_send_together_goes_where_tools_send_it(broker: BrokerUnderTest) -> None:
    topic = fresh("together")
    await broker.create_topic(topic, 3)
    app = make_app(broker, fresh("group"))
    inbox = Inbox(app, topic)
    keys = [b"", "政策".encode(), *(b"comment-%d" % n for n in range(50))]
    async with running(app):
        await app.producer.send_many(topic, [(key, b"by an agent", ()) for key in keys])
        places = await broker.append([NewRecord(topic, key, b"by a tool") for key in keys])
        await inbox.holds(2 * len(keys))
    went = {(event.key, event.value): event.message.partition for event in inbox.events}
    by_tools = {key: place.partition for key, place in zip(keys, places, strict=True)}
    assert {key: went[key, b"by an agent"] for key in keys} == by_tools
    assert {key: went[key, b"by a tool"] for key in keys} == by_tools


async def test_agents_pass_records_on_with_key_partition_and_headers(
    broker: BrokerUnderTest,
) -> None:
    source, target = fresh("source"), fresh("target")
    await broker.create_topic(source, 3)
    await broker.create_topic(target, 3)
    app = make_app(broker, fresh("group"))
    inbox = Inbox(app, target)
    onward = raw_topic(app, target)

    async def forward(stream):
        async for event in stream.events():
            await onward.send(key=event.key, value=event.value, headers={"via": b"agent"})

    app.agent(raw_topic(app, source), name="forward")(forward)
    places = await broker.append(keyed(source, 200))
    async with running(app):
        await inbox.holds(200)
        await broker.append(keyed(source, 100, start=200))  # while it runs
        await inbox.holds(300)
    assert {event.key for event in inbox.events} == {b"key-%d" % n for n in range(300)}
    assert all(dict(event.headers) == {"via": b"agent"} for event in inbox.events)
    went = {event.key: event.message.partition for event in inbox.events}
    assert [went[b"key-%d" % n] for n in range(200)] == [place.partition for place in places]
    by_partition = defaultdict(list)
    for event in inbox.events:
        by_partition[event.message.partition].append(event.message.offset)
    assert all(offsets == list(range(len(offsets))) for offsets in by_partition.values())


async def test_a_group_goes_on_where_it_stopped_and_another_starts_anew(
    broker: BrokerUnderTest,
) -> None:
    topic, group = fresh("topic"), fresh("group")
    await broker.create_topic(topic, 3)
    await broker.append(keyed(topic, 50))
    app = make_app(broker, group, stream_wait_empty=True)
    inbox = Inbox(app, topic)
    async with running(app):
        await inbox.holds(50)
    assert sum((await broker.committed(group)).values()) == 50

    await broker.append(keyed(topic, 10, start=50))
    again, other = make_app(broker, group), make_app(broker, fresh("other"))
    rest, everything = Inbox(again, topic), Inbox(other, topic)
    async with running(again), running(other):
        await rest.holds(10)
        await everything.holds(60)
    assert {event.key for event in rest.events} == {b"key-%d" % n for n in range(50, 60)}


async def test_seek_highwater_and_position(broker: BrokerUnderTest) -> None:
    topic = fresh("topic")
    await broker.create_topic(topic, 1)
    await broker.append(keyed(topic, 20))
    app = make_app(broker, fresh("group"))
    inbox = Inbox(app, topic, partitions=1)
    async with running(app):
        await inbox.holds(20)
        (place,) = (tp for tp in app.consumer.assignment() if tp.topic == topic)
        assert app.consumer.highwater(place) == 20
        assert await app.consumer.highwaters(place) == {place: 20}
        assert await app.consumer.earliest_offsets(place) == {place: 0}
        assert await app.consumer.position(place) == 20
        assert app.consumer.topic_partitions(topic) == 1
        # Faust forgets a seek that comes before it has noted the last record as read.
        while app.consumer._read_offset[place] != 19:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await app.consumer.seek(place, 15)
        await inbox.holds(25)
    assert [event.message.offset for event in inbox.events] == [*range(20), *range(15, 20)]


async def test_a_table_recovers_from_its_changelog(broker: BrokerUnderTest) -> None:
    topic, group = fresh("topic"), fresh("group")
    await broker.create_topic(topic, 3)
    records = [NewRecord(topic, b"key-%d" % (n % 7), b"x") for n in range(140)]

    def counting():
        app = make_app(broker, group, stream_wait_empty=True)
        counts = app.Table("counts", default=int, partitions=3)
        done = asyncio.Event()

        async def count(stream):
            async for event in stream.events():
                counts[event.key.decode()] += 1
                if sum(counts.values()) in (140, 147):
                    done.set()

        app.agent(raw_topic(app, topic), name="count")(count)
        return app, counts, done

    app, counts, done = counting()
    await broker.append(records)
    async with running(app), asyncio.timeout(60):
        await done.wait()
    app, counts, done = counting()
    await broker.append(records[:7])
    async with running(app), asyncio.timeout(60):
        await done.wait()
        assert dict(counts) == {f"key-{n}": 21 for n in range(7)}


async def test_a_global_table_recovers_and_follows_its_topic(broker: BrokerUnderTest) -> None:
    topic, group = fresh("topic"), fresh("group")
    await broker.create_topic(topic, 1)

    def registry():
        app = make_app(broker, group, stream_wait_empty=True)
        table = app.GlobalTable("registry", partitions=1, recovery_buffer_size=1)
        done = asyncio.Event()

        async def register(stream):
            async for event in stream.events():
                table[event.key.decode()] = event.value.decode()
                done.set()

        app.agent(raw_topic(app, topic, 1), name="register")(register)
        return app, table, done

    for value in (b"first", b"second"):
        app, table, done = registry()
        async with running(app), asyncio.timeout(60):
            await broker.append([NewRecord(topic, value, value)])
            await done.wait()
    assert dict(table) == {"first": "first", "second": "second"}


async def test_a_compacted_topic_comes_to_hold_the_last_record_of_a_key(
    broker: BrokerUnderTest,
) -> None:
    topic = fresh("compacted")
    await broker.create_topic(topic, 1, compact=True)
    for turn in range(3):
        await broker.append(
            [NewRecord(topic, b"key-%d" % n, b"%d" % turn) for n in range(turn, 10)]
        )
    await broker.compact(topic, until=11)
    records = [record for record in await broker.read(topic) if record.key != FILLER]
    last = {record.key: record.value for record in records}
    assert last == {b"key-%d" % n: b"%d" % min(n, 2) for n in range(10)}
    assert records == sorted(records, key=lambda record: record.offset)
    assert len({record.offset for record in records}) == len(records) <= 11

    app = make_app(broker, fresh("group"))
    inbox = Inbox(app, topic, partitions=1)
    async with running(app):  # reads over the gaps
        await inbox.holds(len(records))
    assert {event.key: event.value for event in inbox.events if event.key != FILLER} == last


async def test_a_topic_that_an_agent_takes_up_later_is_read_too(broker: BrokerUnderTest) -> None:
    early, late = fresh("early"), fresh("late")
    await broker.create_topic(early, 3)
    await broker.create_topic(late, 3)
    app = make_app(broker, fresh("group"))
    app.topics._resubscribe_sleep_lock_seconds = 0.01
    first = Inbox(app, early)
    async with running(app):
        await broker.append([*keyed(early, 30), *keyed(late, 30)])
        await first.holds(30)
        second = Inbox(app, late)
        await second.agent.start()
        await second.holds(30)
        await broker.append([*keyed(early, 5, start=30), *keyed(late, 5, start=30)])
        await first.holds_keys(35)  # the rebalance may bring some twice
        await second.holds_keys(35)


async def test_sending_to_no_partition_fails(broker: BrokerUnderTest) -> None:
    topic = fresh("topic")
    await broker.create_topic(topic, 1)
    app = make_app(broker, fresh("group"))
    Inbox(app, topic, partitions=1)
    async with running(app):
        with pytest.raises((ProducerSendError, AssertionError)):
            await raw_topic(app, topic, 1).send(key=b"k", value=b"v", partition=7)


async def test_a_slow_agent_is_not_flooded(broker: BrokerUnderTest) -> None:
    topic = fresh("topic")
    await broker.create_topic(topic, 1)
    await broker.append(keyed(topic, 3000))
    app = make_app(broker, fresh("group"), stream_buffer_maxsize=64)
    received, started, go = [], asyncio.Event(), asyncio.Event()
    finished = asyncio.Event()

    async def slow(stream):
        async for value in stream:
            received.append(value)
            started.set()
            await go.wait()
            if len(received) == 3000:
                finished.set()

    app.agent(raw_topic(app, topic, 1), name="slow")(slow)
    async with running(app), asyncio.timeout(60):
        await started.wait()
        assert len(received) == 1
        assert len(app.consumer.unacked) <= 1200  # a page and a buffer, not the topic
        go.set()
        await finished.wait()
    assert received == [b"value-%d" % n for n in range(3000)]


async def test_a_slow_agent_holds_few_long_records(broker: BrokerUnderTest) -> None:
    topic, long = fresh("topic"), "民".encode() * 20_000
    await broker.create_topic(topic, 1)
    await broker.append([NewRecord(topic, b"key-%d" % n, long) for n in range(100)])
    app = make_app(broker, fresh("group"), stream_buffer_maxsize=64)
    paused, go, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
    received = []

    class Full(Sensor):
        def on_topic_buffer_full(self, tp: TP) -> None:
            paused.set()

    async def slow(stream):
        async for value in stream:
            received.append(value)
            await go.wait()
            if len(received) == 100:
                finished.set()

    app.sensors.add(Full())
    app.agent(raw_topic(app, topic, 1), name="slow")(slow)
    async with running(app), asyncio.timeout(60):
        await paused.wait()
        read = await app.consumer.position(TP(topic, 0))
        go.set()
        await finished.wait()
    assert received == [long] * 100
    assert read * len(long) < 1.2 * (1 << 20)  # one page, though the buffer has room for 64 records


async def test_a_killed_worker_loses_nothing_and_commits_nothing_unprocessed(
    broker: BrokerUnderTest,
) -> None:
    topic, group = fresh("topic"), fresh("group")
    total = 1500
    await broker.create_topic(topic, 3)
    places = await broker.append(keyed(topic, total))
    sizes = {n: [place.partition for place in places].count(n) for n in range(3)}
    dice = random.Random(7)
    done: dict[int, set[int]] = {n: set() for n in range(3)}
    while sum(map(len, done.values())) < total:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            WORKER,
            broker.url,
            group,
            topic,
            broker.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": f"{WORKER.parent}:{WORKER.parents[2]}"},
        )
        assert worker.stdout
        budget = dice.randrange(300, 700)
        async with asyncio.timeout(60):
            while budget and sum(map(len, done.values())) < total:
                partition, offset = map(int, (await worker.stdout.readline()).split())
                budget -= offset not in done[partition]
                done[partition].add(offset)
        worker.kill()
        for line in (await worker.stdout.read()).splitlines(keepends=True):
            if line.endswith(b"\n"):
                partition, offset = map(int, line.split())
                done[partition].add(offset)
        await worker.wait()
        for place, offset in (await broker.committed(group)).items():
            if place.topic == topic:
                assert set(range(offset)) <= done[place.partition]
    assert {n: len(offsets) for n, offsets in done.items()} == sizes
    changes = await broker.read(f"{group}-seen-changelog")
    committed = await broker.committed(group)
    kept = {(change.partition, int(change.value or b"-1")) for change in changes}
    for number in range(3):
        for offset in range(committed.get(TopicPartition(topic, number), 0)):
            assert (number, offset) in kept


async def test_what_is_delivered_while_partitions_are_assigned_is_not_lost(
    broker: BrokerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust lets the agents' partitions in, seeks them, and then empties the agents' queues; here
    with the time between drawn out, as on a busy machine, and an agent that is not done by then."""
    topic, group = fresh("topic"), fresh("group")
    await broker.create_topic(topic, 3)
    changelog = f"{group}-registry-changelog"  # read while the table recovers, so the flow runs
    await broker.create_topic(changelog, 1)
    await broker.append([NewRecord(changelog, b'"%d"' % n, b'"policy"') for n in range(20)])
    seen: set[bytes] = set()

    def app_with_table():
        app = make_app(broker, group)
        app.GlobalTable("registry", partitions=1, recovery_buffer_size=1)
        go = asyncio.Event()
        news = asyncio.Condition()
        consumer = type(app.transport).Consumer
        seek = consumer.perform_seek

        async def drawn_out(self):
            await seek(self)
            await asyncio.sleep(1.5)  # longer than a fetch under way can last

        monkeypatch.setattr(consumer, "perform_seek", drawn_out)

        async def busy(stream):
            async for event in stream.events():
                await go.wait()
                async with news:
                    seen.add(event.key)
                    news.notify_all()

        app.agent(raw_topic(app, topic), name="busy")(busy)
        return app, go, news

    for total in (300, 600):  # first nothing is committed, then something is
        await broker.append(keyed(topic, 300, start=total - 300))
        app, go, news = app_with_table()
        async with running(app), asyncio.timeout(30):
            await app.tables.recovery.completed.wait()
            await asyncio.sleep(0.5)  # while Faust empties the queues
            monkeypatch.undo()
            go.set()
            keys = {b"key-%d" % n for n in range(total)}
            async with news:
                await news.wait_for(lambda wanted=keys: wanted <= seen)
