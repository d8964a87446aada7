"""The client that tools and API ask Kafka by: one, replaced when it fails. No Kafka is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError

from minyi.errors import BrokerUnavailable
from streams.kafka import KafkaAccess


class Admin:
    """As aiokafka's: one that has lost its broker may not find it again."""

    made: list[Admin]
    away = False

    def __init__(self, **_: Any) -> None:
        self.broken = self.closed = False
        self.made.append(self)

    async def start(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise KafkaConnectionError("no broker")

    async def list_topics(self) -> list[str]:
        await asyncio.sleep(0)
        assert not self.closed
        self.broken |= self.away
        if self.broken:
            raise NodeNotReadyError
        return ["comments"]

    async def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        return [{"topic": name, "partitions": [{}, {}]} for name in names]

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> type[Admin]:
    monkeypatch.setattr("streams.kafka.asking.AIOKafkaAdminClient", Admin)
    Admin.made = []
    Admin.away = False
    return Admin


async def test_all_questions_go_through_one_client_which_ends_with_the_access(
    admin: type[Admin],
) -> None:
    access = KafkaAccess("127.0.0.1:1")
    assert (
        await asyncio.gather(*(access.partitions(["comments"]) for _ in range(3)))
        == [{"comments": 2}] * 3
    )
    await access.partitions(["comments"])
    assert [each.closed for each in admin.made] == [False]
    await access.close()
    assert [each.closed for each in admin.made] == [True]


async def test_a_client_that_has_lost_its_broker_unseen_is_replaced(admin: type[Admin]) -> None:
    access = KafkaAccess("127.0.0.1:1")
    await access.partitions(["comments"])
    admin.made[0].broken = True
    assert await access.partitions(["comments"]) == {"comments": 2}
    assert [each.closed for each in admin.made] == [True, False]
    await access.close()


async def test_while_kafka_is_away_each_try_says_so_and_none_is_left_open(
    admin: type[Admin],
) -> None:
    access = KafkaAccess("127.0.0.1:1")
    await access.partitions(["comments"])
    admin.away = True
    for _ in range(2):
        with pytest.raises(BrokerUnavailable, match="Kafka"):
            await access.partitions(["comments"])
    assert all(each.closed for each in admin.made)
    admin.away = False
    assert await access.partitions(["comments"]) == {"comments": 2}
    await access.close()
    assert admin.made[-1].closed


async def test_nothing_is_closed_that_was_never_asked(admin: type[Admin]) -> None:
    await KafkaAccess("127.0.0.1:1").close()
    assert admin.made == []
