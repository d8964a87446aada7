"""From either store the same is published, to the last figure."""

from __future__ import annotations

from pathlib import Path

from indexers.embedded import EmbeddedIndex
from minyi.open_data.release import Publisher, Release, gather
from minyi.ports import Index
from minyi.shares.adjusting import Adjuster
from minyi.vocabulary import AgeBand, Stance
from tests.elastic import Worlds
from tests.integration.world import POLICIES, World, many, opinion


def release(index: Index) -> Release:
    index.upsert(list(many(400)))
    index.upsert(
        [
            opinion(400 + n, Stance.AGAINST, author=f"a{n % 7}", region="小村", age=AgeBand.SENIOR)
            for n in range(20)
        ]
    )
    return gather(index, POLICIES.values(), World().now(), Publisher(), Adjuster(), "r")


def test_both_stores_publish_the_same(worlds: Worlds, tmp_path: Path) -> None:
    embedded = EmbeddedIndex(tmp_path)
    elastic = worlds.fresh()
    one, other = release(embedded), release(elastic)
    assert one.tables == other.tables
    assert one.id == other.id
    assert one.opinions == 420
    embedded.close()
    elastic.close()
