"""Services wait for their servers when they start; commands do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minyi.cli import opening, patience
from minyi.cli.patience import FIRST_PAUSE_S, LONGEST_PAUSE_S, until_available
from minyi.errors import BrokerUnavailable, IndexUnavailable, SettingError
from minyi.settings import Settings, load_settings


class Away:
    """Raises so many times, then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times, self.error, self.asked = times, error, 0

    def __call__(self, *_: Any, **__: Any) -> list[str]:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return ["here"]

    async def later(self) -> list[str]:
        return self()


async def test_a_start_waits_with_growing_pauses_and_says_for_what(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    server = Away(9, BrokerUnavailable("Kafka does not answer"))
    assert await until_available(server.later, sleep=sleep) == ["here"]
    longest = [min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(9)]
    assert all(top / 2 <= pause <= top for top, pause in zip(longest, pauses, strict=True))
    assert [record.getMessage() for record in caplog.records] == ["waiting to start"] * 9
    assert vars(caplog.records[0])["reason"] == "Kafka does not answer"


async def test_what_waiting_does_not_mend_ends_a_start_at_once() -> None:
    server = Away(1, SettingError("the login is wrong"))
    with pytest.raises(SettingError):
        await until_available(server.later)
    assert server.asked == 1


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.01)
    return load_settings(data=tmp_path, index="http://127.0.0.1:9")


async def test_an_elasticsearch_that_comes_late_is_opened(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Away(2, IndexUnavailable("Elasticsearch cannot be reached"))
    monkeypatch.setattr(opening, "set_up_index", server)
    async with opening.open_index(config, patient=True):
        assert server.asked == 3


async def test_a_command_does_not_wait(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Away(2, IndexUnavailable("Elasticsearch cannot be reached"))
    monkeypatch.setattr(opening, "set_up_index", server)
    with pytest.raises(IndexUnavailable):
        async with opening.open_index(config):
            pass
    assert server.asked == 1
