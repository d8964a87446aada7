"""``minyi trend``, ``search``, ``digest`` as they are read in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.vocabulary import Stance
from tests.opinions import ELEVATOR, WASTE, opinion
from tests.unit.cli_runner import Cli, over


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Three opinions on lifts, one on waste, all in March but one on a group of odd name."""
    return over(
        tmp_path,
        monkeypatch,
        [
            opinion("a", "电梯好[doge] :+1: 见[/url]", created_at="2026-03-02T00:30:00+08:00"),
            opinion("b", "电梯[bold]太吵", stance=Stance.AGAINST, channel="[/b]热线"),
            opinion("c", "电梯", stance=Stance.NONE),
            opinion("d", "垃圾分类好", WASTE),
            opinion("e", "电梯", created_at="2026-04-01T00:00:00+08:00"),
        ],
    )


def test_what_people_wrote_is_shown_as_it_stands(cli: Cli) -> None:
    printed = cli("search", "电梯")
    for text in ("电梯好[doge] :+1: 见[/url]", "电梯[bold]太吵"):
        assert text in printed
    assert "[/b]热线" in cli("trend", ELEVATOR, "--group", "channel")


def test_days_are_those_of_shanghai_and_stances_those_of_the_page(cli: Cli) -> None:
    printed = cli("search", "好", "--policy", ELEVATOR)
    assert "2026-03-02" in printed  # 16:30 on the first of March in UTC
    assert "支持" in printed
    assert "未表态" in cli("search", "电梯", "--stance", "none")


def test_the_next_page_is_behind_the_cursor(cli: Cli) -> None:
    seen = []
    cursor: list[str] = []
    while True:
        page = json.loads(cli("search", "", "--limit", "2", "--json", *cursor))
        seen += [item["comment_id"] for item in page["items"]]
        if "cursor" not in page or page["cursor"] is None:
            break
        assert f"--cursor {page['cursor']}" in cli("search", "", "--limit", "2", *cursor)
        cursor = ["--cursor", page["cursor"]]
    assert sorted(seen) == ["a", "b", "c", "d", "e"]
    assert "--cursor" not in cli("search", "", *cursor)
    assert "cursor is not valid" in cli.told("search", "", "--cursor", "x")


def test_a_trend_says_how_much_of_all_the_talk_it_is(cli: Cli) -> None:
    printed = cli("trend", ELEVATOR)
    assert "salience" in printed
    assert "too few" in printed  # four opinions in March
    march, april = json.loads(cli("trend", ELEVATOR, "--json"))["rows"]
    assert (march["salience"]["count"], march["salience"]["n"]) == (3, 4)
    assert (april["salience"]["count"], april["salience"]["n"]) == (1, 1)
    assert "salience" not in cli("trend", ELEVATOR, "--group", "channel")


def test_without_a_policy_json_lists_them_all(cli: Cli) -> None:
    found = json.loads(cli("trend", "--json"))
    assert found["opinions"] == 5
    assert [(item["policy_id"], item["raw"]["n"]) for item in found["items"]] == [
        (ELEVATOR, 4),
        (WASTE, 1),
    ]
    assert found["items"][0]["title"] in cli("trend")


@pytest.mark.parametrize("command", [["trend"], ["search", "电梯"]])
def test_a_day_that_cannot_be_is_told_in_one_line(cli: Cli, command: list[str]) -> None:
    assert cli.told(*command, "--since", "1980-01-01").startswith("--since: the date must lie")
    assert "2024-03-01" in cli.told(*command, "--until", "yesterday")
    same = "--since", "2026-03-01", "--until", "2026-03-01"
    assert "must lie after since" in cli.told(*command, *same)


@pytest.mark.parametrize("command", [["trend"], ["trend", ELEVATOR], ["search", "x"], ["digest"]])
def test_a_mistyped_folder_is_no_empty_answer(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    told = cli.told(*command, "--data", tmp_path / "typo")
    assert "typo" in told
    assert "minyi ingest" in told
    assert not (tmp_path / "typo").exists()


def test_a_policy_of_nearly_that_name_is_offered(cli: Cli) -> None:
    assert ELEVATOR in cli.told("trend", "elevator")


def test_a_trend_names_what_it_counts_and_says_too_few(cli: Cli, tmp_path: Path) -> None:
    many = [
        opinion(f"n{n}", "电梯好用" if n < 20 else f"电梯太吵{n}", author=f"p{n % 10}",
                stance=Stance.FAVOR if n < 20 else Stance.AGAINST)
        for n in range(40)
    ]  # fmt: skip
    index = EmbeddedIndex(tmp_path / "index")
    index.upsert(many)
    index.close()
    whole = cli("trend", ELEVATOR)
    assert "too few" in whole  # April has one
    assert "not adjusted: of too many opinions no held-out rows" in " ".join(whole.split())
    assert "people who chose to speak, not the population" in " ".join(whole.split())
    for options, n, words in (
        ([], 43, "opinions"),
        (["--count", "collapsed"], 24, "opinions, near-identical texts counted once a month"),
        (["--count", "authors"], 13, "authors, one vote each a month"),
        (["--sided"], 43, "opinions for or against"),
        (["--sure"], 43, "opinions that the tagger is sure of"),
    ):
        found = json.loads(cli("trend", ELEVATOR, "--json", *options))
        assert (found["rows"][0]["raw"]["n"], found["denominator"]) == (n, words)
        assert found["smooth"][0]["favor"]["low"] <= found["smooth"][0]["favor"]["high"]
    assert "authors" in cli("trend", ELEVATOR, "--count", "authors")
    assert "ask for a policy's trend" in cli.told("trend", "--count", "authors")
