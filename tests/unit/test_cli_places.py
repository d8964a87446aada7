"""``--data`` beside variables that name the broker and the index."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
import typer

from minyi.cli import app, service
from minyi.cli.service import BUNDLE
from minyi.settings import Settings, embedded_path
from tests.unit.cli_runner import Cli

BROKER = ("MINYI_BROKER", "kafka://broker.example:9092")
INDEX = ("MINYI_INDEX", "http://index.example:9200")
OF_BROKER = """
record FILE
dead-letters list
dead-letters show 0
dead-letters retry 0
dead-letters drop 0
"""
OF_INDEX = """
trend elevator-retrofit
search 早高峰
digest
changes elevator-retrofit
differences elevator-retrofit
representativeness elevator-retrofit
responsiveness
campaigns elevator-retrofit
why elevator-retrofit
export
model label --policy elevator-retrofit
worker
api
"""
OF_BOTH = """
ingest FILE
replay FILE
index forget c1
setup
serve
"""
USED = {
    line: used
    for lines, used in ((OF_BROKER, [BROKER]), (OF_INDEX, [INDEX]), (OF_BOTH, [BROKER, INDEX]))
    for line in lines.strip().splitlines()
}
"""Commands, and what of the folder they use; a worker and an API are over Kafka anyway."""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path / "var", monkeypatch)


def told_the_folder(command: click.Command, name: str = "") -> Iterator[str]:
    """Yield the commands that have an option for the folder of log and index."""
    for parameter in command.params:
        if "Folder of the log" in (getattr(parameter, "help", None) or ""):
            yield name.strip()
    for one in getattr(command, "commands", {}).values():
        yield from told_the_folder(one, f"{name} {one.name}")


def test_all_commands_are_here() -> None:
    names = set(told_the_folder(typer.main.get_command(app))) - {"demo"}  # in a folder of its own
    assert names == {next(name for name in names if line.startswith(name)) for line in USED}


@pytest.mark.parametrize("line", USED)
def test_a_folder_beside_a_variable_that_names_another_place_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    for name, url in (BROKER, INDEX):
        monkeypatch.setenv(name, url)
    words = [str(_file(tmp_path, line)) if word == "FILE" else word for word in line.split()]
    told = cli.told(*words, "--data", tmp_path / "mine")
    names = [name for name, _ in USED[line]]
    assert told.startswith(f"{', '.join(names)}: another place than --data {tmp_path / 'mine'}")
    assert f"{'= '.join(names)}= before the command" in told
    assert not (tmp_path / "mine").exists()


def _file(folder: Path, line: str) -> Path:
    """Return a file that the command would read."""
    if line.startswith("replay"):
        (folder / "r.jsonl").write_text('{"format": "minyi-recording/1", "topics": {}}\n')
        return folder / "r.jsonl"
    return folder / "new.jsonl" if line.startswith("record") else BUNDLE


def test_a_variable_that_a_command_does_not_use_contradicts_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("setup", "--data", tmp_path / "mine")
    monkeypatch.setenv(*INDEX)
    assert "records in" in cli("record", tmp_path / "r.jsonl", "--data", tmp_path / "mine")
    monkeypatch.delenv("MINYI_INDEX")
    monkeypatch.setenv(*BROKER)
    told = cli.told("trend", "elevator-retrofit", "--data", tmp_path / "mine")
    assert f"{tmp_path}/mine/index holds no opinions" in told


@pytest.mark.parametrize("place", ["environment", "file"])
def test_variables_that_name_places_in_the_folder_contradict_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "linked").symlink_to(tmp_path / "mine")
    named = {
        "MINYI_BROKER": f"embedded://{tmp_path}/mine/log",
        "MINYI_INDEX": f"embedded://{tmp_path}/linked/opinions",
    }
    if place == "environment":
        for name, url in named.items():
            monkeypatch.setenv(name, url)
    else:
        (tmp_path / ".env").write_text("".join(f"{name}={url}\n" for name, url in named.items()))
    cli("setup", "--data", "mine")
    assert (tmp_path / "mine" / "log").is_dir()
    assert "linked/opinions holds no opinions" in cli.told("digest", "--data", "mine")
    assert "MINYI_INDEX: another place" in cli.told("digest", "--data", "min")


def test_an_empty_variable_unsets_what_is_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("\n".join(f"{name}={url}" for name, url in (BROKER, INDEX)))
    assert "another place" in cli.told("setup", "--data", "mine")
    for name, _ in (BROKER, INDEX):
        monkeypatch.setenv(name, "")
    assert "topics created: comments" in cli("setup", "--data", "mine")


def test_without_an_option_the_variables_name_the_places(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINYI_BROKER", f"embedded://{tmp_path}/named")
    cli("setup")
    assert (tmp_path / "named").is_dir()
    assert not (cli.data / "log").exists()


def commands_shown(printed: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield the variables and the words of the commands that a service shows."""
    for line in printed.splitlines():
        title, *words = shlex.split(line) or [""]
        if title in ("trend", "search"):
            at = words.index("minyi")
            named = (word.partition("=") for word in words[:at])
            yield {name: value for name, _, value in named}, words[at + 1 :]


@pytest.mark.parametrize("command", ["demo", "serve", "serve --data shown"])
def test_the_commands_that_a_service_shows_find_its_opinions(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    async def nothing(*_: Any) -> None:
        pass

    async def started(config: Settings, *_: Any, **__: Any) -> None:
        folders.append(str(embedded_path(config.index_url)))
        steps = SimpleNamespace(index=SimpleNamespace(refresh=lambda: None, totals=lambda _: {}))
        running: Any = SimpleNamespace(steps=steps, progress=SimpleNamespace(dead=0))
        await service._first_trend(config, running, "http://127.0.0.1:8600")

    folders: list[str] = []
    monkeypatch.setattr(service, "stream_progress", nothing)
    monkeypatch.setattr(service, "_run", started)
    if command != "serve --data shown":
        monkeypatch.setenv("MINYI_INDEX", f"embedded://{tmp_path}/named")
    shown = list(commands_shown(cli(*command.split())))
    assert len(shown) == 2
    for variables, words in shown:
        with monkeypatch.context() as typed:
            for name, value in variables.items():
                typed.setenv(name, value)
            assert f"{folders[0]} holds no opinions" in cli.told(*words)
