"""``minyi differences`` as it is read in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.differences import differences
from minyi.query import Filters
from tests.integration.test_api_differences import opinions
from tests.unit.cli_runner import Cli, over

ELEVATOR = "elevator-retrofit"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return over(tmp_path, monkeypatch, opinions())


def test_real_differences_are_listed_as_sentences(cli: Cli, tmp_path: Path) -> None:
    printed = cli("differences", ELEVATOR)
    assert "这项政策在哪里不合身" in printed
    assert "▼" in printed
    index = EmbeddedIndex(tmp_path / "index")
    for finding in differences(index, ELEVATOR, Filters()).findings:
        assert finding.sentence in printed
    index.close()


def test_groups_are_shown_on_request_but_not_the_small_ones(cli: Cli) -> None:
    assert "D市" not in cli("differences", ELEVATOR)
    lines = cli("differences", ELEVATOR, "--groups").splitlines()
    (small,) = [line for line in lines if "D市" in line]
    assert "%" not in small
    assert "不足 10 人" in small
    assert any("60 岁及以上" in line and "%" in line for line in lines)
    assert any("2026 年 1 月" in line for line in lines)


def test_json_is_what_the_api_says(cli: Cli, tmp_path: Path) -> None:
    printed = json.loads(cli("differences", ELEVATOR, "--json"))
    index = EmbeddedIndex(tmp_path / "index")
    assert printed == json.loads(differences(index, ELEVATOR, Filters()).model_dump_json())
    index.close()


def test_days_narrow_it_and_few_people_are_told_nothing_of(cli: Cli) -> None:
    assert "fewer than 10 people" in cli("differences", ELEVATOR, "--until", "2026-01-06")
    assert "2024-03-01" in cli.told("differences", ELEVATOR, "--since", "yesterday")
    assert ELEVATOR in cli.told("differences", "elevator")
