"""What a run was begun with: it goes on with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from models.training.config import TrainConfig

READ = {
    "seed",
    "max_length",
    "batch",
    "dropout",
    "mask_words",
    "label_smoothing",
    "positive_weight",
    "evidence_weight",
    "without",
}
"""What training reads of a recipe beside its stages."""


def begun(
    config: TrainConfig, stages: int, bfloat16: bool, data: Mapping[str, str]
) -> dict[str, Any]:
    """Return what has made a run's weights, as plain values.

    Args:
        config: the recipe.
        stages: how many are done or begun.
        bfloat16: whether products are made in it.
        data: the hashes of the files that those stages read.
    """
    return {
        "recipe": config.model_dump(mode="json", include=READ) | {"bfloat16": bfloat16},
        "stages": [stage.model_dump(mode="json") for stage in config.stages[:stages]],
        "data": dict(data),
    }


def changes(saved: Mapping[str, Any], now: Mapping[str, Any], within: bool) -> list[str]:
    """Return the names of what differs from what a run was begun with.

    Args:
        saved, now: what ``begun`` returns.
        within: whether a stage is begun; between stages, other rows may be left out.
    """
    free = set() if within else {"without"}
    found = [name for name in _differing(saved["recipe"], now["recipe"]) if name not in free]
    for one, other in zip_longest(saved["stages"], now["stages"]):
        if one != other:
            fields = f" ({', '.join(_differing(one, other))})" if one and other else ""
            found.append(f"stage {(one or other)['name']}{fields}")
    return found + _differing(saved["data"], now["data"])


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
