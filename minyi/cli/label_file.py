"""The file that ``minyi model label`` keeps its labels in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from minyi.cli.wiring import console
from minyi.domain import Opinion
from minyi.errors import SettingError
from minyi.outputs import output as output_bin
from minyi.text import joined
from minyi.vocabulary import Stance

PROBLEMS_SHOWN = 10


def read_labels(file: Path) -> dict[str, Stance]:
    """Read labels by opinion id; the last one of an id counts. Lines that are wrong are told and
    passed over, those without a stance are still to be filled in.

    Raises:
        SettingError: when the file cannot be read.
    """
    found: dict[str, Stance] = {}
    problems: list[str] = []
    empty = 0
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            name = row["opinion_id"]
            if not isinstance(name, str):
                raise ValueError("opinion_id must be text")
            if row["stance"] in ("", None):
                empty += 1
            else:
                found[name] = Stance(str(row["stance"]).lower())
        except KeyError as error:
            problems.append(f"line {number}: {error.args[0]} is missing")
        except TypeError:
            problems.append(f"line {number}: not a JSON object")
        except (ValueError, RecursionError) as error:
            problems.append(f"line {number}: {error}")
    for problem in problems[:PROBLEMS_SHOWN]:
        console.print(f"  {file.name}, {problem}", style="yellow", markup=False, highlight=False)
    if len(problems) > PROBLEMS_SHOWN:
        console.print(f"  … and {len(problems) - PROBLEMS_SHOWN:,} more")
    parts = [f"{file.name}: {len(found):,} labels"]
    parts += [f"{empty:,} without a stance"] if empty else []
    parts += [f"{len(problems):,} bad lines"] if problems else []
    console.print(", ".join(parts), markup=False, highlight=False)
    return found


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").split("\n")  # not at other ends: texts may hold them
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{file} cannot be read: {error}") from error


def _row(opinion: Opinion, stance: Stance | None, weight: float) -> str:
    """Return a line of a label file; ``text`` is what the tagger reads."""
    row = {
        "opinion_id": opinion.id,
        "comment_id": opinion.comment_id,
        "policy": opinion.policy_id,
        "text": joined(opinion.title, opinion.text),
        "stance": stance or "",
    }
    return json.dumps(row | _tagged(opinion, weight), ensure_ascii=False)


def _tagged(opinion: Opinion, weight: float) -> dict[str, object]:
    """Return the fields that shares are adjusted by (``minyi.cli.fresh_labels``): what the tagger
    put out, and for how many opinions this one stands."""
    return {
        "model_id": opinion.model_id,
        "output": output_bin(opinion.stance, opinion.probabilities),
        "weight": round(weight, 3),
    }


def _replace(file: Path, lines: Sequence[str]) -> None:
    """Write a file in one step, so that no crash leaves half of it."""
    file = file.resolve()  # a link stays one
    fresh = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        os.replace(fresh, file)
    except OSError as error:
        raise SettingError(f"{file} cannot be written: {error}") from error


def keep(file: Path, opinion: Opinion, stance: Stance, weight: float) -> None:
    """Put a label into the file, in the place of an earlier one of the same opinion."""

    def same(line: str) -> bool:
        try:
            return bool(json.loads(line)["opinion_id"] == opinion.id)
        except (ValueError, TypeError, KeyError):
            return False

    lines = [line for line in _lines(file) if line.strip()] if file.exists() else []
    _replace(file, [*(line for line in lines if not same(line)), _row(opinion, stance, weight)])


def write_proposals(
    file: Path,
    proposed: Sequence[Opinion],
    stances: Mapping[str, Stance],
    weights: Mapping[str, float],
) -> None:
    if file.exists():
        raise SettingError(f"{file} exists, and labels in it would be lost: name another file")
    _replace(file, [_row(o, stances.get(o.id), weights[o.id]) for o in proposed])
    print(f"{len(proposed):,} comments in {file}")
    print('fill in "stance" with favor, against or none, and hand the file in with --labels')


def renew(file: Path, opinions: Mapping[str, Opinion], weights: Mapping[str, float]) -> None:
    """Write into each line with a label what the tagger puts out now, and for how many opinions it
    stands; lines of other opinions stay as they are.

    Raises:
        SettingError: when the file cannot be read or written.
    """
    lines = [line for line in _lines(file) if line.strip()]
    fresh = [_renewed(line, opinions, weights) for line in lines]
    if fresh != lines:
        _replace(file, fresh)


def _renewed(line: str, opinions: Mapping[str, Opinion], weights: Mapping[str, float]) -> str:
    try:
        row = json.loads(line)
        if row["stance"] in ("", None):
            return line
        opinion, weight = opinions[row["opinion_id"]], weights[row["opinion_id"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return line
    return json.dumps(row | _tagged(opinion, weight), ensure_ascii=False)
