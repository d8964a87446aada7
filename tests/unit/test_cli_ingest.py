"""``minyi ingest``, ``policies``: how files are read, and what is said of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from minyi.cli import ingest
from minyi.errors import LogInUse
from streams.embedded import NewRecord
from streams.intake import files
from streams.progress import Progress
from tests.unit.cli_runner import Cli
from tests.unit.test_suggest import chatter, street_lights


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path / "data", monkeypatch)


def table(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("".join(f"{text},{time}\n" for text, time in [("text", "created_at"), *rows]))
    return path


def test_a_dry_run_shows_rows_as_they_stand(cli: Cli, tmp_path: Path) -> None:
    rows = [("好[doge][/url]", "2026-03-01T08:00:00+08:00"), ("坏", "when?")]
    printed = cli("ingest", table(tmp_path / "[b]a.csv", rows), "--dry-run")
    for text in ("[b]a.csv: csv", "好[doge][/url]", "2026-03-01 08:00+0800", "bad"):
        assert text in printed
    assert not cli.data.exists()


def test_a_dry_run_names_the_columns_that_are_not_read(cli: Cli, tmp_path: Path) -> None:
    """Whoever looks sees that a column of replies goes by an unknown name."""
    file = tmp_path / "a.csv"
    file.write_text("内容,日期,[办结]意见,电话\n支持,2026-03-01,已办,1\n")
    assert "not read: [办结]意见, 电话" in cli("ingest", file, "--dry-run")
    file.write_text("内容,日期\n支持,2026-03-01\n")
    assert "not read" not in cli("ingest", file, "--dry-run")


def test_phrases_without_a_policy_are_shown_as_they_stand(cli: Cli, tmp_path: Path) -> None:
    rows = [(f"[/url]{text}", "2026-03-01") for text in street_lights(60) + chatter(800)]
    printed = cli("policies", "suggest", table(tmp_path / "a.csv", rows))
    assert "路灯" in printed
    assert "[/url]" in printed


def test_phrases_are_found_in_a_column_that_is_named(cli: Cli, tmp_path: Path) -> None:
    rows = [(text, "2026-03-01") for text in street_lights(60) + chatter(800)]
    file = table(tmp_path / "odd.csv", rows)
    file.write_text(file.read_text().replace("text", "市民说", 1))
    assert "--map text=COLUMN" in cli.told("policies", "suggest", file)
    assert "路灯" in cli("policies", "suggest", file, "--map", "text=市民说")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A running service that owns the log and refuses the second comment of a request; yields the
    comments that it gets."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            lines = self.rfile.read(int(self.headers["content-length"])).splitlines()
            got.extend(lines)
            rejected = [{"position": 2, "reason": "too new", "place": "field x"}]
            answer = {"accepted": 0, "rejected": rejected if len(lines) > 1 else []}
            self.send_response(202)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"

    @asynccontextmanager
    async def owned(*_: Any) -> AsyncIterator[None]:
        raise LogInUse("in use", api_url=url)
        yield

    monkeypatch.setattr(ingest, "service", owned)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_a_running_service_does_not_take_is_counted_bad(
    cli: Cli, tmp_path: Path, service: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # not on the way to this machine
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    rows = [(f"加装电梯{n}", "2026-03-01") for n in range(3)]
    printed = cli(
        "ingest", table(tmp_path / "a.csv", rows), table(tmp_path / "b.csv", [("好", "2026-03-01")])
    )
    second = json.loads(service[1])["id"]
    assert f"comment {second}: too new (field x)" in printed
    assert "a.csv: 3 rows, 2 good, 1 bad" in printed
    assert "b.csv: 1 rows, 1 good, 0 bad" in printed
    assert "the service tags them now; shares move until it is done" in printed
    assert len(service) == 4


def test_rows_that_overwrite_earlier_ones_are_told(
    cli: Cli, tmp_path: Path, service: list[bytes]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,时间,内容\n1,2026-03-01,好\n1,2026-03-02,不好\n2,2026-03-02,行\n")
    assert "1 rows have the id of an earlier one and overwrite it" in cli("ingest", path)


def test_ages_that_cannot_be_placed_are_told(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("内容,日期,年龄段\n支持,2026-03-01,20-40岁\n支持,2026-03-01,60岁以上\n")
    assert "1 rows name ages that are none of 0-17, 18-29, 30-44" in cli("ingest", path)


@pytest.fixture
def cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that shows only in the middle that it cannot be read to its end."""
    monkeypatch.setattr(files, "SAMPLE_BYTES", 1_000)
    random = Random(1)
    rows = [(random.randbytes(40).hex(), "2026-03-01") for _ in range(2_000)]
    packed = gzip.compress(table(tmp_path / "cut.csv", rows).read_bytes())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    return path


def test_a_bad_file_does_not_hold_up_the_others(
    cli: Cli, tmp_path: Path, service: list[bytes], cut_off: Path
) -> None:
    undated = table(tmp_path / "undated.csv", [("好", "when?")])
    good = table(tmp_path / "good.csv", [("好", "2026-03-01")])
    result = cli.result("ingest", cut_off, undated, good)
    assert "good.csv: 1 rows, 1 good, 0 bad" in result.stdout
    assert json.loads(service[-1])["source"] == "good"
    told = str(result.exception)
    assert "cut.csv.gz: cannot be read to its end" in told
    assert "; no row of undated.csv could be read" in told


def test_what_is_good_is_indexed_before_a_bad_file_is_told(
    cli: Cli, tmp_path: Path, cut_off: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended: list[NewRecord] = []
    running = SimpleNamespace(progress=Progress())

    class Broker:
        async def append(self, records: list[NewRecord]) -> None:
            appended.extend(records)

    @asynccontextmanager
    async def started(*_: Any) -> AsyncIterator[tuple[Any, Broker]]:
        yield running, Broker()

    async def drained(*_: Any) -> None:
        running.progress.add(comments=len(appended))

    monkeypatch.setattr(ingest, "service", started)
    monkeypatch.setattr(ingest, "stream_progress", drained)
    rows = [("好", "2026-03-01"), ("好", "when?")]
    result = cli.result("ingest", cut_off, table(tmp_path / "half.csv", rows))
    assert len(appended) > 1
    assert "half.csv: 2 rows, 1 good, 1 bad" in result.stdout
    assert f"{len(appended):,} comments read" in result.stdout
    assert "0 dead on the way" in result.stdout  # beside the bad row
    assert "cut.csv.gz: cannot be read to its end" in str(result.exception)
