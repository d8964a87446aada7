"""What the pages name is there: settings, commands and their options, files, modules, targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from minyi.cli import app
from minyi.settings import OTHER_VARIABLES, ROOT, known_variables
from streams.intake.columns import NAMES

PAGES = [
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("data/**/README.md")),
    ROOT / "artifacts" / "tagger" / "README.md",
]
SET = [*PAGES, *(ROOT / name for name in ("docker-compose.yml", "Dockerfile", ".env.example"))]
GUIDE = (ROOT / "docs" / "guide.md").read_text("utf-8")
CARD = (ROOT / "docs" / "model-card.md").read_text("utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def variables(text: str) -> Iterator[str]:
    """Yield the settings that a text names; after one of a group ``__NAME`` stands for another."""
    group = ""
    for found in re.finditer(r"MINYI_[A-Z][A-Z0-9_]*…?|(?<=`)__[A-Z][A-Z0-9_]*(?=`)", text):
        name = found[0]
        if name.startswith("MINYI_"):
            group = name.partition("__")[0]
            if not name.endswith("…"):
                yield name
        else:
            yield group + name


def uses(text: str) -> Iterator[tuple[Any, list[str], list[str]]]:
    """Yield the commands that a text names: the command, its path, the words behind it."""
    text = re.sub(r"(docker run .*) minyi(?= minyi )", r"\1", text)  # the image
    for found in re.finditer(r"(?<![\w/.-])minyi ([a-z][^`#(\n]*)", text):
        words = re.sub(r"[\[\],]|\\(?=\|)", " ", found[1]).replace(" |", "|").split()
        command: Any = get_command(app)
        path: list[str] = []
        while words and hasattr(command, "commands"):
            names = words.pop(0).split("|")
            if names == ["…"]:
                break
            assert set(names) <= set(command.commands), f"minyi {' '.join([*path, *names])}"
            path.append(names[-1])
            command = command.commands[names[-1]]
        yield command, path, words


@pytest.mark.parametrize("path", SET, ids=name_of)
def test_every_setting_that_is_named_is_known(path: Path) -> None:
    named = set(variables(path.read_text("utf-8")))
    assert {n for n in named if not n.startswith(OTHER_VARIABLES)} <= known_variables()


def test_every_setting_stands_in_the_guide() -> None:
    groups = {name.partition("__")[0] for name in known_variables() if "__" in name}
    assert known_variables() - groups <= set(variables(GUIDE))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_command_and_option_that_is_named_is_there(path: Path) -> None:
    for command, names, words in uses(path.read_text("utf-8")):
        there = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        asked = {re.split(r"[^a-z-]", word)[0] for word in words if word.startswith("--")}
        assert asked <= there, f"minyi {' '.join(names)}"


def test_every_command_stands_in_the_guide() -> None:
    commands: Any = get_command(app)
    named = {path[0] for _, path, _ in uses(GUIDE) if path}
    assert set(commands.commands) <= named


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_link_module_and_target_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (path.parent / link).exists(), link
    for module in re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)*)", text):
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), module
    for test in re.findall(r"\btests/[\w/]+\.py", text):
        assert (ROOT / test).is_file(), test
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)


def test_every_column_that_is_recognised_is_told() -> None:
    told = (ROOT / "docs" / "data-contract.md").read_text("utf-8")
    for field, names in NAMES.items():
        rows = re.findall(rf"^\| `{re.escape(field)}` \| ([^|]*) \|$", told, re.MULTILINE)
        assert len(rows) == 1, field
        assert rows[0].split(", ") == list(names), field


def test_the_card_is_of_the_tagger_that_ships() -> None:
    manifest = json.loads((ROOT / "artifacts" / "tagger" / "manifest.json").read_text("utf-8"))
    assert f"| model id | `{manifest['model_id']}` |" in CARD
    scores = manifest["scores"]["test"]
    rows = re.findall(r"^\| (\D.*?) \| ([\d.]+) \| ([\d.]*) \| ([\d,]+) \|$", CARD, re.MULTILINE)
    told = {name: (model, svm, rows) for name, model, svm, rows in rows if name in scores}
    assert len(told) >= 30
    for name, (model, svm, count) in told.items():
        kept = scores[name]
        assert float(model) == pytest.approx(kept["model"], abs=0.00051), name
        assert (float(svm) if svm else None) == pytest.approx(kept.get("svm"), abs=0.00051), name
        assert int(count.replace(",", "")) == kept["rows"], name
