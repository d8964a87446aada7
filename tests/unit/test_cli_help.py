"""What ``--help`` shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from minyi.cli import app
from tests.unit.cli_runner import Cli


def helps(command: click.Command) -> Iterator[str]:
    yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
    for one in getattr(command, "commands", {}).values():
        yield from helps(one)


def test_defaults_and_variables_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli(tmp_path, monkeypatch)
    shown = re.sub(r"[\s│]+", " ", cli("trend", "--help"))
    assert "[env: MINYI_DATA; default: var]" in shown


def test_no_help_has_brackets_that_would_be_read_as_markup() -> None:
    found = list(helps(typer.main.get_command(app)))
    assert any("[env: " in text for text in found)
    assert not [text for text in found if re.search(r"(?<!\\)\[(?!/)[a-z]", text)]
