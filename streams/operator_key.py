"""The key that a running service's owner proves themselves with, to see what is unredacted."""

from __future__ import annotations

import secrets
from pathlib import Path

from streams.author_key import keep

FILE = "operator.key"


def operator_key(folder: Path) -> str:
    """Return the key that lies beside a log, readable by its owner only; made once."""
    path = folder / FILE
    if path.is_file() and len(key := path.read_text().strip()) >= 32:
        return key
    path.unlink(missing_ok=True)
    keep(path, secrets.token_hex(32))
    return path.read_text().strip()
