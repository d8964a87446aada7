"""Writing all opinions anew, in the fields of today, while writers and readers go on.

The next generation (``opinions-v2-*``) is filled from the one behind the alias: all of it, then
again and again what changed meanwhile, found by Elasticsearch's own sequence numbers. Only for the
last bit the old generation refuses writes; writers wait, see the alias moved, and go on in the new
generation. What was stopped half-way is started again and finds its way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from elasticsearch import Elasticsearch

from indexers.bulk import Action, Bulk
from indexers.client import available
from indexers.documents import document, read_document
from indexers.lifecycle import Held, Names, create, drop, held, put_templates
from indexers.mappings import VERSION
from indexers.scanning import KEEP_ALIVE, counted, ids, members, refresh, shards, surplus_ids
from indexers.snapshot import snapshot
from minyi.batched import batched
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, SettingError

FEW = 1_000
"""When fewer opinions than this changed during a pass, the rest is copied under the block."""
PASSES = 20
BATCH = 500
NAMES_AT_ONCE = 50
"""Indices that are named in one address: servers bound its length."""


@dataclass(frozen=True)
class Plan:
    """From which generation to which, and how much."""

    source: int
    target: int
    version: int | None
    """Of the fields that the source was written with."""
    months: int
    opinions: int
    begun: bool
    """Whether an earlier migration was stopped half-way."""

    @property
    def needed(self) -> bool:
        return self.begun or self.version != VERSION


def plan(client: Elasticsearch, names: Names) -> Plan:
    """Return what a migration would do.

    Raises:
        SettingError: when there is no index, or a newer Minyi wrote it.
    """
    there = _there(client, names)
    target = there.generation + 1
    return Plan(
        source=there.generation,
        target=target,
        version=there.version,
        months=len(there.indices),
        opinions=sum(counted(client, index) for index in there.indices),
        begun=bool(members(client, names, target)),
    )


def older(client: Elasticsearch, names: Names) -> list[str]:
    """Return the indices of generations before the one behind the alias."""
    there = _there(client, names)
    return [i for n in range(1, there.generation) for i in members(client, names, n)]


def drop_older(client: Elasticsearch, names: Names) -> list[str]:
    """Delete the generations before the one behind the alias; return their indices.

    Their templates stay: they keep Elasticsearch from making such an index again for a writer that
    has slept through the migration.
    """
    gone = older(client, names)
    drop(client, gone)
    return gone


def _there(client: Elasticsearch, names: Names) -> Held:
    there = held(client, names)
    if there is None:
        raise SettingError("there is nothing to migrate yet; run minyi setup")
    if (there.version or 0) > VERSION:
        there.check()
    return there


class Migration:
    """One way from a generation to the next.

    Args:
        client: the connection of a login that may manage indices and templates.
        names: what alias and indices are called.
        chosen: what to do.
        copied: is told of opinions as they are copied.
        retention_months: for the server's own clean-up, where it has that.
    """

    def __init__(
        self,
        client: Elasticsearch,
        names: Names,
        chosen: Plan,
        copied: Callable[[int], object] = lambda count: None,
        retention_months: int | None = None,
    ) -> None:
        self._client = client
        self._names = names
        self._plan = chosen
        self._copied = copied
        self._retention = retention_months
        self._bulk = Bulk(client)
        self._done: dict[tuple[str, int], int] = {}
        """The sequence number up to which each shard of the source has been copied."""
        self._moving = False

    def run(self) -> int:
        """Migrate; return how many opinions the new generation holds.

        Raises:
            IndexUnavailable: the server fails on the way; start again.
            SettingError: an opinion does not fit the new fields, or the login may not do this.
        """
        self._release()  # from a run that was stopped under the block
        put_templates(
            self._client, self._names, self._plan.target, self._retention, behind_alias=False
        )
        for _ in range(PASSES):
            if self._catch_up() < FEW:
                break
        self._reconcile()
        self._catch_up()
        try:
            self._block()
            self._catch_up(last=True)
            self._reconcile()
            total = self._compare()
            self._move_alias()
        except BaseException:
            if not self._moving:  # else the alias may have moved: only a new run can know
                self._release()
            raise
        return total

    def _sources(self) -> list[str]:
        return members(self._client, self._names, self._plan.source)

    def _target_of(self, source: str) -> str:
        place = self._names.parse(source)
        assert place is not None  # noqa: S101  # members are parsed
        return self._names.month(self._plan.target, place[1])

    def _catch_up(self, last: bool = False) -> int:
        """Copy what changed since the pass before; return how much.

        A shard's checkpoint is read before the refresh: all up to it is then visible, while
        numbers above may still have gaps that fill later. Under the block there are none.
        """
        copied = 0
        for source in self._sources():
            target = self._target_of(source)
            create(self._client, target)
            states = shards(self._client, source)
            refresh(self._client, [source])
            for shard, state in states.items():
                done = self._done.get((source, shard), -1)
                if state.newest > done or last:
                    copied += self._copy(source, target, shard, done)
                self._done[source, shard] = max(done, state.complete)
        return copied

    def _copy(self, source: str, target: str, shard: int, after: int) -> int:
        """Copy a shard's opinions with sequence numbers above ``after``."""
        copied = 0
        newer = {"range": {"_seq_no": {"gt": after}}}
        with snapshot(self._client, source, KEEP_ALIVE, f"_shards:{shard}") as state:
            for hits in state.pages(BATCH, query=newer, version=True):
                self._write(
                    target, [(read_document(hit["_source"]), hit["_version"]) for hit in hits]
                )
                copied += len(hits)
                self._copied(len(hits))
        return copied

    def _write(self, target: str, opinions: Sequence[tuple[Opinion, int]]) -> None:
        """Write opinions with their versions, which keep older edits away there, too.

        Raises:
            SettingError: when the index refuses one.
        """
        actions = [Action(target, o.id, document(o), version) for o, version in opinions]
        outcomes = [*zip(actions, self._bulk.send(actions), strict=True)]
        # What has no number of an edit counts from one again when it was deleted and made anew.
        anew = [replace(a, version=None) for a, outcome in outcomes if outcome.result == "older"]
        outcomes += zip(anew, self._bulk.send(anew), strict=True)
        for action, outcome in outcomes:
            if outcome.result == "refused":
                raise SettingError(
                    f"the opinion {action.id} does not fit the new fields: {outcome.reason}. "
                    "Nothing has changed for writers and readers"
                )

    def _reconcile(self) -> None:
        """Delete from the new generation what the old one no longer holds."""
        sources = {self._target_of(source): source for source in self._sources()}
        targets = members(self._client, self._names, self._plan.target)
        refresh(self._client, [*sources.values(), *targets])
        for target in targets:
            source = sources.get(target)
            if source is None:  # the month was dropped meanwhile
                drop(self._client, [target])
            elif counted(self._client, source) != counted(self._client, target):
                gone = surplus_ids(ids(self._client, target), ids(self._client, source))
                for batch in batched(gone, BATCH):
                    self._bulk.send([Action(target, id_) for id_ in batch])

    def _compare(self) -> int:
        """Count both generations.

        Raises:
            IndexUnavailable: when they differ.
        """
        sources = self._sources()
        targets = members(self._client, self._names, self._plan.target)
        refresh(self._client, targets)
        before = {self._target_of(source): counted(self._client, source) for source in sources}
        after = {target: counted(self._client, target) for target in targets}
        # a writer may have made a month under the block, which holds nothing
        if any(before.get(month, 0) != after.get(month, 0) for month in before | after):
            raise IndexUnavailable("the generations differ after the last copy; start again")
        return sum(after.values())

    def _block(self) -> None:
        """Let the old generation refuse writes, in months to come too; those that are under way
        are done when this returns."""
        self._alter_template(self._plan.source, behind_alias=False, blocked=True)
        for some in batched(self._sources(), NAMES_AT_ONCE):
            with available(self._client):
                self._client.indices.add_block(index=",".join(some), block="write")

    def _release(self) -> None:
        """Let the old generation take writes again, if it is still the one behind the alias."""
        there = held(self._client, self._names)
        if there is None or there.generation != self._plan.source:
            return
        self._alter_template(self._plan.source, behind_alias=True, blocked=False)
        for some in batched(there.indices, NAMES_AT_ONCE):
            with available(self._client):
                self._client.indices.put_settings(
                    index=",".join(some), settings={"index.blocks.write": None}
                )

    def _move_alias(self) -> None:
        """Move the alias to the new generation, in one call."""
        self._alter_template(self._plan.target, behind_alias=True, blocked=False)
        alias = self._names.alias
        there = _there(self._client, self._names)
        targets = members(self._client, self._names, self._plan.target)
        self._moving = True
        with available(self._client):
            self._client.indices.update_aliases(
                actions=[
                    *({"remove": {"index": i, "alias": alias}} for i in there.indices),
                    *({"add": {"index": i, "alias": alias}} for i in targets),
                ]
            )

    def _alter_template(self, generation: int, behind_alias: bool, blocked: bool) -> None:
        """Change where a generation's new months stand and whether they take writes."""
        name = self._names.generation(generation)
        with available(self._client):
            found = self._client.options(ignore_status=404).indices.get_index_template(name=name)
            if "index_templates" not in found:
                return
            template = found["index_templates"][0]["index_template"]
            self._client.indices.put_index_template(
                name=name,
                index_patterns=template["index_patterns"],
                composed_of=template["composed_of"],
                template={
                    **({"aliases": {self._names.alias: {}}} if behind_alias else {}),
                    **({"settings": {"index.blocks.write": True}} if blocked else {}),
                },
                priority=template["priority"],
                allow_auto_create=False,
                meta=template.get("_meta"),
            )
