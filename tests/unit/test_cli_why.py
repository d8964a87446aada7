"""``minyi why`` as it is read in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from tests.unit.cli_runner import Cli
from tests.unit.test_cli_answers import ELEVATOR, WASTE, opinion
from tests.unit.test_why import opinions


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    index = EmbeddedIndex(tmp_path / "index")
    index.upsert([*opinions(), opinion("w", "垃圾分类[bold]好", WASTE)])
    index.close()
    return Cli(tmp_path, monkeypatch)


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
