"""Changes, comparisons and answers are the same from Elasticsearch as from the embedded index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.changes.comparison import compare
from minyi.changes.daily import read_days
from minyi.changes.detection import changes
from minyi.domain import Model
from minyi.ports import Index
from minyi.query import Filters
from minyi.replies.responsiveness import By, answering_sources, read_responsiveness
from minyi.shares.denominators import Count
from tests.elastic import Worlds
from tests.integration import test_api_changes, test_api_responsiveness
from tests.integration.world import ELEVATOR, POLICIES

TODAY = date(2027, 1, 1)
ON_LIFTS = Filters(policy_id=ELEVATOR.id)


def turned(index: Index, count: Count) -> Sequence[Model]:
    days = read_days(index, ON_LIFTS, TODAY, count)
    return changes(ELEVATOR, days), compare(ELEVATOR.id, days, date(2025, 8, 1), 28)


def answered(index: Index, by: By) -> Model:
    sources = answering_sources(index)
    return read_responsiveness(index, POLICIES, sources, Filters(), by, TODAY)


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedIndex:
    return EmbeddedIndex(tmp_path / "index")


def test_changes_are_the_same(worlds: Worlds, embedded: EmbeddedIndex) -> None:
    elastic = worlds.fresh()
    for index in (elastic, embedded):
        index.upsert(list(test_api_changes.opinions()))
    for count in Count:
        assert turned(elastic, count) == turned(embedded, count)
    elastic.close()
    embedded.close()


def test_answers_are_the_same(worlds: Worlds, embedded: EmbeddedIndex) -> None:
    elastic = worlds.fresh()
    for index in (elastic, embedded):
        index.upsert(list(test_api_responsiveness.opinions()))
    for by in By:
        assert answered(elastic, by) == answered(embedded, by)
    elastic.close()
    embedded.close()
