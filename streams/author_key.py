"""The key that author ids are hashed with."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from minyi.errors import SettingError
from minyi.folders import private_folder
from minyi.settings import Settings

log = logging.getLogger("streams.author_key")
FILE = "author.key"
SHORTEST = 16
"""Characters of a given key below which it is warned of: names are few, and whoever can try all
keys finds them. It is taken nevertheless, since another one gives every author another hash."""
_MAKE = 'Make one with: python3 -c "import secrets; print(secrets.token_hex(32))"'


def author_key(settings: Settings) -> str:
    """Return the key: the setting's, else one made once and kept under ``settings.data``.

    Raises:
        SettingError: on Kafka without a setting, where each worker would make its own and one
            author get several hashes, and when the kept key is damaged.
    """
    given = settings.author_key.get_secret_value()
    if given:
        if len(given.strip()) < SHORTEST:
            log.warning(
                "MINYI_AUTHOR_KEY has fewer than %d characters: who tries them all finds the "
                "authors. Another gives every author another hash: change it only where you fill "
                "the index anew. %s",
                SHORTEST,
                _MAKE,
            )
        return given
    if not settings.embedded_broker:
        raise SettingError(
            f"set MINYI_AUTHOR_KEY, the same for every worker: it hashes author ids. {_MAKE}"
        )
    path = settings.data / FILE
    if not path.exists():
        keep(path, secrets.token_hex(32))
    key = path.read_text().strip()
    if len(key) < 32:
        raise SettingError(f"{path} is damaged; restore it from a backup, or set MINYI_AUTHOR_KEY")
    return key


def keep(path: Path, key: str) -> None:
    """Write the key whole and durable; of several processes the first wins."""
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
