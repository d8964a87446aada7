"""What whole indices hold: members of a generation, shards, documents, ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from indexers.client import available
from indexers.lifecycle import Names
from indexers.snapshot import snapshot

KEEP_ALIVE = "5m"
"""While a page is copied."""
PAGE = 5_000
"""Ids of one request."""


@dataclass(frozen=True)
class Shard:
    """How far a shard has come, in its sequence numbers."""

    newest: int
    complete: int
    """Every operation up to this one is done on all copies."""


def members(client: Elasticsearch, names: Names, generation: int) -> list[str]:
    """Return the indices of a generation, whether behind the alias or not, in order of month."""
    with available(client):
        found = client.indices.get(
            index=f"{names.generation(generation)}-*", filter_path="*.settings.index.uuid"
        )
    return sorted(i for i in found if (place := names.parse(i)) and place[0] == generation)


def shards(client: Elasticsearch, index: str) -> dict[int, Shard]:
    """Return the shards of an index by number."""
    with available(client):
        found = client.indices.stats(index=index, metric="docs", level="shards")
    states = {}
    for number, copies in found["indices"][index]["shards"].items():
        primary = next((copy for copy in copies if copy["routing"]["primary"]), copies[0])
        done = primary["seq_no"]
        states[int(number)] = Shard(done["max_seq_no"], done["global_checkpoint"])
    return states


def counted(client: Elasticsearch, index: str) -> int:
    """Return the number of visible documents."""
    with available(client):
        return int(client.count(index=index)["count"])


def refresh(client: Elasticsearch, indices: Sequence[str]) -> None:
    """Make what was written to indices visible."""
    for index in indices:
        with available(client):
            client.indices.refresh(index=index)


def ids(client: Elasticsearch, index: str) -> Iterator[str]:
    """Yield the ids of one state of an index, in order."""
    with snapshot(client, index, KEEP_ALIVE) as state:
        for hits in state.pages(PAGE, "id", source=False):
            yield from (hit["_id"] for hit in hits)


def surplus_ids(all_: Iterator[str], kept: Iterator[str]) -> Iterator[str]:
    """Yield what is in the first of two ordered streams and not in the second."""
    other = next(kept, None)
    for id_ in all_:
        while other is not None and other < id_:
            other = next(kept, None)
        if other != id_:
            yield id_
