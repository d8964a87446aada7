"""``minyi demo`` as a new user runs it, against the truth of the bundled stream."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexers.embedded import EmbeddedIndex
from minyi.domain import Opinion
from minyi.query import Filters
from minyi.settings import ROOT
from minyi.vocabulary import Polarity, Stance
from tests.e2e.conftest import Demo, command, digest, environment, free_port, minyi, worked

TRUTH = ROOT / "data" / "stream" / "truth.jsonl"
# The shipped tagger has 0.66 and 0.49; a stance always called favor would have 0.23.
STANCE_FLOOR = 0.61
EVALUATION_FLOOR = 0.44
Pair = tuple[str, str]
"""A comment and a policy, by their ids."""


@pytest.fixture(scope="module")
def opinions(demo: Demo) -> dict[Pair, Opinion]:
    """What the service says of the stream, by comment and policy."""
    index = EmbeddedIndex(demo.data / "index")
    found: dict[Pair, Opinion] = {}
    cursor = None
    while True:
        page = index.search("", Filters(), 200, cursor)
        found |= {(o.comment_id, o.policy_id): o for o in page.items}
        cursor = page.cursor
        if cursor is None:
            index.close()
            return found


@pytest.fixture(scope="module")
def truth() -> dict[Pair, dict[str, Any]]:
    rows = map(json.loads, TRUTH.read_text().splitlines())
    return {(row["id"], label["policy"]): label for row in rows for label in row["labels"]}


def test_the_demo_prints_policies_shares_and_where_to_look(demo: Demo) -> None:
    printed = demo.printed
    assert "生活垃圾分类" in printed
    assert "支持" in printed
    assert "/docs" in printed
    assert "minyi trend" in printed


def test_the_links_are_those_that_we_wrote(
    opinions: dict[Pair, Opinion], truth: dict[Pair, dict[str, Any]]
) -> None:
    hits = len(opinions.keys() & truth.keys())
    precision, recall = hits / len(opinions), hits / len(truth)
    assert 2 * precision * recall / (precision + recall) > 0.85


def f1(said: set[Any], true: set[Any]) -> float:
    """Return the harmonic mean of precision and recall."""
    return 2 * len(said & true) / (len(said) + len(true))


def test_the_stances_are_those_that_we_wrote(
    opinions: dict[Pair, Opinion], truth: dict[Pair, dict[str, Any]]
) -> None:
    """Macro-F1 over the three stances, on the pairs that are linked rightly."""
    linked = opinions.keys() & truth.keys()
    scores = {
        stance.value: f1(
            {pair for pair in linked if opinions[pair].stance is stance},
            {pair for pair in linked if truth[pair]["stance"] == stance.value},
        )
        for stance in Stance
    }
    print(f"stance on {len(linked)} pairs: {scores}")
    assert sum(scores.values()) / len(scores) > STANCE_FLOOR, scores


def test_the_evaluations_are_those_that_we_wrote(
    opinions: dict[Pair, Opinion], truth: dict[Pair, dict[str, Any]]
) -> None:
    """Micro-F1 over the twelve cells, on the pairs that are linked rightly."""
    linked = opinions.keys() & truth.keys()
    signs = {Polarity.PRAISE: "+", Polarity.CRITICISM: "-"}
    said = {
        (pair, f"{found.aspect.value}{signs[found.polarity]}")
        for pair in linked
        for found in opinions[pair].evaluations
    }
    score = f1(said, {(pair, cell) for pair in linked for cell in truth[pair]["evaluations"]})
    print(f"evaluations on {len(linked)} pairs: {score:.3f}")
    assert score > EVALUATION_FLOOR


def test_a_campaign_is_one_text_when_collapsed(demo: Demo) -> None:
    done = minyi("trend", "elevator-retrofit", "--interval", "day", "--json", "--data", demo.data)
    rows = json.loads(done.stdout)["rows"]
    assert any(row["repeats"] > 0 for row in rows)


def test_a_second_run_shows_the_same_at_once(demo: Demo) -> None:
    shown, before = digest(demo.data), worked()
    done = minyi("demo", "--once", "--port", str(free_port()), "--data", demo.data)
    took = worked() - before
    print(f"the runs took {demo.worked:.1f} s and {took:.1f} s of a processor")
    assert "生活垃圾分类" in done.stdout
    assert took < demo.worked / 3  # nothing is tagged again
    assert digest(demo.data) == shown


def test_the_demo_serves_until_it_is_told_to_stop(demo: Demo) -> None:
    data = demo.data
    port = free_port()
    process = subprocess.Popen(
        command("demo", "--port", str(port), "--data", data),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "serving" in line:
                break
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert client.get("/health").json()["opinions"] > 2000
            assert 'lang="zh-CN"' in client.get("/").text
            first = client.get("/v1/policies").json()["items"][0]
            trend = client.get(f"/v1/policies/{first['policy']['id']}/trend").json()
            assert len(trend["rows"]) > 10
            comment = {
                "id": "posted-1",
                "source": "test",
                "created_at": "2026-09-02T08:00:00+08:00",
                "text": "支持尾号限行，早高峰快了不少。",
            }
            assert client.post("/v1/comments", json=comment).status_code == 202
            ingested = minyi("ingest", ROOT / "tests/e2e/one.csv", "--data", data)
            assert "1 good" in ingested.stdout
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = minyi("demo", "--port", str(port), "--data", tmp_path, check=False)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "PORT=" in done.stderr
    assert "Traceback" not in done.stderr
