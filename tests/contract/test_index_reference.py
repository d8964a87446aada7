"""The reference keeps the contract too: the contract asks nothing that only one store has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from index_contract import IndexContract
from index_reference import ReferenceIndex

from minyi.ports import Index


class TestReference(IndexContract):
    @pytest.fixture
    def fresh(self) -> Callable[[], Index]:
        return ReferenceIndex
