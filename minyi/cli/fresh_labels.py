"""Reads the labels by which the shares of their policies are adjusted (``MINYI_LABELS``)."""

from __future__ import annotations

import json
import logging
import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from minyi.errors import SettingError
from minyi.outputs import OUTPUTS
from minyi.shares.labels import Label, Labels
from minyi.vocabulary import Stance

log = logging.getLogger(__name__)

MAX_LABELS = 100_000
"""More in one place are no labels by hand."""


def fresh_labels(path: Path) -> dict[str, Labels]:
    """Return the labels of each policy.

    Lines of ``minyi model label`` that have a stance count, the last one of an opinion; those that
    do not say what the tagger put out (``model_id``, ``output``, ``weight``) are passed over.

    Args:
        path: a file, or a folder whose ``*.jsonl`` are read.

    Raises:
        SettingError: when it cannot be read, or holds what is no label; says where.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    found: dict[str, dict[str, Label]] = defaultdict(dict)
    bare = count = 0
    for file in files:
        try:
            lines = file.read_text("utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"MINYI_LABELS: {file} cannot be read: {error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            count += 1
            if count > MAX_LABELS:
                raise SettingError(f"MINYI_LABELS: {path} holds more than {MAX_LABELS:,} labels")
            try:
                row = json.loads(line)
                if row["stance"] in ("", None):
                    continue
                if "output" not in row:
                    bare += 1
                    continue
                found[str(row["policy"])][str(row["opinion_id"])] = _label(row)
            except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
                what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else error
                raise SettingError(f"MINYI_LABELS: {file}, line {number}: {what}") from error
    if bare:
        log.warning(
            "%d labels in %s do not say what the tagger put out and are passed over; minyi model "
            "label writes it since 0.1.0",
            bare,
            path,
        )
    return {policy: Labels(tuple(labels.values())) for policy, labels in found.items()}


def tell(labels: Mapping[str, Labels], model_ids: Collection[str]) -> None:
    """Log how many labels adjust the shares of each policy, and how many are of unknown models."""
    for policy, found in labels.items():
        count = sum(label.model_id in model_ids for label in found.items)
        log.info("%d labels adjust the shares of %s (MINYI_LABELS)", count, policy)
        if others := len(found.items) - count:
            log.warning(
                "%d labels of %s are of another model and adjust nothing; replay the comments with "
                "this one, then minyi model label --policy %s takes them along",
                others,
                policy,
                policy,
            )


def _label(row: dict[str, object]) -> Label:
    output, weight = row["output"], row["weight"]
    if not isinstance(output, int) or not 0 <= output < OUTPUTS:
        raise ValueError(f"output must be a whole number from 0 to {OUTPUTS - 1}")
    if not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ValueError("weight must be a positive number")
    return Label(str(row["model_id"]), output, Stance(str(row["stance"]).lower()), float(weight))
