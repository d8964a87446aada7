"""Two edits of a comment, written by two workers one of which was paused, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from world import opinion

from indexers.elastic import ElasticIndex
from indexers.lifecycle import Names
from indexers.migrate import Migration, plan
from minyi.ports import About
from minyi.query import Filters
from minyi.vocabulary import Stance
from tests.elastic import Worlds

JULY, AUGUST, SEPTEMBER = "2024-07-02", "2024-08-02", "2024-09-02"
OLDER, NEWER = 7, 8


def write(index: ElasticIndex, edit: int | None, day: str, **more: Any) -> list[bool]:
    rejections = index.upsert([opinion(1, Stance.FAVOR, created_at=day, **more)], [edit])
    return [rejection.superseded for rejection in rejections]


def held(index: ElasticIndex) -> list[tuple[str, int | None]]:
    """Return the month and the likes of every copy."""
    index.refresh()
    found = index.search("", Filters()).items
    return [(f"{o.created_at:%m}", o.likes) for o in found]


def forget(worlds: Worlds, names: Names) -> None:
    """Let the server forget at once what was deleted, as it does after a minute."""
    worlds.client.indices.put_settings(index=names.alias, settings={"index.gc_deletes": "0s"})


@pytest.fixture
def paused(
    worlds: Worlds, names: Names, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, Callable[[], object]], ElasticIndex]:
    """Return a worker that is paused before one of its requests to write, while something else
    happens."""

    def before(number: int, meanwhile: Callable[[], object]) -> ElasticIndex:
        index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
        bulk = index._writing._bulk
        requests, send = iter(range(1000)), bulk.send

        def late(actions: Any) -> Any:
            if next(requests) == number:
                meanwhile()
            return send(actions)

        monkeypatch.setattr(bulk, "send", late)
        return index

    return before


@pytest.mark.parametrize("request_", [0, 1])
@pytest.mark.parametrize("newer", [JULY, AUGUST, SEPTEMBER])
@pytest.mark.parametrize("older", [JULY, AUGUST])
def test_the_newer_edit_stays_alone_wherever_the_older_was_held_up(
    worlds: Worlds, names: Names, paused: Any, request_: int, newer: str, older: str
) -> None:
    """Before it is written, or before what lies elsewhere is removed."""
    other = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    write(other, 1, JULY, likes=1)
    forget(worlds, names)
    index = paused(request_, lambda: write(other, NEWER, newer, likes=NEWER))
    write(index, OLDER, older, likes=OLDER)
    assert held(other) == [(newer[5:7], NEWER)]
    index.close()
    other.close()


def test_a_worker_that_was_paused_is_told_and_goes_on(
    worlds: Worlds, names: Names, paused: Any
) -> None:
    other = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    index = paused(0, lambda: write(other, NEWER, SEPTEMBER, likes=NEWER))
    assert write(index, OLDER, AUGUST, likes=OLDER) == [True]
    assert write(index, NEWER + 1, AUGUST, likes=NEWER + 1) == []
    assert held(other) == [("08", NEWER + 1)]
    index.close()
    other.close()


def test_edits_of_one_worker_that_come_in_the_wrong_order(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names)  # finds its writes within a second only
    assert write(index, NEWER, SEPTEMBER, likes=NEWER) == []
    assert write(index, OLDER, AUGUST, likes=OLDER) == [True]
    assert write(index, OLDER, SEPTEMBER, likes=OLDER) == [True]
    assert held(index) == [("09", NEWER)]
    index.close()


def test_a_migration_keeps_the_numbers(worlds: Worlds, names: Names) -> None:
    index = ElasticIndex(worlds.connect(), names)
    write(index, NEWER, AUGUST, likes=NEWER)
    Migration(worlds.client, names, plan(worlds.client, names)).run()
    index.close()
    index = ElasticIndex(worlds.connect(), names)
    assert write(index, OLDER, AUGUST, likes=OLDER) == [True]
    assert write(index, NEWER, AUGUST, likes=9) == []
    assert held(index) == [("08", 9)]
    index.close()


def version(worlds: Worlds, names: Names) -> int:
    (hit,) = worlds.client.search(index=names.alias, version=True)["hits"]["hits"]
    return int(hit["_version"])


def test_a_migration_copies_what_was_deleted_and_made_anew_without_numbers(
    worlds: Worlds, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    for likes in (1, 2, 3):
        write(index, None, AUGUST, likes=likes)
    forget(worlds, names)
    with monkeypatch.context() as patch:
        patch.setattr(Migration, "_compare", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Migration(worlds.client, names, plan(worlds.client, names)).run()
    while version(worlds, names) > 1:  # Elasticsearch forgets what was deleted at a later refresh
        index.delete([opinion(1, Stance.FAVOR).id])
        index.refresh()
        write(index, None, AUGUST, likes=4)
    Migration(worlds.client, names, plan(worlds.client, names)).run()
    assert held(index) == [("08", 4)]
    index.close()


def about(edit: int | None, *policies: str) -> About:
    return About(opinion(1, Stance.FAVOR).comment_id, frozenset(policies), edit)


@pytest.mark.parametrize("edit", [None, NEWER])
def test_what_is_not_found_yet_is_retracted(worlds: Worlds, names: Names, edit: int | None) -> None:
    index = ElasticIndex(worlds.connect(), names)  # finds its writes within a second only
    write(index, edit and OLDER, JULY)
    assert index.retract([about(edit)]) == 1
    assert held(index) == []
    index.close()


def test_what_another_worker_has_written_is_retracted(worlds: Worlds, names: Names) -> None:
    """One that has just taken over its partitions looks anew."""
    other, index = (ElasticIndex(worlds.connect(), names) for _ in range(2))
    write(other, OLDER, JULY)
    index.refresh()
    assert index.retract([about(NEWER)]) == 1
    assert held(index) == []
    index.close()
    other.close()


def test_a_worker_that_was_paused_does_not_bring_back_what_was_retracted(
    worlds: Worlds, names: Names, paused: Any
) -> None:
    """It writes the older edit, of which another has written all and then the newer."""
    other = ElasticIndex(worlds.connect(), names)

    def meanwhile() -> None:
        write(other, OLDER, JULY)
        assert other.retract([about(NEWER)]) == 1

    index = paused(0, meanwhile)
    assert write(index, OLDER, JULY) == [True]
    assert held(other) == []
    index.close()
    other.close()


def test_more_opinions_than_fit_into_an_answer(
    worlds: Worlds, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexers.writing.MOST", 4)
    index = ElasticIndex(worlds.connect(), names, read_own_writes=True)
    index.upsert([opinion(n, Stance.FAVOR) for n in range(9)])
    comments = [opinion(n, Stance.FAVOR).comment_id for n in range(9)]
    assert index.retract([About(comment) for comment in comments]) == 9
    assert index.count() == 0
    index.close()
