"""Retention and compaction of the embedded log."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from streams.embedded import EmbeddedLog, NewRecord
from streams.embedded.cleaning import TOMBSTONES_STAY_MS, WORTH_COMPACTING


def values(log: EmbeddedLog, topic: str = "t") -> list[bytes | None]:
    return [record.value for record in log.read(topic, 0, 0, 10**6, 10**9)]


def test_records_older_than_the_retention_go_and_offsets_stay(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t", retention_ms=60_000)
        log.create_topic("kept")
        for topic in ("t", "kept"):
            log.append([NewRecord(topic, None, b"old", (), now - 61_000) for _ in range(5000)])
            log.append([NewRecord(topic, None, b"new", (), now - 30_000)])
        assert log.clean() == 5000
        assert values(log) == [b"new"]
        assert (log.earliest("t", 0), log.highwater("t", 0)) == (5000, 5001)
        assert len(values(log, "kept")) == 5001
        log.commit("g", {})
        assert sum(log.lag("g", ["t"]).values()) == 1
    with EmbeddedLog(tmp_path) as log:
        assert (log.earliest("t", 0), log.highwater("t", 0)) == (5000, 5001)


def test_the_oldest_go_while_a_partition_is_too_large(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t", retention_bytes=1000)
        log.append([NewRecord("t", None, b"x" * 100) for _ in range(35)])
        assert log.clean() == 25
        assert log.earliest("t", 0) == 25
        assert log.clean() == 0


def test_the_newest_record_outlives_every_retention(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t", retention_ms=1, retention_bytes=1)
        log.append([NewRecord("t", None, b"%d" % n, (), 1) for n in range(3)])
        log.clean()
        assert values(log) == [b"2"]


def test_compaction_waits_until_it_pays_and_a_tombstone_stays_a_day(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t", compact=True)
        log.append([NewRecord("t", b"a", b"1"), NewRecord("t", b"a", b"2")])
        assert log.clean() == 0
        half = b"x" * (WORTH_COMPACTING // 2)
        log.append([NewRecord("t", b"a", half), NewRecord("t", b"a", half)])
        assert log.clean() == 3
        log.append(
            [
                NewRecord("t", b"a", None, (), now - TOMBSTONES_STAY_MS - 1000),
                NewRecord("t", b"b", None),
                NewRecord("t", b"c", b"last"),
            ]
        )
        log.clean(force=True)
        left = [(record.key, record.value) for record in log.read("t", 0, 0)]
        assert left == [(b"b", None), (b"c", b"last")]


def test_a_log_takes_appends_and_reads_while_it_is_cleaned(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t", compact=True)
        log.append([NewRecord("t", b"%d" % (n % 50), b"%d" % n) for n in range(20_000)])
        cleaner = threading.Thread(target=log.clean, args=[True])
        cleaner.start()
        for n in range(20_000, 20_300):
            log.append([NewRecord("t", b"%d" % (n % 50), b"%d" % n)])
            assert log.read("t", 0, log.highwater("t", 0) - 1)[0].value == b"%d" % n
        cleaner.join()
        log.clean(force=True)
        assert values(log) == [b"%d" % n for n in range(20_250, 20_300)]


def test_a_log_may_be_closed_while_it_is_cleaned(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.create_topic("t", compact=True)
        log.append([NewRecord("t", b"%d" % (n % 50), b"%d" % n) for n in range(20_000)])
        with ThreadPoolExecutor(1) as pool:
            cleaning = pool.submit(log.clean, True)
            log.close()
            assert 0 <= cleaning.result() < 20_000
    with EmbeddedLog(tmp_path) as log:
        log.clean(force=True)
        assert values(log) == [b"%d" % n for n in range(19_950, 20_000)]
