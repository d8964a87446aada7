"""What Faust and aiokafka log of a record: where it goes, never what it holds."""

from __future__ import annotations

import asyncio
import gc
import logging
from types import SimpleNamespace

import faust
import pytest
from faust.events import Event
from faust.types.tuples import FutureMessage, PendingMessage

import streams.kafka

TEXT = "told-in-confidence"


@pytest.fixture
def topic() -> faust.TopicT:
    streams.kafka.register()
    return faust.App("quiet", broker="kafka://127.0.0.1:1", web_enabled=False).topic("comments")


def pending(topic: faust.TopicT) -> PendingMessage:
    return PendingMessage(topic, TEXT.encode(), TEXT.encode(), 3, None, {}, None, None, None)


async def test_a_failed_send_names_the_topic_only(
    topic: faust.TopicT, caplog: pytest.LogCaptureFixture
) -> None:
    message = FutureMessage(pending(topic))
    sent = asyncio.get_running_loop().create_future()
    sent.set_exception(ConnectionError("the broker is gone"))
    topic.app.sensors.on_send_error = lambda *_: None
    topic._on_published(sent, message, None, None)
    del message, sent
    gc.collect()  # a future that nobody looked at is told of by asyncio
    await asyncio.sleep(0)
    told = caplog.text
    assert "the broker is gone" in told
    assert "never retrieved" in told
    assert "topic='comments' partition=3" in told
    assert TEXT not in told


async def test_no_representation_holds_key_or_value(topic: faust.TopicT) -> None:
    message = SimpleNamespace(__class__=object)
    shown = [
        pending(topic),
        FutureMessage(pending(topic)),
        Event(topic.app, TEXT, TEXT, {}, message),
    ]
    assert not [thing for thing in shown if TEXT in repr(thing)]
    shown[1].cancel()


def test_debug_lines_of_records_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    streams.kafka.register()
    streams.kafka.register()  # once is enough, twice does no harm
    lines = {
        "faust.topics": "send: topic=%r k=%r v=%r timestamp=%r partition=%r",
        "faust.transport.drivers.aiokafka": "send: topic=%r k=%r v=%r timestamp=%r partition=%r",
        "aiokafka.producer.producer": "Sending (key=%s value=%s) to %s",
    }
    with caplog.at_level(logging.DEBUG):
        for name, line in lines.items():
            logger = logging.getLogger(name)
            assert len(logger.filters) == 1
            logger.debug(line, *[TEXT] * line.count("%"))
            logger.debug("something else")
    assert [record.getMessage() for record in caplog.records] == ["something else"] * 3
