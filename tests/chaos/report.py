"""The results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table
from rich.text import Text

from tests.chaos.trial import Options, Result


def verdict(result: Result) -> str:
    """Return what came of a scenario in a few words."""
    if result.skipped:
        return f"skipped: {result.skipped}"
    return "nothing lost" if result.good else "FAILED: " + "; ".join(result.verdict.problems)


def table(results: Sequence[Result]) -> Table:
    """Return a row a scenario."""
    shown = Table()
    for name in ("scenario", "what was done", "s", "restarts", "opinions", "dead", "repeated"):
        shown.add_column(name, justify="left" if name in ("scenario", "what was done") else "right")
    shown.add_column("verdict")
    for result in results:
        found = result.verdict
        figures = [f"{value:g} {name}" for name, value in result.measured.items()]
        done = "; ".join(result.disturbances + figures)
        numbers = [result.restarts, found.opinions, found.letters, found.repeated]
        cells = [result.name, done, f"{result.seconds:.0f}", *(f"{n:,}" for n in numbers)]
        style = "yellow" if result.skipped else "green" if result.good else "bold red"
        shown.add_row(*map(Text, cells), Text(verdict(result), style))
    return shown


def write_json(path: Path, options: Options, results: Sequence[Result]) -> None:
    """Write everything to a file."""
    rows = [asdict(result) | {"good": result.good} for result in results]
    text = json.dumps({"options": asdict(options), "results": rows}, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n")
