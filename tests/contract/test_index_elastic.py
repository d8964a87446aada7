"""The index in Elasticsearch keeps the contract, on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from elastic_world import Worlds
from index_contract import IndexContract, equals_the_plain_reference, random_worlds

from minyi.ports import Index


@pytest.fixture(scope="module")
def worlds(elasticsearch: str) -> Iterator[Worlds]:
    worlds = Worlds(elasticsearch)
    yield worlds
    worlds.close()


class TestElastic(IndexContract):
    @pytest.fixture
    def fresh(self, worlds: Worlds) -> Callable[[], Index]:
        return worlds.fresh

    test_equals_the_plain_reference = random_worlds(20)(equals_the_plain_reference)
