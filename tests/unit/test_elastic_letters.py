"""What Kibana is shown of a dead letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from elasticsearch import Elasticsearch

from indexers.elastic_letters import ElasticLetters
from minyi.dead_letter import dead_letter

PHONE = "13800138000"


class Kept:
    """An Elasticsearch that keeps what it is sent."""

    def __init__(self) -> None:
        self.operations: list[Mapping[str, Any]] = []
        self.indices = SimpleNamespace(exists=lambda index: True)

    def bulk(self, index: str, operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.operations += operations
        return {"items": []}


def test_the_copy_of_a_letter_holds_no_personal_data() -> None:
    letter = dead_letter(
        PHONE.encode(),
        origin=f"张先生{PHONE}.csv:line 3",
        stage="read",
        reason=f"{PHONE!r} is no time",
        place=f"field {PHONE}",
        at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    kept = Kept()
    ElasticLetters(cast(Elasticsearch, kept)).mirror([letter], [])
    _, document = kept.operations
    assert document["origin"] == "张先生〔手机号〕.csv:line 3"
    assert PHONE not in str(document)
