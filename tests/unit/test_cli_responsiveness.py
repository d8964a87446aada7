"""``minyi responsiveness`` as it is read in a terminal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from minyi.domain import SHANGHAI
from minyi.vocabulary import Stance
from tests.opinions import ELEVATOR, WASTE, opinion
from tests.unit.cli_runner import Cli, over

FIRST = datetime(2025, 4, 7, 12, tzinfo=SHANGHAI)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Sixty on lifts, of which every other is answered after four days and a bit, five on waste."""
    return over(
        tmp_path,
        monkeypatch,
        [
            opinion(
                f"{day}",
                f"第{day}天说说电梯",
                ELEVATOR if day < 60 else WASTE,
                created_at=FIRST + timedelta(days=day),
                region="甲市" if day % 3 else "乙[/]市",
                stance=Stance.FAVOR if day % 2 else Stance.AGAINST,
                reply={"text": "好", "at": FIRST + timedelta(days=day + 4, hours=1)}
                if day % 2
                else None,
            )
            for day in range(65)
        ],
    )


def test_departments_and_what_is_too_little(cli: Cli) -> None:
    printed = cli("responsiveness")
    assert "住房城乡建设部" in printed
    assert "within 30 days" in printed
    assert "too few" in cli("responsiveness", "--by", "policy")


def test_a_policy_by_region(cli: Cli) -> None:
    printed = cli("responsiveness", ELEVATOR, "--late-after", "10")
    assert "乙[/]市" in printed
    assert "unanswered" in printed
    assert "written before its answer" in printed
    found = json.loads(cli("responsiveness", ELEVATOR, "--json"))
    assert found["all"]["answered"]["value"] == 0.5
    assert {row["value"] for row in found["rows"]} == {"甲市", "乙[/]市"}
    assert found["contrasts"][1]["rows"][0]["gap"]["value"] == -1


def test_by_source(cli: Cli) -> None:
    found = json.loads(cli("responsiveness", "--by", "source", "--json"))
    assert [row["value"] for row in found["rows"]] == ["test"]
