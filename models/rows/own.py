"""A user's own labelled comments, line by line."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minyi.errors import SettingError
from minyi.policy import Policy
from minyi.text import duplicate_key, fold
from minyi.vocabulary import Stance
from models.inputs import CELLS, policy_context, policy_names
from models.rows.examples import (
    CELL_INDEX,
    STANCE_INDEX,
    UNKNOWN,
    Example,
    cells_of,
    held_out,
    known_policies,
    policies,
)

log = logging.getLogger("models.rows.own")
SPLITS = ("train", "val", "test")
NAMED = 5
"""Policies that a summary names."""


def read_labelled(path: Path, split: str) -> list[Example]:
    """Read a user's own labelled comments: JSON Lines with ``text``, ``policy``, ``stance``.

    ``policy`` is an id or a title of ``known_policies``, or any other title. ``evaluation`` (a
    list like ``["cost-", "service+"]``) and ``split`` (train, val or test) are optional; without a
    split a tenth is held out for validation, by text: copies with other punctuation stay together.
    Proposals of ``minyi model label`` whose stance is not filled in are passed over.

    Raises:
        SettingError: with file and line of what is wrong.
    """
    return [row.example for row in _rows(path) if row is not None and row.split == split]


def summary(path: Path) -> str:
    """Return in a line what a file holds: how many comments of each split, and the policies that
    are in no registry. An id that is misspelt is one of these.

    Raises:
        SettingError: with file and line of what is wrong.
    """
    every = _rows(path)
    rows = [row for row in every if row is not None]
    count = Counter(row.split for row in rows)
    told = (
        f"{path.name}: {len(rows):,} labelled comments, {count['train']:,} to train, "
        f"{count['val']:,} to validate, {count['test']:,} to test"
    )
    if empty := len(every) - len(rows):
        told += f"; {empty:,} without a stance passed over"
    if titles := list(dict.fromkeys(row.title for row in rows if row.title)):
        more = f" and {len(titles) - NAMED:,} more" if len(titles) > NAMED else ""
        named = ", ".join(titles[:NAMED])
        told += f"; in no registry, known by their names alone: {named}{more}"
    return told


def registry_hash(path: Path) -> str | None:
    """Return a hash of what a file's rows read of policies that are served and that the project's
    registry does not have so; None where there are none, and the project's files tell it all.

    Raises:
        SettingError: with file and line of what is wrong.
    """
    read = {
        (row.example.context, row.example.names)
        for row in _rows(path)
        if row is not None and not row.title
    }
    read -= {(policy_context(policy), policy_names(policy)) for policy in policies().values()}
    return hashlib.sha256(json.dumps(sorted(read)).encode()).hexdigest() if read else None


@dataclass(frozen=True, slots=True)
class _Row:
    """A labelled comment; ``title`` is what its policy is called where that is in no registry."""

    split: str
    example: Example
    title: str = ""


def _rows(path: Path) -> Collection[_Row | None]:
    """Return the rows of a file, None for a proposal without a stance. The last label of an opinion
    counts, as it does where shares are adjusted: files that are joined may hold it twice.

    Raises:
        SettingError: with file and line of what is wrong.
    """
    policy_of = _policy_of()
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # a text may hold other line separators
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: {error}") from error
    found: dict[str | int, _Row | None] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
            row = _labelled(read, policy_of)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"{path}, line {number}: {error}") from error
        name = str(read.get("opinion_id") or "") or number
        found[name] = row or found.get(name)
    return found.values()


def rows_to_score(path: Path, split: str, save: bool = False) -> list[Example]:
    """Return a user's own rows of a split. A file without validation rows is taken as a whole,
    with a warning.

    Args:
        path: the file.
        split: val or test.
        save: whether the scores are to be kept; those of a whole file never are.

    Raises:
        SettingError: when it cannot be read, or has no such rows.
    """
    if rows := read_labelled(path, split):
        return rows
    if split == "test":
        raise SettingError(
            f'{path} has no test rows: give some "split": "test", or choose --split val'
        )
    rows = read_labelled(path, "train")
    if not rows:
        raise SettingError(f"{path} holds no rows to score")
    told = f"{path.name} has no validation rows"
    if save:
        raise SettingError(f'--save: {told}; give some "split": "val", and train without them')
    log.warning("%s: a tagger that was trained on these looks too good", told)
    return rows


def _labelled(row: Any, policy_of: Callable[[str], Policy | None]) -> _Row | None:
    """Return a line of the file, None for a proposal without a stance.

    Raises:
        ValueError: saying what is wrong.
    """
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    if "opinion_id" in row and row.get("stance") in ("", None):
        return None
    missing = [name for name in ("text", "policy", "stance") if not row.get(name)]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing; needed are text, policy and stance")
    wrong = [name for name in ("text", "policy", "stance") if not isinstance(row[name], str)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} must be text")
    row["text"].encode(), row["policy"].encode()  # half of a surrogate pair is refused here
    stance = row["stance"].lower()
    if stance not in list(Stance):
        raise ValueError(f"no such stance: {row['stance']}; known: {', '.join(Stance)}")
    cells = row.get("evaluation")
    if not isinstance(cells, list | None):
        raise ValueError('evaluation must be a list like ["cost-", "service+"]')
    wrong = [str(name) for name in cells or () if name not in list(CELL_INDEX)]
    if wrong:
        raise ValueError(f"no such evaluation: {', '.join(wrong)}; known: {', '.join(CELL_INDEX)}")
    split = row.get("split") or ("val" if held_out(duplicate_key(row["text"]), 0.1) else "train")
    if split not in SPLITS:
        raise ValueError(f"no such split: {split}; known: {', '.join(SPLITS)}")
    policy = policy_of(row["policy"])
    context = policy_context(policy) if policy else fold(row["policy"])
    names = policy_names(policy) if policy else (context,)
    # Not judged is unknown, not nothing.
    marks = cells_of(cells) if cells is not None else (UNKNOWN,) * len(CELLS)
    example = Example(context, row["text"], STANCE_INDEX[Stance(stance)], marks, names)
    return _Row(split, example, "" if policy else row["policy"])


def _policy_of() -> Callable[[str], Policy | None]:
    """Return what finds the policy that is called so, if there is one: by its id, else by its
    title."""
    known = known_policies()
    titled = {fold(policy.title): policy for policy in reversed(known.values())}
    return lambda name: known.get(name) or titled.get(fold(name))
