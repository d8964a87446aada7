"""The writing side of the index in Elasticsearch: each opinion in the month of its time, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

from elasticsearch import AuthorizationException, Elasticsearch

from indexers.bulk import Action, Bulk
from indexers.client import available
from indexers.documents import document, month
from indexers.edits import newest, replaces, superseded
from indexers.leftovers import last_words, leftovers
from indexers.lifecycle import Held, Names, create_months, held
from indexers.snapshot import search_now
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, SettingError
from minyi.ports import About, Edits
from minyi.query import Rejection

PAGE = 1_000
"""Ids of one request."""
MOST = 10_000
"""Documents of one answer: the server's own bound."""
REMEMBERED = 50_000
"""Own writes that may not be found yet, until a refresh makes them."""


@dataclass(frozen=True)
class Place:
    """Where a document lies."""

    id: str
    index: str
    edit: int
    """The number of its edit; where it has none, how often it was written, or 0."""
    comment_id: str
    policy_id: str


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
            self._remember([(wanted[id_][0], written[id_]) for id_ in written.keys() - older])
        refused = [Rejection(id=id_, reason=why) for id_, why in reasons.items()]
        return refused + [superseded(id_) for id_ in sorted(older)]

    def _settle(self, written: Mapping[str, Action]) -> set[str]:
        """Leave the newest copy of each opinion that lies in several months; return the ids of
        those that were not the newest when they were written."""
        surplus: dict[tuple[str, str], Action] = {}
        older = set[str]()
        for place in self._places("id", list(written)):
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
            return len(self._remove(self._places("id", list(dict.fromkeys(ids)))))

    def retract(self, edits: Sequence[About]) -> int:
        """See ``Index.retract``. What is deleted keeps its edit's number with the server for a
        while, so that a worker that was paused does not write it again."""
        last = last_words(edits)
        with self._write():
            held = defaultdict[str, list[Place]](list)
            for place in self._places("comment_id", list(last)):
                held[place.comment_id].append(place)
            stale, numbered = list[Place](), list[Action]()
            for comment_id, places in held.items():
                about = last[comment_id]
                gone = leftovers(about, places)
                if about.edit is None:
                    stale += gone
                    continue
                newest = max(about.edit, *(place.edit for place in places))
                numbered += [Action(place.index, place.id, version=newest) for place in gone]
            return len(self._remove(stale) | self._carry_out(numbered)[0])

    def _remove(self, places: Sequence[Place]) -> set[str]:
        """Delete documents whatever their edits; return the ids of those that existed."""
        # With the version that is there, so that the same edit may be written again at once.
        gone, late = self._carry_out(
            [Action(p.index, p.id, version=p.edit or None) for p in places]
        )
        return gone | self._carry_out([replace(action, version=None) for action in late])[0]

    def _carry_out(self, deletions: Sequence[Action]) -> tuple[set[str], list[Action]]:
        """Delete; return the ids of what existed, and what was written again since it was found."""
        outcomes = [*zip(deletions, self._bulk.send(deletions), strict=True)]
        for action in deletions:
            self._recent.pop(action.id, None)
        gone = {action.id for action, outcome in outcomes if outcome.result == "deleted"}
        return gone, [action for action, outcome in outcomes if outcome.result == "older"]

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

    def _places(self, field: Literal["id", "comment_id"], values: Sequence[str]) -> list[Place]:
        """Return where documents lie: two for an id that has moved just now, when the move is not
        found yet."""
        if field == "id":
            own = [self._recent[id_] for id_ in values if id_ in self._recent]
        else:
            wanted = set(values)
            own = [place for place in self._recent.values() if place.comment_id in wanted]
        places = {(place.id, place.index): place for place in own}
        for start in range(0, len(values), PAGE):
            for hit in self._hits(field, values[start : start + PAGE]):
                key = hit["_id"], hit["_index"]
                known = places.get(key)
                if known is None or known.edit < hit["_version"]:
                    fields = hit["fields"]
                    places[key] = Place(
                        *key, hit["_version"], fields["comment_id"][0], fields["policy_id"][0]
                    )
        return list(places.values())

    def _hits(self, field: str, values: Sequence[str]) -> list[Any]:
        """Return what is found of documents with these values."""
        answer = search_now(
            self._client,
            self._names,
            query={"terms": {field: values}},
            size=MOST,
            source=False,
            docvalue_fields=["comment_id", "policy_id"],
            version=True,
            track_total_hits=False,
        )
        hits: list[Any] = answer["hits"]["hits"]
        if len(hits) == MOST and len(values) > 1:  # there may be more
            half = len(values) // 2
            return self._hits(field, values[:half]) + self._hits(field, values[half:])
        return hits

    def _remember(self, written: Sequence[tuple[Opinion, Action]]) -> None:
        if not self._remembers:
            return
        if len(self._recent) + len(written) > REMEMBERED:
            with available(self._client):
                self._client.indices.refresh(index=self._names.alias)
            self._recent.clear()
        self._recent |= {
            o.id: Place(o.id, action.index, action.version or 0, o.comment_id, o.policy_id)
            for o, action in written
        }
