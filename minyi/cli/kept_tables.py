"""Keeps how each model's output came out on held-out rows, under ``MINYI_DATA``.

A new artifact knows only its own table, and the index goes on holding opinions of the models before
it. So whoever tags or adjusts writes down the table of its artifact, and adjusts by all it has.
"""

from __future__ import annotations

import logging
from pathlib import Path

from minyi.shares.held_out import HeldOut

log = logging.getLogger(__name__)
FOLDER = "held-out"


def keep(table: HeldOut, data: Path) -> None:
    """Write a model's table down, in one step; one that is as it was is left alone.

    Where nothing can be written the service goes on, and what will be lacking is logged.
    """
    file = data / FOLDER / f"{table.model_id}.json"
    text = table.model_dump_json(exclude_defaults=True) + "\n"
    try:
        if file.is_file() and file.read_text("utf-8") == text:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
    except (OSError, UnicodeDecodeError) as error:
        log.warning(
            "the held-out rows of model %s could not be kept: %s; once another model replaces it, "
            "its opinions cannot be adjusted. Make %s writable and start again",
            table.model_id,
            error,
            data,
        )


def kept(data: Path) -> dict[str, HeldOut]:
    """Return the kept tables by model id; one that cannot be read is told and left out."""
    found = {}
    for file in sorted((data / FOLDER).glob("*.json")):
        try:
            table = HeldOut.model_validate_json(file.read_bytes())
        except (OSError, ValueError) as error:
            log.warning("opinions are not adjusted by %s, which cannot be read: %s", file, error)
            continue
        found[table.model_id] = table
    return found
