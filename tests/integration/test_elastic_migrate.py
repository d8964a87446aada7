"""A migration loses and doubles nothing while writers go on, on a real Elasticsearch."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from world import START, opinion

from indexers.elastic import ElasticIndex
from indexers.embedded import EmbeddedIndex
from indexers.lifecycle import Names, held, set_up
from indexers.migrate import Migration, drop_older, older, plan
from indexers.scanning import members, shards, surplus_ids
from minyi.domain import Opinion
from minyi.errors import IndexUnavailable, SettingError
from minyi.ports import Index
from minyi.query import Filters
from minyi.vocabulary import Stance
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
        monkeypatch.setattr(f"indexers.{module}.VERSION", 2)
    monkeypatch.setattr(
        "indexers.lifecycle.MAPPINGS",
        __import__("indexers.mappings", fromlist=["MAPPINGS"]).MAPPINGS | {"_meta": {"minyi": 2}},
    )
    newer = ElasticIndex(worlds.connect(), names)
    with pytest.raises(SettingError, match="minyi index migrate"):
        newer.upsert([opinion(2, Stance.FAVOR)])
    with pytest.raises(SettingError, match="minyi index migrate"):
        set_up(worlds.client, names, NOW)
    chosen = plan(worlds.client, names)
    assert chosen.needed
    assert chosen.version == 1
    Migration(worlds.client, names, chosen).run()
    newer.upsert([opinion(2, Stance.FAVOR)])
    assert newer.digest()[0] == 2
    monkeypatch.undo()
    index._held = None
    with pytest.raises(SettingError, match="newer Minyi"):  # an old worker stops
        index.upsert([opinion(3, Stance.FAVOR)])
    index.close()
    newer.close()


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
