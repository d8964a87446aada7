"""A first release that cannot be made: what readers are told, what the operator, and how often."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app, create_public
from api.publishing import Press
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.errors import IndexUnavailable, MinyiError, Retryable, SettingError
from minyi.open_data import release
from minyi.query import Cell
from tests.integration.world import World, error, many, serving

ADVICE = "minyi export --policy"


class Counted(EmbeddedIndex):
    """Counts how often it is asked for cells."""

    asked = 0

    def cells(self, *args: Any, **more: Any) -> list[Cell]:
        self.asked += 1
        return super().cells(*args, **more)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Counted]:
    opened = Counted(tmp_path)
    opened.upsert(list(many()))
    yield opened
    opened.close()


@pytest.fixture
def services(index: Counted) -> Services:
    world = World()
    return Services(index=index, registry=world, clock=world)


def advised(caplog: pytest.LogCaptureFixture) -> int:
    """Count the records that tell the operator what to do."""
    return sum(ADVICE in str(vars(record).get("reason")) for record in caplog.records)


@pytest.mark.parametrize("create", [create_app, create_public])
async def test_more_than_can_be_published_is_tried_once_and_told_to_the_operator(
    index: Counted,
    services: Services,
    create: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(release, "MAX_CELLS", 5)
    caplog.set_level(logging.WARNING)
    async with serving(create(services)) as client:
        told = error(await client.get("/v1/export"), 503, "unavailable")
        assert "cannot be published at the moment" in told["message"]
        assert "log" in told["message"]
        assert ADVICE not in told["message"]
        asked = index.asked
        assert asked
        for path in ("/v1/export", "/v1/export/months.csv", "/v1/catalog"):
            assert error(await client.get(path), 503, "unavailable") == told
    assert index.asked == asked
    assert advised(caplog) == 1


def test_after_a_pause_it_is_tried_again(
    index: Counted,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    press = Press(services, pause_s=0)
    with monkeypatch.context() as small:
        small.setattr(release, "MAX_CELLS", 5)
        for tries in (1, 2):
            with pytest.raises(Retryable):
                press.edition()
            assert advised(caplog) == tries
    assert press.edition().release.opinions


class Away(EmbeddedIndex):
    """Cannot be asked, and says why in words for its operator."""

    why: MinyiError | None = None

    def cells(self, *args: Any, **more: Any) -> list[Cell]:
        if self.why is not None:
            raise self.why
        return super().cells(*args, **more)


@pytest.mark.parametrize(
    ("why", "wait"),
    [
        (IndexUnavailable("Elasticsearch at http://10.1.2.3:9200 cannot be reached"), "5"),
        (SettingError("Elasticsearch at http://10.1.2.3:9200 does not accept the login"), "60"),
    ],
)
async def test_what_is_wrong_inside_is_told_to_the_operator_alone(
    tmp_path: Path, why: MinyiError, wait: str, caplog: pytest.LogCaptureFixture
) -> None:
    index, world = Away(tmp_path), World()
    index.upsert(list(many()))
    index.why = why
    async with serving(create_public(Services(index=index, registry=world, clock=world))) as client:
        answer = await client.get("/v1/export")
        told = error(answer, 503, "unavailable")
        assert "cannot be published at the moment" in told["message"]
        assert "10.1.2.3" not in told["message"]
        assert answer.headers["retry-after"] == wait
        assert any("10.1.2.3" in str(vars(each).get("reason")) for each in caplog.records)
        if isinstance(why, Retryable):  # it may be there again with the next reader
            index.why = None
            assert (await client.get("/v1/export")).status_code == 200
    index.close()
