from __future__ import annotations

from pathlib import Path

import pytest

from minyi.errors import SettingError
from minyi.settings import load_settings
from streams.author_key import author_key

GIVEN = "a key of the test's own"


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "new", author_key="")
    key = author_key(settings)
    assert len(key) == 64
    assert author_key(settings) == key
    (kept,) = (tmp_path / "new").iterdir()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_given_key_wins(tmp_path: Path) -> None:
    assert author_key(load_settings(data=tmp_path, author_key=GIVEN)) == GIVEN
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["mine", " " * 40, "a" * 15])
def test_a_key_that_could_be_found_by_trying_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    assert author_key(load_settings(data=tmp_path, author_key=key)) == key
    (warning,) = caplog.messages
    assert "MINYI_AUTHOR_KEY has fewer than 16 characters" in warning
    assert "gives every author another hash" in warning
    assert key not in warning


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "author.key").touch()
    with pytest.raises(SettingError, match="damaged"):
        author_key(load_settings(data=tmp_path, author_key=""))


def test_kafka_needs_a_key_that_all_workers_share(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="MINYI_AUTHOR_KEY"):
        author_key(load_settings(data=tmp_path, broker="kafka://127.0.0.1:9092", author_key=""))
