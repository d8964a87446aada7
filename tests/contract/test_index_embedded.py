"""The embedded index keeps the contract, and what is its own: files, threads, processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from index_contract import IndexContract
from index_worlds import ALL, opinion

from indexers.embedded import FILE, EmbeddedIndex
from minyi.errors import IndexUnavailable, SettingError
from minyi.ports import Index
from minyi.query import Facet, Filters, Interval


class TestEmbedded(IndexContract):
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Callable[[], Index]:
        number = count()
        return lambda: EmbeddedIndex(tmp_path / str(next(number)))


def test_survives_being_closed(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "deep" / "folder")
    index.upsert([opinion("a"), opinion("b", "地铁")])
    before = index.digest()
    index.close()
    again = EmbeddedIndex(tmp_path / "deep" / "folder")
    assert again.digest() == before
    again.upsert([opinion("a", "公交")])
    assert again.search("垃圾", ALL).total == 0
    again.close()


def test_threads_read_whole_batches_while_one_writes(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path)
    batch, rounds = 20, 25

    def write() -> None:
        for n in range(rounds):
            index.upsert([opinion(f"{n}-{m}", f"第{n}批第{m}条") for m in range(batch)])

    def read() -> None:
        while not writing.done():
            page = index.search("批第", ALL, limit=3)
            (*_, last) = index.trend(ALL, Interval.DAY) or (None,)
            assert page.total % batch == 0
            assert last is None or last.counts.total % batch == 0
            assert sum(cell.authors for cell in index.cells(ALL, [])) % batch == 0
            assert index.digest()[0] % batch == 0

    with ThreadPoolExecutor(5) as pool:
        writing = pool.submit(write)
        for reading in [pool.submit(read) for _ in range(4)]:
            reading.result()
        writing.result()
    assert index.count() == index.search("批第", ALL).total == batch * rounds
    index.close()


def test_two_threads_may_write(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: index.upsert([opinion(str(n))]), range(60)))
    assert index.count() == 60
    index.close()


def test_another_process_reads_and_writes_meanwhile(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path)
    index.upsert([opinion("a")])
    other = """
import sys
from pathlib import Path
from indexers.embedded import EmbeddedIndex
from minyi.query import Filters
index = EmbeddedIndex(Path(sys.argv[1]))
print(index.search("垃圾", Filters()).total, index.delete([sys.argv[2]]), index.count())
index.close()
"""
    run = subprocess.run(
        [sys.executable, "-c", other, str(tmp_path), opinion("a").id],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert run.stdout.split() == ["1", "1", "0"]
    assert index.count() == 0
    index.close()


def test_what_another_writes_is_counted_at_once(tmp_path: Path) -> None:
    index, other = EmbeddedIndex(tmp_path), EmbeddedIndex(tmp_path)

    def counted() -> list[int]:
        (cell,) = index.cells(ALL, [])
        return [cell.counts.favor, cell.counts.against, cell.authors]

    index.upsert([opinion("a"), opinion("b")])
    assert counted() == counted() == [2, 0, 2]
    other.upsert([opinion("a", stance="against")])
    assert counted() == [1, 1, 2]
    other.delete([opinion("a").id])
    assert counted() == [1, 0, 1]
    index.upsert([opinion("b", likes=1), opinion("c")])
    assert counted() == [2, 0, 2]
    index.close()
    other.close()


def test_facts_are_the_same_read_anew_or_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexers.recent.MOST", 5)
    index = EmbeddedIndex(tmp_path)
    index.upsert([opinion(str(n), region=f"{n % 2}", channel=f"{n % 3}") for n in range(6)])
    questions = [
        Filters(region=region, channel=channel)
        for region in (None, "0", "1")
        for channel in (None, "0", "1", "2")
    ]
    answers = [index.cells(filters, [Facet.REGION]) for filters in questions]
    assert [index.cells(filters, [Facet.REGION]) for filters in questions] == answers
    assert [sum(cell.counts.total for cell in each) for each in answers] == [
        6, 2, 2, 2, 3, 1, 1, 1, 3, 1, 1, 1,
    ]  # fmt: skip
    index.close()


def test_an_upsert_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path)
    index.upsert([opinion("a")])
    before = index.digest(), index.totals(ALL), index.cells(ALL, [])
    broken = opinion("c").model_copy(update={"policy_id": None})
    with pytest.raises(sqlite3.IntegrityError):
        index.upsert([opinion("a", "新的"), opinion("b"), broken])
    assert (index.digest(), index.totals(ALL), index.cells(ALL, [])) == before
    assert index.search("新的", ALL).total == 0
    index.close()


def test_a_locked_store_is_unavailable_for_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexers.embedded.BUSY_S", 0.01)
    index = EmbeddedIndex(tmp_path)
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(IndexUnavailable, match="locked"):
        index.upsert([opinion("a")])
    assert index.count() == 0
    holder.close()
    index.upsert([opinion("a")])
    assert index.count() == 1
    index.close()


def test_what_cannot_be_an_index_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SettingError, match="MINYI_INDEX"):
        EmbeddedIndex(tmp_path / "file")
    (tmp_path / FILE).write_text("no database, but long enough to be looked at" * 100)
    with pytest.raises(SettingError, match="MINYI_INDEX"):
        EmbeddedIndex(tmp_path)


def test_a_file_of_another_version_is_refused_with_advice(tmp_path: Path) -> None:
    EmbeddedIndex(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(SettingError, match=r"minyi record .* minyi replay") as refused:
        EmbeddedIndex(tmp_path)
    assert f"move {tmp_path} away" in str(refused.value)
