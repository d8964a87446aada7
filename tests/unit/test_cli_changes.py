"""``minyi changes`` as it is read in a terminal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from minyi.domain import SHANGHAI
from minyi.vocabulary import Stance
from tests.opinions import opinion
from tests.unit.cli_runner import Cli, over

POLICY = "ebike-standard"
FIRST = datetime(2025, 4, 7, 12, tzinfo=SHANGHAI)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Ten opinions a day for eighty days, three of ten favorable and from day 50 on nine."""
    return over(
        tmp_path,
        monkeypatch,
        [
            opinion(
                f"{day}-{number}",
                f"第{day}天的第{number}条，说说新国标",
                POLICY,
                created_at=FIRST + timedelta(days=day),
                stance=Stance.FAVOR
                if number < (9 if day >= 50 else 2 + day % 3)
                else Stance.AGAINST,
            )
            for day in range(81)
            for number in range(10)
        ],
    )


def test_changes_and_events_are_listed(cli: Cli) -> None:
    printed = cli("changes", POLICY)
    assert "support 支持" in printed
    assert "2025-05-27" in printed
    assert "3,650 days" in printed
    assert "GB 17761—2024" in printed
    found = json.loads(cli("changes", POLICY, "--json", "--arl", "500"))
    assert found["arl"] == 500
    assert {item["contrast"]["series"]["measure"] for item in found["items"]} == {
        "favor",
        "against",
    }


def test_a_day_is_compared(cli: Cli) -> None:
    printed = cli("changes", POLICY, "--around", "2025-05-27", "--days", "14")
    assert "not a cause" in printed
    assert "90%" in printed
    assert "points" in printed
    assert "too few to compare" in cli("changes", POLICY, "--around", "2020-05-27")


def test_little_data_is_said_to_be_little(cli: Cli) -> None:
    assert "too few days" in cli("changes", POLICY, "--until", "2025-04-20")
    assert "too few days" in cli("changes", "delayed-retirement")


def test_a_day_that_cannot_be_is_told(cli: Cli) -> None:
    assert "2024-03-01" in cli.told("changes", POLICY, "--around", "may")
    assert "--around: the date must lie between" in cli.told(
        "changes", POLICY, "--around", "2150-01-01"
    )
