"""What a recipe needs in the end, looked for at the beginning."""

from __future__ import annotations

from pathlib import Path

from minyi.errors import SettingError
from models.base import Base
from models.config import BEFORE, TrainConfig
from models.data import data_hashes, reads_corpora, rows_of, source
from models.examples import UNKNOWN
from models.network import HEADS


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
    for name in sorted(_names(config)):
        source(name, data)
    hashes(config, data)
    if not any(
        row.stance != UNKNOWN for name in config.validate_on for row in rows_of(name, "val", data)
    ):
        told = ", ".join(config.validate_on) or "nothing"
        raise SettingError(f"validate_on: no rows to calibrate on in {told}")


def hashes(config: TrainConfig, data: Path | None = None) -> dict[str, str]:
    """Return the hashes of all that a recipe reads until its artifact is written. Without a user's
    file that is the corpora whatever its sources: the text vector is fitted on them.

    Raises:
        SettingError: when a file is missing.
    """
    return data_hashes(data is None or reads_corpora(_names(config)), data)


def _names(config: TrainConfig) -> set[str]:
    """Return the sources that a recipe names."""
    trained = {part.name for stage in config.stages for part in stage.sources}
    return trained | {*config.wide, *config.validate_on}
