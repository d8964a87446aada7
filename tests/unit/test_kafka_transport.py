from __future__ import annotations

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.kafka.transport import Consumer


@pytest.mark.parametrize("error", [AssertionError(), AttributeError("highwater")])
def test_a_partition_that_was_assigned_just_now_does_not_end_the_worker(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def unplaced(*_: object) -> None:
        raise error

    monkeypatch.setattr(driver.Consumer, "verify_event_path", unplaced)
    Consumer.verify_event_path(Consumer.__new__(Consumer), 0.0, TP("comments", 0))
