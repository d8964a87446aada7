"""Whatever is in the index, no command of the analyses breaks, and its JSON is JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexers.embedded import EmbeddedIndex
from tests.integration.strange import WORLDS
from tests.unit.cli_runner import Cli

POLICY = "elevator-retrofit"
COMMANDS = (
    ("trend",),
    ("trend", POLICY, "--group", "region", "--sided"),
    ("trend", POLICY, "--count", "authors", "--interval", "day"),
    ("changes", POLICY),
    ("changes", POLICY, "--around", "2026-02-20"),
    ("differences", POLICY, "--groups"),
    ("campaigns", POLICY),
    ("why", POLICY),
    ("responsiveness",),
    ("responsiveness", POLICY, "--by", "source"),
    ("representativeness", POLICY),
    ("representativeness", POLICY, "--count", "authors"),
    ("differences", POLICY, "--since", "2036-02-01", "--until", "2036-03-01"),
)


@pytest.mark.parametrize("world", ["empty", "strange"])
def test_every_analysis_can_be_read(
    world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = EmbeddedIndex(tmp_path / "index")
    index.upsert(WORLDS[world])
    index.close()
    cli = Cli(tmp_path, monkeypatch)
    for command in COMMANDS:
        assert cli(*command).strip()
        if command[-1] != "--groups":
            json.loads(cli(*command, "--json"), parse_constant=pytest.fail)


def test_a_time_in_which_nothing_can_lie_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(tmp_path, monkeypatch)
    told = cli.told("differences", POLICY, "--since", "2026-03-01", "--until", "2026-02-01")
    assert "must lie after since" in told
    assert "2026-03-01T00:00:00+08:00" in told  # as it was asked for, not in UTC
