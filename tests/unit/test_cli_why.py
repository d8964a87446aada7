"""``minyi why`` as it is read in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.opinions import ELEVATOR, WASTE, opinion
from tests.unit.cli_runner import Cli, over
from tests.unit.test_why import opinions


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return over(tmp_path, monkeypatch, [*opinions(), opinion("w", "垃圾分类[bold]好", WASTE)])


def test_sides_stand_with_their_words_and_quotes(cli: Cli) -> None:
    printed = cli("why", ELEVATOR)
    for words in ("支持", "反对", "批评 负担", "噪音", "下楼"):
        assert words in printed
    assert "fewer than 10 texts" in cli("why", WASTE)
    assert "[bold]" in cli("why", WASTE)


def test_json_is_what_the_api_answers(cli: Cli) -> None:
    found = json.loads(cli("why", ELEVATOR, "--json"))
    assert found["policy_id"] == ELEVATOR
    assert found["sides"][0]["stance"] == "favor"
