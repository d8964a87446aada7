"""A migration loses and doubles nothing while writers go on, on a real Elasticsearch."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from world import START, opinion

from indexers.bulk import Action, Bulk
from indexers.documents import document, month
from indexers.elastic import ElasticIndex
from indexers.embedded import EmbeddedIndex
from indexers.lifecycle import Names, create, held, set_up
from indexers.mappings import MAPPINGS
from indexers.migrate import Migration, drop_older, older, plan
from indexers.scanning import members, shards, surplus_ids
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, SettingError
from minyi.ports import Index
from minyi.query import Facet, Filters, Interval
from minyi.vocabulary import AgeBand, Stance
from tests.elastic import NOW, Worlds


class Writer(Thread):
    """Writes, overwrites, moves and deletes until told to stop, as a worker does: what the index
    cannot take now is tried again. Does the same to a second index."""

    def __init__(self, index: Index, mirror: Index) -> None:
        super().__init__(daemon=True)
        self.index, self.mirror = index, mirror
        self.stopping, self.moved = Event(), Event()
        self.rounds = self.refused = 0
        self.error: BaseException | None = None
        self.random = random.Random(7)

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.turn()
        except BaseException as error:
            self.error = error

    def turn(self) -> None:
        numbers = self.random.sample(range(400), 12)
        written = [self.some(number) for number in numbers[:9]]
        self.mirror.upsert(written)
        self.patiently(lambda: self.index.upsert(written))
        gone = [opinion(number, Stance.FAVOR).id for number in numbers[9:]]
        self.mirror.delete(gone)
        self.patiently(lambda: self.index.delete(gone))
        self.rounds += 1

    def some(self, number: int) -> Opinion:
        shift = timedelta(days=self.random.choice([0, 0, 0, 40]))  # into another month
        return opinion(
            number,
            self.random.choice(list(Stance)),
            likes=self.random.randrange(1000),
            created_at=START + timedelta(hours=number) + shift,
        )

    def patiently(self, call: object) -> None:
        while True:
            try:
                call()  # type: ignore[operator]
                return
            except IndexUnavailable:
                self.refused += 1
                Event().wait(0.05)


def test_nothing_is_lost_or_doubled_while_writers_go_on(
    worlds: Worlds, names: Names, tmp_path: Path
) -> None:
    mirror = EmbeddedIndex(tmp_path)
    first = [opinion(number, Stance.FAVOR) for number in range(400)]
    index = ElasticIndex(worlds.connect(), names)
    index.upsert(first)
    mirror.upsert(first)
    writer = Writer(index, mirror)
    writer.start()
    try:
        chosen = plan(worlds.client, names)
        assert (chosen.source, chosen.target, chosen.needed) == (1, 2, False)
        Migration(worlds.client, names, chosen).run()
        rounds = writer.rounds
        assert rounds, "nothing was written meanwhile"
        while writer.rounds < rounds + 3 and writer.error is None:
            writer.join(0.05)
    finally:
        writer.stopping.set()
        writer.join(60)
    assert writer.error is None
    assert not writer.is_alive()
    there = held(worlds.client, names)
    assert there is not None
    assert there.generation == 2
    assert index.digest() == mirror.digest()
    index.refresh()
    assert index.totals(Filters()) == mirror.totals(Filters())
    assert older(worlds.client, names) == members(worlds.client, names, 1) != []
    drop_older(worlds.client, names)
    assert members(worlds.client, names, 1) == []
    assert index.digest() == mirror.digest()
    index.close()
    mirror.close()


def test_a_writer_that_slept_through_a_migration_writes_to_no_dropped_generation(
    worlds: Worlds, names: Names
) -> None:
    sleeper = ElasticIndex(worlds.connect(), names)
    sleeper.upsert([opinion(1, Stance.FAVOR)])
    Migration(worlds.client, names, plan(worlds.client, names)).run()
    drop_older(worlds.client, names)
    with pytest.raises(IndexUnavailable):
        sleeper.upsert([opinion(2, Stance.FAVOR)])
    assert sleeper.upsert([opinion(2, Stance.FAVOR)]) == []
    assert members(worlds.client, names, 1) == []
    assert sleeper.digest()[0] == 2
    sleeper.close()


@pytest.mark.parametrize("place", ["_reconcile", "_compare", "_move_alias"])
def test_what_stops_half_way_changes_nothing_and_is_started_again(
    worlds: Worlds, names: Names, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    index.upsert([opinion(number, Stance.FAVOR) for number in range(60)])
    with monkeypatch.context() as patch:
        patch.setattr(Migration, place, lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Migration(worlds.client, names, plan(worlds.client, names)).run()
    index.upsert([opinion(3, Stance.AGAINST), opinion(99, Stance.NONE)])
    index.delete([opinion(4, Stance.FAVOR).id])
    before = index.digest()
    assert before[0] == 60
    again = plan(worlds.client, names)
    assert again.begun
    assert again.needed
    Migration(worlds.client, names, again).run()
    assert index.digest() == before
    with pytest.raises(IndexUnavailable):  # it knew the old generation only
        index.upsert([opinion(5, Stance.AGAINST)])
    index.upsert([opinion(5, Stance.AGAINST)])
    assert index.count() == 60
    index.close()


def test_one_that_died_under_the_block_is_started_again(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    index.upsert([opinion(1, Stance.FAVOR)])
    Migration(worlds.client, names, plan(worlds.client, names))._block()
    for late in (opinion(1, Stance.AGAINST), opinion(2, Stance.FAVOR, created_at="2030-01-01")):
        with pytest.raises(IndexUnavailable):
            index.upsert([late])
    with pytest.raises(IndexUnavailable):
        index.delete([opinion(1, Stance.FAVOR).id])
    Migration(worlds.client, names, plan(worlds.client, names)).run()
    index.upsert([opinion(2, Stance.FAVOR, created_at="2030-01-01")])
    assert index.count() == 2
    assert index.totals(Filters())["elevator-retrofit"].favor == 2
    index.close()


def test_other_fields_are_refused_until_they_are_migrated(
    worlds: Worlds, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    index.upsert([opinion(1, Stance.FAVOR)])
    for module in ("lifecycle", "migrate"):
        monkeypatch.setattr(f"indexers.{module}.VERSION", 3)
    monkeypatch.setattr(
        "indexers.lifecycle.MAPPINGS",
        MAPPINGS | {"_meta": {"minyi": 3}},
    )
    newer = ElasticIndex(worlds.connect(), names)
    with pytest.raises(SettingError, match="minyi index migrate"):
        newer.upsert([opinion(2, Stance.FAVOR)])
    with pytest.raises(SettingError, match="minyi index migrate"):
        set_up(worlds.client, names, NOW)
    chosen = plan(worlds.client, names)
    assert chosen.needed
    assert chosen.version == 2
    Migration(worlds.client, names, chosen).run()
    newer.upsert([opinion(2, Stance.FAVOR)])
    assert newer.digest()[0] == 2
    monkeypatch.undo()
    index._writing._held = None
    with pytest.raises(SettingError, match="newer Minyi"):  # an old worker stops
        index.upsert([opinion(3, Stance.FAVOR)])
    index.close()
    newer.close()


# What version 2 brought, and what it dropped.
NEW = {"age", "output", "voter", "saying", "answered", "delay", "split_week"}
VERSION_1 = MAPPINGS | {
    "_meta": {"minyi": 1},
    "properties": {
        **{name: field for name, field in MAPPINGS["properties"].items() if name not in NEW},
        "marks": {"type": "integer"},
    },
}


def version_1(some: Opinion) -> bytes:
    kept = {k: v for k, v in json.loads(document(some)).items() if k not in NEW}
    return json.dumps(kept | {"marks": 0}).encode()


def test_opinions_of_version_1_are_counted_in_full_after_a_migration(
    worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = worlds.names()
    with monkeypatch.context() as before:
        before.setattr("indexers.lifecycle.VERSION", 1)
        before.setattr("indexers.lifecycle.MAPPINGS", VERSION_1)
        set_up(worlds.client, names, NOW)
        old = [
            opinion(
                n,
                list(Stance)[n % 3],
                author=(None, "0123456789abcdef", "fedcba9876543210")[n // 3 % 3],
                text=f"同样的话{n % 7}",
                created_at=START + timedelta(hours=20 * n),
                reply={"text": "已办理", "at": START + timedelta(days=n)} if n % 4 else None,
                region=("北京", None)[n % 2],
            )
            for n in range(90)
        ]
        for month_ in sorted({month(o) for o in old}):
            create(worlds.client, names.month(1, month_))
        written = [Action(names.month(1, month(o)), o.id, version_1(o)) for o in old]
        assert {o.result for o in Bulk(worlds.client).send(written)} == {"created"}
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    with pytest.raises(SettingError, match="minyi index migrate"):
        index.check()
    chosen = plan(worlds.client, names)
    assert (chosen.needed, chosen.version) == (True, 1)
    assert Migration(worlds.client, names, chosen).run() == len(old)
    index.upsert([opinion(1000, Stance.FAVOR, age=AgeBand.SENIOR)])
    mirror = EmbeddedIndex(tmp_path)
    mirror.upsert([*old, opinion(1000, Stance.FAVOR, age=AgeBand.SENIOR)])
    assert index.digest() == mirror.digest()
    for interval in Interval:
        assert index.trend(Filters(), interval) == mirror.trend(Filters(), interval)
        assert index.votes(Filters(), interval) == mirror.votes(Filters(), interval)
    by = [Facet.REGION, Facet.AGE]
    assert index.cells(Filters(), by) == mirror.cells(Filters(), by)
    assert index.answers(Filters(), by) == mirror.answers(Filters(), by)
    index.close()
    mirror.close()


def test_ordered_streams_are_compared() -> None:
    assert list(surplus_ids(iter("abcde"), iter("bcf"))) == ["a", "d", "e"]
    assert list(surplus_ids(iter("ab"), iter(""))) == ["a", "b"]
    assert list(surplus_ids(iter(""), iter("ab"))) == []


def test_a_shard_tells_how_far_it_has_come(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names)
    index.upsert([opinion(number, Stance.FAVOR) for number in range(5)])
    (month, _) = sorted(members(worlds.client, names, 1), reverse=True)
    assert {state.newest for state in shards(worlds.client, month).values()} == {4}
    index.close()
