"""One state of an index, for what takes several requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from elasticsearch import Elasticsearch

from indexers.client import available
from indexers.lifecycle import Names
from minyi.errors import IndexUnavailable, MinyiError

KEEP_ALIVE = "1m"
"""While somebody waits for the answer."""


class Snapshot:
    """One state of an index. ``id`` is its point in time."""

    def __init__(self, client: Elasticsearch, id_: str, keep_alive: str) -> None:
        self.id = id_
        self._client = client
        self._keep_alive = keep_alive

    def search(self, **body: Any) -> Any:
        """Search this state."""
        with available(self._client):
            answer = self._client.search(
                pit={"id": self.id, "keep_alive": self._keep_alive},
                allow_partial_search_results=False,
                **body,
            )
        self.id = answer["pit_id"]
        return answer

    def pages(self, size: int, sort: str = "_shard_doc", **body: Any) -> Iterator[list[Any]]:
        """Yield all hits, ``size`` at once, in rising order of a field that tells them apart."""
        after: list[Any] | None = None
        while True:
            answer = self.search(
                size=size, sort=[{sort: "asc"}], search_after=after, track_total_hits=False, **body
            )
            hits = answer.get("hits", {}).get("hits", [])
            if hits:
                yield hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]


def search_now(client: Elasticsearch, names: Names, **body: Any) -> Any:
    """Search the index as it is now; not in part."""
    with available(client):
        return client.search(index=names.alias, allow_partial_search_results=False, **body)


@contextmanager
def snapshot(
    client: Elasticsearch,
    index: str,
    keep_alive: str = KEEP_ALIVE,
    preference: str | None = None,
) -> Iterator[Snapshot]:
    """Lend one state of an index.

    Args:
        client: the server.
        index: an index, or an alias of many.
        keep_alive: how long it is kept between two requests.
        preference: the copies or shards that are asked.
    """
    with available(client):
        # Without all shards there is no answer, rather than a part of one.
        opened = client.open_point_in_time(
            index=index,
            keep_alive=keep_alive,
            preference=preference,
            allow_partial_search_results=False,
        )
    state = Snapshot(client, opened["id"], keep_alive)
    away = False
    try:
        yield state
    except IndexUnavailable:
        away = True
        raise
    finally:
        if not away:  # else nobody waits for the server again: it forgets the state by itself
            with suppress(MinyiError), available(client):
                client.close_point_in_time(id=state.id)
