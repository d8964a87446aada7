"""One process at a time owns a log; within it, everyone shares."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from yarl import URL

from minyi.errors import BrokerUnavailable, LogInUse, SettingError
from streams.embedded import EmbeddedLog, NewRecord, Transport, open_log

ROOT = Path(__file__).parents[2]
OWNER = """
import sys
from streams.embedded import EmbeddedLog

log = EmbeddedLog(sys.argv[1])
if len(sys.argv) > 2:
    log.announce(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def owner(*args: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_owns_the_log_and_what_to_do(tmp_path: Path) -> None:
    with owner(str(tmp_path), "http://127.0.0.1:8600") as process:
        with pytest.raises(LogInUse) as caught:
            EmbeddedLog(tmp_path)
        assert caught.value.pid == process.pid
        assert caught.value.api_url == "http://127.0.0.1:8600"
        assert str(process.pid) in str(caught.value)
        assert "use its API at http://127.0.0.1:8600, or stop it" in str(caught.value)


def test_without_an_api_the_owner_is_named_all_the_same(tmp_path: Path) -> None:
    with owner(str(tmp_path)) as process, pytest.raises(LogInUse) as caught:
        open_log(tmp_path)
    assert (caught.value.pid, caught.value.api_url) == (process.pid, None)


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    with owner(str(tmp_path), "http://127.0.0.1:1") as process:
        process.kill()
        process.wait()
        with EmbeddedLog(tmp_path) as log:
            log.create_topic("t")


def test_a_forked_child_does_not_keep_the_log_from_others(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # outlives the parent's hold on the log
        os.close(write_end)
        os.read(read_end, 1)
        os._exit(0)
    os.close(read_end)
    log.close()
    with EmbeddedLog(tmp_path):
        pass
    os.close(write_end)
    os.waitpid(child, 0)


def test_a_log_is_free_at_once_whatever_a_child_does_that_was_just_forked(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path)
    child = os.dup(log._owner._fd)  # as one holds it that has not come to run yet
    log.close()
    with EmbeddedLog(tmp_path):
        os.close(child)


def test_one_process_shares_a_log_until_its_last_holder_closes_it(tmp_path: Path) -> None:
    first, second = open_log(tmp_path), open_log(tmp_path / ".." / tmp_path.name)
    assert first is second
    first.create_topic("t")
    first.close()
    second.append([NewRecord("t", b"k", b"v")])
    with pytest.raises(LogInUse):
        EmbeddedLog(tmp_path)
    second.close()
    with EmbeddedLog(tmp_path) as log:
        assert log.highwater("t", 0) == 1


def test_a_group_has_one_consumer(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log.join("g")
        with pytest.raises(LogInUse, match="'g' already has a consumer"):
            log.join("g")
        log.leave("g")
        log.join("g")


def test_a_folder_that_is_none_and_a_file_that_is_no_log_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerUnavailable, match="cannot be opened"):
        EmbeddedLog(tmp_path / "file")
    (tmp_path / "log.sqlite3").write_bytes(b"not a database, but long enough to be read as one" * 9)
    with pytest.raises(BrokerUnavailable, match="cannot be used: file is not a database"):
        EmbeddedLog(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path) as log:
        log._store._writer.execute("PRAGMA user_version = 99")
    with pytest.raises(BrokerUnavailable, match="written by another version"):
        EmbeddedLog(tmp_path)


def test_the_broker_url_names_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "政策 a"
    assert Transport([URL(f"embedded://{folder}")], None).folder == folder
    with pytest.raises(SettingError, match="embedded:///absolute/path"):
        Transport([URL("embedded://data/log")], None).folder  # noqa: B018
