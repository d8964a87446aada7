"""What a recipe needs in the end, looked for at the beginning."""

from __future__ import annotations

from pathlib import Path

from minyi.errors import SettingError
from models.rows.examples import UNKNOWN
from models.rows.sources import OWN, data_hashes, reads_corpora, rows_of, source
from models.training.base import Base, shared_script, taught_by_shared
from models.training.config import BEFORE, TrainConfig
from models.training.network import HEADS


def ready(config: TrainConfig, base: Base, data: Path | None = None) -> None:
    """Look whether a recipe can be trained by and its network be calibrated.

    Raises:
        SettingError: when it cannot; says what is missing.
    """
    if BEFORE in config.ship and not (base.folder / HEADS).is_file():
        raise SettingError(
            f"ship: {BEFORE} needs a tagger to go on from, and {base.name} has learned no labels; "
            "give --from with a tagger's folder, or leave it out"
        )
    rows_ready(config, data)
    if taught_by_shared(base) and not base.sentences:
        shared_script()
    hashes(config, base, data)


def rows_ready(config: TrainConfig, data: Path | None = None) -> int:
    """Look whether there are rows to train and to calibrate on; return how many of the latter.

    Raises:
        SettingError: when there are none, or a source is not there.
    """
    names = _names(config)
    for name in sorted(names):
        source(name, data)
    if OWN in {*_trained(config), *config.wide} and not rows_of(OWN, "train", data, config.without):
        raise SettingError(f"{data} has no rows to train on")
    rows = [
        row
        for name in config.validate_on
        for row in rows_of(name, "val", data, config.without)
        if row.stance != UNKNOWN
    ]
    if not rows:
        told = ", ".join(config.validate_on) or "nothing"
        raise SettingError(f"validate_on: no rows to calibrate on in {told}")
    return len(rows)


def hashes(config: TrainConfig, base: Base, data: Path | None = None) -> dict[str, str]:
    """Return the hashes of all that is read until a recipe's artifact is written, the text vector's
    texts among it.

    Raises:
        SettingError: when a file is missing.
    """
    return data_hashes(taught_by_shared(base) or reads_corpora(_names(config)), data)


def _names(config: TrainConfig) -> set[str]:
    """Return the sources that a recipe names."""
    return {*_trained(config), *config.wide, *config.validate_on}


def _trained(config: TrainConfig) -> set[str]:
    return {part.name for stage in config.stages for part in stage.sources}
