"""The shared folder: corpora and a base model, which are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

from minyi.errors import SettingError

SHARED_VARIABLE = "MINYI_SHARED"


def shared_folder() -> Path:
    """Return the folder with the corpora and the base model, named by ``MINYI_SHARED``.

    Raises:
        SettingError: when it is not set or holds no ``data`` folder; says what to do.
    """
    value = os.environ.get(SHARED_VARIABLE)
    if value and (Path(value) / "data").is_dir():
        return Path(value)
    found = f"{value} has no folder data; " if value else ""
    raise SettingError(
        f"{found}the corpora are not part of the project: set {SHARED_VARIABLE} to the folder that "
        "holds data/ and, for training, base-model/"
    )
