"""What is Elasticsearch's own: refusals, months, retention, setting up, on a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from world import START, opinion

from indexers import cell_tables, fetching
from indexers.elastic import ElasticIndex
from indexers.embedded import EmbeddedIndex
from indexers.lifecycle import Names, create, drop, expired, held, set_up
from indexers.snapshot import snapshot
from minyi.domain import SHANGHAI
from minyi.errors import IndexUnavailable, SettingError
from minyi.query import Facet, Filters, Group, Interval
from minyi.vocabulary import Stance
from tests.elastic import NOW, Worlds


def test_what_does_not_fit_is_refused_and_the_rest_is_written(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names)
    bad = opinion(2, Stance.FAVOR, source="秘" * 20_000)
    (refused,) = index.upsert([opinion(1, Stance.FAVOR), bad, opinion(3, Stance.AGAINST)])
    assert refused.id == bad.id
    assert "immense term" in refused.reason
    assert "source" in refused.reason
    assert len(refused.reason) <= 300
    assert "秘" not in refused.reason
    assert "231" not in refused.reason, "not in bytes either"
    assert index.digest()[0] == 2
    index.close()


def test_a_comment_whose_time_moves_lies_in_one_month_at_once(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names)  # finds its writes within a second only
    days = ["2024-05-02", "2024-03-02", "2024-05-03", "2024-04-01"]
    for day in days:
        index.upsert([opinion(1, Stance.FAVOR, created_at=day)])
    index.refresh()
    assert index.count() == 1
    newest = index.newest(Filters())
    assert newest is not None
    assert newest.astimezone(SHANGHAI) == datetime(2024, 4, 1, tzinfo=SHANGHAI)
    index.upsert([opinion(1, Stance.FAVOR, created_at="2024-03-09")])
    assert index.delete([opinion(1, Stance.FAVOR).id]) == 1
    assert index.digest()[0] == 0
    index.close()


def test_months_without_room_are_refused_and_the_rest_is_written(
    worlds: Worlds, names: Names
) -> None:
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    index.upsert([opinion(1, Stance.FAVOR), opinion(2, Stance.FAVOR)])
    strewn = [
        opinion(n, Stance.AGAINST, created_at=day)
        for n, day in [(2, "2031-01-05"), (4, "2032-02-05"), (5, "2032-02-06")]
    ]
    open_shards = worlds.client.cluster.health()["active_shards"]
    limit = "cluster.max_shards_per_node"
    before = worlds.client.cluster.get_settings(flat_settings=True)["persistent"].get(limit)
    worlds.client.cluster.put_settings(persistent={limit: open_shards})
    try:
        refused = index.upsert([opinion(3, Stance.FAVOR), *strewn])
        assert {r.id for r in refused} == {o.id for o in strewn}
        assert all("maximum normal shards open" in r.reason for r in refused)
        assert all("minyi index prune" in r.reason for r in refused)
        assert index.digest()[0] == 3, "the old copy of what has moved stays as well"
        (counts,) = index.totals(Filters()).values()
        assert (counts.favor, counts.against) == (3, 0)
        assert index.upsert([opinion(6, Stance.FAVOR)]) == []
    finally:
        worlds.client.cluster.put_settings(persistent={limit: before})
    assert index.upsert(strewn) == []  # there is room again
    assert index.digest()[0] == 6
    index.close()


@pytest.mark.parametrize("fetched", [cell_tables.FETCHED, 0], ids=["fetched", "too many"])
def test_answers_follow_every_change(
    worlds: Worlds, names: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: int
) -> None:
    monkeypatch.setattr(cell_tables, "FETCHED", fetched)
    monkeypatch.setattr(fetching, "PAGE", 2)
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    mirror = EmbeddedIndex(tmp_path)
    policy = Filters(policy_id="elevator-retrofit")
    cut = Filters(since="2024-03-31T23:00:00+08:00", until=START + timedelta(hours=2, minutes=1))
    first = [opinion(n, Stance.FAVOR, author="f" * 16, text="同样的话") for n in range(4)]
    late = opinion(9, Stance.AGAINST, created_at="2024-03-31T23:30:00+08:00")
    far = [(20, "1990-06-30T23:30:00+09:00"), (21, "2099-12-31T23:59:59+08:00")]
    changes = [
        lambda at: at.upsert(first),
        lambda at: at.upsert([late]),
        lambda at: at.upsert([first[0].model_copy(update={"stance": Stance.AGAINST})]),
        lambda at: at.upsert([first[0].model_copy(update={"author": None})]),
        lambda at: at.delete([first[1].id]),
        lambda at: (at.delete([first[2].id]), at.upsert([first[1]])),
        lambda at: at.upsert([late.model_copy(update={"created_at": first[0].created_at})]),
        lambda at: at.upsert([opinion(n, Stance.NONE, created_at=day) for n, day in far]),
        lambda at: at.delete([o.id for o in [*first, late]]),
    ]
    for change in changes:
        for store in (index, mirror):
            change(store)
        for _ in range(2):  # counted, then remembered
            for filters in (policy, Filters(), cut):
                for interval in Interval:
                    assert index.trend(filters, interval) == mirror.trend(filters, interval)
                    assert index.votes(filters, interval) == mirror.votes(filters, interval)
                    assert index.volumes(filters, interval) == mirror.volumes(filters, interval)
                for each in (None, *Interval):
                    by = [Facet.REGION, Facet.POLICY]
                    assert index.cells(filters, by, each) == mirror.cells(filters, by, each)
                by_region = index.trend(filters, Interval.MONTH, Group.REGION)
                assert by_region == mirror.trend(filters, Interval.MONTH, Group.REGION)
                by_region.clear()  # what is remembered cannot be spoilt
                assert index.cells(filters, []) == mirror.cells(filters, [])
                assert index.answers(filters, []) == mirror.answers(filters, [])
                assert index.totals(filters) == mirror.totals(filters)
    index.close()
    mirror.close()


def test_threads_share_an_index(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: index.upsert([opinion(n, Stance.FAVOR)]), range(8)))
    assert index.digest()[0] == 8
    index.close()


def test_old_months_are_dropped_whole(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    days = ["2024-02-29T23:59:59+08:00", "2024-03-01", "2024-05-01"]
    index.upsert([opinion(n, Stance.FAVOR, created_at=day) for n, day in enumerate(days)])
    gone = expired(index.check(), names, NOW, 2)
    assert gone == [names.month(1, "2024.02")]
    drop(worlds.client, gone)
    assert index.count() == 2
    late = [opinion(0, Stance.FAVOR, created_at=days[0])]
    with pytest.raises(IndexUnavailable):  # the writer knew the month, and looks anew
        index.upsert(late)
    assert index.upsert(late) == []  # which makes it anew
    assert index.count() == 3
    assert expired(index.check(), names, NOW, 2) == gone
    index.close()


def test_a_state_that_goes_during_a_question_is_worth_another_try(
    worlds: Worlds, names: Names
) -> None:
    client = worlds.client
    with snapshot(client, names.alias) as state:
        client.close_point_in_time(id=state.id)  # as when it expires
        with pytest.raises(IndexUnavailable):
            state.search(size=1)
    month = names.month(1, "2024.06")
    create(client, month)
    with snapshot(client, names.alias) as state:
        drop(client, [month])
        with pytest.raises(IndexUnavailable):
            state.search(size=1)


def test_setting_up_twice_changes_nothing(worlds: Worlds, names: Names) -> None:
    before = held(worlds.client, names)
    assert set_up(worlds.client, names, NOW) == []
    assert held(worlds.client, names) == before
    mapping = worlds.client.indices.get_mapping(index=names.alias)[names.month(1, "2024.05")]
    assert mapping["mappings"]["dynamic"] == "strict"


def test_an_index_that_was_never_set_up_is_told(worlds: Worlds) -> None:
    index = ElasticIndex(worlds.connect(), worlds.names())
    for ask in (
        index.check,
        index.count,
        lambda: index.totals(Filters()),
        lambda: index.search("", Filters()),
        lambda: index.upsert([opinion(1, Stance.FAVOR)]),
    ):
        with pytest.raises(SettingError, match="minyi setup"):
            ask()
    index.close()


def test_a_foreign_index_under_our_name_is_told(worlds: Worlds) -> None:
    names = worlds.names()
    worlds.client.indices.create(index=names.alias)
    try:
        with pytest.raises(SettingError, match="not the alias"):
            set_up(worlds.client, names, NOW)
    finally:
        worlds.client.indices.delete(index=names.alias)
