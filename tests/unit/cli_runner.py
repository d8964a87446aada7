"""The command line without a process of its own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from indexers.embedded import EmbeddedIndex
from minyi.cli import app, wiring
from minyi.domain import Opinion
from minyi.errors import MinyiError


class Cli:
    """Runs commands on a folder of data."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data = data
        self._screen = StringIO()
        for console in (wiring.output, wiring.console):
            monkeypatch.setattr(console, "file", self._screen)
            monkeypatch.setattr(console, "width", 200)
        monkeypatch.setenv("MINYI_DATA", str(data))

    def __call__(self, *arguments: str | Path) -> str:
        """Return what a command prints."""
        result = self.result(*arguments)
        if result.exception is not None:
            raise result.exception
        return self._screen.getvalue() + result.stdout

    def told(self, *arguments: str | Path) -> str:
        """Return the one line of a command that cannot do what it should."""
        error = self.result(*arguments).exception
        assert isinstance(error, MinyiError), repr(error)
        return str(error)

    def result(self, *arguments: str | Path) -> Result:
        """Return how a command ends."""
        self._screen.seek(0)
        self._screen.truncate()
        return CliRunner().invoke(app, [str(part) for part in arguments])


def keep(folder: Path, opinions: Iterable[Opinion]) -> None:
    """Put opinions into the index of a folder of data."""
    with closing(EmbeddedIndex(folder / "index")) as index:
        index.upsert(list(opinions))


def over(folder: Path, monkeypatch: pytest.MonkeyPatch, opinions: Iterable[Opinion]) -> Cli:
    """Return the command line over an index of these opinions."""
    keep(folder, opinions)
    return Cli(folder, monkeypatch)
