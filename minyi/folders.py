"""Folders for what holds personal data: only the user who runs Minyi may look inside."""

from __future__ import annotations

from pathlib import Path


def private_folder(folder: Path) -> None:
    """Create a folder and the parents that are missing, for their owner only.

    What is already there keeps its mode: whoever made it chose who may look inside.

    Raises:
        OSError: when it cannot be created.
    """
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
