"""The writing side of the index in Elasticsearch: each opinion in the month of its time, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from elasticsearch import AuthorizationException, Elasticsearch

from indexers.bulk import Action, Bulk
from indexers.client import available
from indexers.documents import document, month
from indexers.lifecycle import Held, Names, create_months, held
from indexers.snapshot import search_now
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, SettingError
from minyi.query import Rejection

PAGE = 1_000
"""Ids of one request."""
REMEMBERED = 50_000
"""Own writes that may not be found yet, until a refresh makes them."""


class Writing:
    """Writes and deletes opinions behind an alias. Threads may share it.

    Args:
        client: the connection.
        names: what alias and indices are called.
        read_own_writes: every write waits until it can be found.
    """

    def __init__(self, client: Elasticsearch, names: Names, read_own_writes: bool) -> None:
        self._client = client
        self._names = names
        self._bulk = Bulk(client, refresh=read_own_writes)
        self._remembers = not read_own_writes
        self._writing = Lock()
        self._held: Held | None = None
        self._recent: dict[str, str] = {}  # id → index

    def check(self) -> Held:
        """Return what stands behind the alias.

        Raises:
            SettingError: when nothing is set up, or it holds another mapping version.
        """
        there = held(self._client, self._names)
        if there is None:
            raise SettingError(
                f"Elasticsearch holds no index {self._names.alias!r} yet; run minyi setup"
            )
        there.check()
        return there

    def upsert(self, opinions: Sequence[Opinion]) -> list[Rejection]:
        """Write opinions by id; the last of equal ids wins.

        An id lies in one month only: when a comment's time has moved, the old copy is deleted
        after the new one is written.
        """
        latest = {opinion.id: opinion for opinion in opinions}
        if not latest:
            return []
        with self._write() as there:
            targets = {
                id_: self._names.month(there.generation, month(o)) for id_, o in latest.items()
            }
            full = self._create(there, targets.values())
            reasons = {id_: full[index] for id_, index in targets.items() if index in full}
            written = [
                Action(targets[id_], id_, document(o))
                for id_, o in latest.items()
                if id_ not in reasons
            ]
            old = self._places([action.id for action in written])
            for action, outcome in zip(written, self._bulk.send(written), strict=True):
                if outcome.result == "refused":
                    reasons[action.id] = outcome.reason
            for id_ in reasons:
                del targets[id_]
            self._bulk.send(
                [
                    Action(index, id_)
                    for id_, index in old
                    if id_ in targets and index != targets[id_]
                ]
            )
            self._remember(targets)
        return [Rejection(id=id_, reason=why) for id_, why in reasons.items()]

    def delete(self, ids: Sequence[str]) -> int:
        """Delete by id; return how many existed."""
        with self._write():
            places = self._places(list(dict.fromkeys(ids)))
            outcomes = self._bulk.send([Action(index, id_) for id_, index in places])
            for id_, _ in places:
                self._recent.pop(id_, None)
        gone = zip(places, outcomes, strict=True)
        return len({id_ for (id_, _), outcome in gone if outcome.result == "deleted"})

    def refresh(self) -> None:
        """Make all that was written found by searches; a login that may only read goes without."""
        with self._writing, available(self._client):
            try:
                self._client.indices.refresh(index=self._names.alias)
            except AuthorizationException:
                return
            self._recent.clear()

    @contextmanager
    def _write(self) -> Iterator[Held]:
        """Lend what stands behind the alias to one writer; after a failure it is looked up anew,
        since a migration may have moved the alias."""
        with self._writing:
            try:
                if self._held is None:
                    self._held = self.check()
                    known = set(self._held.indices)  # a migration ends with a refresh
                    self._recent = {i: at for i, at in self._recent.items() if at in known}
                yield self._held
            except IndexUnavailable:
                self._held = None
                raise

    def _create(self, there: Held, wanted: Iterable[str]) -> dict[str, str]:
        """Create the months that are missing; return why not, for those without room."""
        full: dict[str, str] = {}
        if missing := sorted(set(wanted) - set(there.indices)):
            self._held, full = create_months(self._client, self._names, missing)
            if self._held.generation != there.generation:
                raise IndexUnavailable("the opinions were migrated meanwhile")
        return full

    def _places(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return where documents lie: each id with its index, with two when it has moved just now
        and the move is not found yet."""
        places = {(id_, self._recent[id_]): None for id_ in ids if id_ in self._recent}
        for start in range(0, len(ids), PAGE):
            answer = search_now(
                self._client,
                self._names,
                query={"terms": {"id": ids[start : start + PAGE]}},
                size=10 * PAGE,
                source=False,
                track_total_hits=False,
            )
            places |= {(hit["_id"], hit["_index"]): None for hit in answer["hits"]["hits"]}
        return list(places)

    def _remember(self, targets: dict[str, str]) -> None:
        if not self._remembers:
            return
        if len(self._recent) + len(targets) > REMEMBERED:
            with available(self._client):
                self._client.indices.refresh(index=self._names.alias)
            self._recent.clear()
        self._recent |= targets
