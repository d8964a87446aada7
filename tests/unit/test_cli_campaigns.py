"""``minyi campaigns`` as it is read in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minyi.vocabulary import Stance
from tests.opinions import ELEVATOR, opinion
from tests.unit.cli_runner import Cli, over
from tests.unit.test_collapsing import CALL, OWN


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    opinions = [opinion(f"own{n}", text) for n, text in enumerate(OWN)]
    copies = (f"[bold]{CALL}" if n else CALL for n in range(20))
    opinions += [
        opinion(f"copy{n:02}", text, stance=Stance.AGAINST, region="[/b]区")
        for n, text in enumerate(copies)
    ]
    return over(tmp_path, monkeypatch, opinions)


def test_a_flip_is_told_beside_both_shares(cli: Cli) -> None:
    printed = cli("campaigns", ELEVATOR)
    assert "campaigns counted once" in printed
    assert (
        "more are on the side 反对 when every opinion counts, 支持 when campaigns do once"
        in printed
    )
    assert "[bold]" in printed  # as people wrote it, no markup
    assert "[/b]区 20" in printed


def test_members_are_behind_the_id_and_pages_behind_the_cursor(cli: Cli) -> None:
    found = json.loads(cli("campaigns", ELEVATOR, "--json"))
    (one,) = found["items"]
    assert (one["opinions"], found["figures"]["in_campaigns"]) == (20, 20)
    page = json.loads(cli("campaigns", ELEVATOR, one["id"], "--limit", "3", "--json"))
    assert len(page["items"]) == 3
    assert f"--cursor {page['cursor']}" in cli("campaigns", ELEVATOR, one["id"], "--limit", "3")
    assert cli("campaigns", ELEVATOR, one["id"]).count("反对") >= 20


def test_mistakes_are_told_in_one_line(cli: Cli) -> None:
    assert f"minyi campaigns {ELEVATOR} lists them" in cli.told("campaigns", ELEVATOR, "x")
    assert ELEVATOR in cli.told("campaigns", "elevator")
    assert "no campaign" not in cli("campaigns", ELEVATOR, "--region", "没有这里")
