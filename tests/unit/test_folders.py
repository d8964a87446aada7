"""What holds personal data is for the user who runs Minyi only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indexers.embedded import EmbeddedIndex
from minyi.folders import private_folder
from streams.embedded import EmbeddedLog

OPEN: list[Callable[[Path], Any]] = [EmbeddedIndex, EmbeddedLog]


@pytest.fixture(autouse=True)
def lax_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("opened", OPEN)
def test_log_and_index_are_private_with_the_folders_made_for_them(
    tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    opened(tmp_path / "data" / "kept").close()
    assert mode(tmp_path / "data") == mode(tmp_path / "data" / "kept") == 0o700


@pytest.mark.parametrize("opened", OPEN)
def test_in_a_folder_that_others_may_read_the_files_are_private(
    tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    tmp_path.chmod(0o755)
    kept = opened(tmp_path)
    modes = {path.name: mode(path) for path in tmp_path.iterdir() if path.name != "owner.lock"}
    kept.close()
    assert modes
    assert set(modes.values()) == {0o600}
    assert mode(tmp_path) == 0o755


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        private_folder(tmp_path / "file" / "folder")
