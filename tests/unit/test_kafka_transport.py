from __future__ import annotations

import asyncio

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from streams.kafka.transport import Consumer


@pytest.mark.parametrize("error", [AssertionError(), AttributeError("highwater")])
def test_a_partition_that_was_assigned_just_now_does_not_end_the_worker(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def unplaced(*_: object) -> None:
        raise error

    monkeypatch.setattr(driver.Consumer, "verify_event_path", unplaced)
    Consumer.verify_event_path(Consumer.__new__(Consumer), 0.0, TP("comments", 0))


class Waiting(Consumer):
    """A consumer that was never started: only its waiting is looked at."""

    def __init__(self) -> None:
        Service.__init__(self)


async def test_a_record_that_is_taken_at_once_is_taken_without_a_task() -> None:
    tasks = []

    async def take() -> str:
        tasks.append(asyncio.current_task())
        return "taken"

    found = await Waiting().wait_first(take(), asyncio.Event().wait())
    assert found.results == ["taken"]
    assert tasks == [asyncio.current_task()]


async def test_a_record_that_has_to_wait_is_waited_for() -> None:
    room, seen = asyncio.Event(), []

    async def take() -> str:
        seen.append("came")
        await room.wait()
        await asyncio.sleep(0)
        seen.append("was let in")
        return "taken"

    asyncio.get_running_loop().call_soon(room.set)
    found = await Waiting().wait_first(take(), asyncio.Event().wait())
    assert found.results == ["taken"]
    assert seen == ["came", "was let in"]


async def test_what_goes_wrong_while_a_record_waits_is_raised() -> None:
    async def take() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Waiting().wait_first(take(), asyncio.Event().wait())


async def test_a_record_that_waits_is_given_up_when_the_flow_is_stopped() -> None:
    stopped, cancelled = asyncio.Event(), asyncio.Event()

    async def take() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    asyncio.get_running_loop().call_soon(stopped.set)
    found = await Waiting().wait_first(take(), stopped.wait())
    assert found.results == [True]
    await asyncio.wait_for(cancelled.wait(), 5)
