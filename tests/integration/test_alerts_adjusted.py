"""Alerts of the share that people see, and over the upgrade from the one they did not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from minyi.prevalence import share
from minyi.rules import Reading, Side, State
from tests.integration.receiver import receiving
from tests.integration.test_alerts import Office
from tests.integration.test_api_narrowed import adjuster
from tests.integration.world import ELEVATOR, START, asking, get


@pytest.fixture(params=[False, True], ids=["bare", "labelled"])
async def office(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    with receiving() as receiver:
        opened = Office(tmp_path, receiver, adjuster(request.param))
        yield opened
        await opened.close()


async def test_an_alert_is_of_the_share_that_a_trend_shows_of_the_window(office: Office) -> None:
    office.subscribe()
    office.say(0, favor=60, against=20)
    office.say(20, favor=20, against=12)
    assert await office.work() == []
    office.say(21, against=20)
    (alert,) = await office.work()
    assert alert["adjusted"]
    window = {"since": (START + timedelta(days=15)).date(), "until": (START + timedelta(22)).date()}
    async with asking(office.index, office.world, adjuster=office.adjuster) as client:
        path = f"/v1/policies/{ELEVATOR.id}/trend"
        total = (await get(client, path, interval="day", rows=False, **window))["total"]
    shown = total["adjusted"]["against"]
    assert alert["after"] == shown
    raw = total["raw"]["against"]["value"]
    assert shown["value"] != raw
    assert f"升至{shown['value']:.1%}" in alert["text"]
    assert f"已校正模型的已知误判，原始占比由37.5%变为{raw:.1%}）" in alert["text"]
    was, now = (
        f"{alert[side]['low']:.1%}–{alert[side]['high']:.1%}" for side in ("before", "after")
    )
    assert f"95%区间由{was}变为{now}" in alert["text"]
    assert f"反对占比为{shown['value']:.1%}（原始{raw:.1%}，52条意见）" in office.reason()


async def test_an_upgrade_from_counted_shares_rings_nobody(office: Office) -> None:
    """As counted 47.5 % are against, below the line; by the share that is shown it is beyond."""
    office.subscribe()
    office.say(-30, favor=200, against=10)
    office.say(0, favor=21, against=19)
    old = State(side=Side.ARMED, day=START.date(), share=share(19, 40, "opinions"))
    office.store.remember("s1", ELEVATOR.id, Reading(state=old, reason=""), [], office.world.now())
    assert await office.work() == []
    assert "首次统计或重新校正时就已在50.0%以上" in office.reason()
    office.say(1, favor=60)
    assert await office.work() == []
    office.say(2, against=120)
    (alert,) = await office.work()
    assert alert["adjusted"]
