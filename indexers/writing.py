"""The writing side of the index in Elasticsearch: each opinion in the month of its time, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from elasticsearch import AuthorizationException, Elasticsearch

from indexers.bulk import Action, Bulk
from indexers.client import available
from indexers.documents import document, month
from indexers.edits import newest, replaces, superseded
from indexers.lifecycle import Held, Names, create_months, held
from indexers.snapshot import search_now
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, SettingError
from minyi.ports import Edits
from minyi.query import Rejection

PAGE = 1_000
"""Ids of one request."""
REMEMBERED = 50_000
"""Own writes that may not be found yet, until a refresh makes them."""


@dataclass(frozen=True)
class Place:
    """Where a document lies."""

    id: str
    index: str
    edit: int
    """The number of its edit; where it has none, how often it was written, or 0."""


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
        self._recent: dict[str, Place] = {}

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

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        """See ``Index.upsert``. The server itself compares an edit with what is in its month.

        An id lies in one month only: when a comment's time has moved, the old copy is deleted
        after the new one is written. They are looked for after the write, so that of two workers
        with two edits, one of which was paused, at least one sees both copies.
        """
        wanted = newest(opinions, edits)
        if not wanted:
            return []
        with self._write() as there:
            months = {
                id_: self._names.month(there.generation, month(o)) for id_, (o, _) in wanted.items()
            }
            full = self._create(there, months.values())
            reasons = {id_: full[index] for id_, index in months.items() if index in full}
            actions = [
                Action(months[id_], id_, document(o), edit)
                for id_, (o, edit) in wanted.items()
                if id_ not in reasons
            ]
            written: dict[str, Action] = {}
            older = set[str]()
            for action, outcome in zip(actions, self._bulk.send(actions), strict=True):
                if outcome.result == "refused":
                    reasons[action.id] = outcome.reason
                elif outcome.result == "older":
                    older.add(action.id)
                else:
                    written[action.id] = action
            older |= self._settle(written)
            self._remember({id_: written[id_] for id_ in written.keys() - older})
        refused = [Rejection(id=id_, reason=why) for id_, why in reasons.items()]
        return refused + [superseded(id_) for id_ in sorted(older)]

    def _settle(self, written: Mapping[str, Action]) -> set[str]:
        """Leave the newest copy of each opinion that lies in several months; return the ids of
        those that were not the newest when they were written."""
        surplus: dict[tuple[str, str], Action] = {}
        older = set[str]()
        for place in self._places(list(written)):
            own = written[place.id]
            if place.index == own.index:
                continue
            if replaces(own.version, place.edit):
                gone = Action(place.index, place.id, version=own.version)
            else:
                gone = Action(own.index, place.id, version=place.edit)
                older.add(place.id)
            surplus[gone.id, gone.index] = gone
        self._bulk.send(list(surplus.values()))
        return older

    def delete(self, ids: Sequence[str]) -> int:
        """Delete by id; return how many existed."""
        with self._write():
            places = self._places(list(dict.fromkeys(ids)))
            # With the version that is there, so that the same edit may be written again at once.
            actions = [Action(p.index, p.id, version=p.edit or None) for p in places]
            outcomes = self._bulk.send(actions)
            gone = {a.id for a, o in zip(actions, outcomes, strict=True) if o.result == "deleted"}
            late = [
                Action(a.index, a.id)  # written again since it was found
                for a, o in zip(actions, outcomes, strict=True)
                if o.result == "older"
            ]
            outcomes = self._bulk.send(late)
            gone |= {a.id for a, o in zip(late, outcomes, strict=True) if o.result == "deleted"}
            for place in places:
                self._recent.pop(place.id, None)
        return len(gone)

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
                    self._recent = {i: at for i, at in self._recent.items() if at.index in known}
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

    def _places(self, ids: Sequence[str]) -> list[Place]:
        """Return where documents lie: two for an id that has moved just now, when the move is not
        found yet."""
        own = (self._recent[id_] for id_ in ids if id_ in self._recent)
        places = {(place.id, place.index): place for place in own}
        for start in range(0, len(ids), PAGE):
            answer = search_now(
                self._client,
                self._names,
                query={"terms": {"id": ids[start : start + PAGE]}},
                size=10 * PAGE,
                source=False,
                version=True,
                track_total_hits=False,
            )
            for hit in answer["hits"]["hits"]:
                key = hit["_id"], hit["_index"]
                known = places.get(key)
                if known is None or known.edit < hit["_version"]:
                    places[key] = Place(*key, hit["_version"])
        return list(places.values())

    def _remember(self, written: Mapping[str, Action]) -> None:
        if not self._remembers:
            return
        if len(self._recent) + len(written) > REMEMBERED:
            with available(self._client):
                self._client.indices.refresh(index=self._names.alias)
            self._recent.clear()
        self._recent |= {
            id_: Place(id_, action.index, action.version or 0) for id_, action in written.items()
        }
