"""One state of the index, for questions that take several requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from elasticsearch import Elasticsearch

from indexers.client import available
from indexers.lifecycle import Names
from minyi.errors import MinyiError

KEEP_ALIVE = "1m"


class Snapshot:
    """One state of the index. ``id`` is its point in time."""

    def __init__(self, client: Elasticsearch, id_: str) -> None:
        self.id = id_
        self._client = client

    def search(self, **body: Any) -> Any:
        """Search this state."""
        with available(self._client):
            answer = self._client.search(
                pit={"id": self.id, "keep_alive": KEEP_ALIVE},
                allow_partial_search_results=False,
                **body,
            )
        self.id = answer["pit_id"]
        return answer


def search_now(client: Elasticsearch, names: Names, **body: Any) -> Any:
    """Search the index as it is now; not in part."""
    with available(client):
        return client.search(index=names.alias, allow_partial_search_results=False, **body)


@contextmanager
def snapshot(client: Elasticsearch, names: Names) -> Iterator[Snapshot]:
    """Lend one state of the index."""
    with available(client):
        # Without all shards there is no answer, rather than a part of one.
        opened = client.open_point_in_time(
            index=names.alias, keep_alive=KEEP_ALIVE, allow_partial_search_results=False
        )
    state = Snapshot(client, opened["id"])
    yield state
    # After a failure nobody waits for the server again: it forgets the state by itself.
    with suppress(MinyiError), available(client):
        client.close_point_in_time(id=state.id)
