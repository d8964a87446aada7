"""Alerts of days that are over: comments that come late, and what older versions remembered."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from api.alerts.writing import write
from minyi.query import Share
from minyi.rules import Match, Rule
from tests.integration.receiver import receiving
from tests.integration.test_alerts import RULE, Office
from tests.integration.world import ELEVATOR, START

DAILY = RULE.model_copy(update={"window_days": 1})


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    with receiving() as receiver:
        opened = Office(tmp_path, receiver)
        yield opened
        await opened.close()


def say(office: Office, days: range) -> None:
    """Put comments of days into the index; on those from the 10th to the 17th most are against."""
    for day in days:
        heated = 10 <= day < 18
        office.say(day, favor=1 if heated else 4, against=6 if heated else 1)


FILES = (range(10, 18), range(18, 30))


@pytest.mark.parametrize("files", [FILES, FILES[::-1]], ids=["in order", "the newer first"])
async def test_files_in_any_order_bring_the_same_alert(
    office: Office, files: tuple[range, range]
) -> None:
    office.subscribe(rule=RULE.model_copy(update={"min_count": 30}))
    say(office, range(10))
    assert await office.work() == []
    alerts = []
    for file in files:
        office.restart()
        say(office, file)
        alerts += await office.work()
    (alert,) = alerts
    assert alert["day"] == (START + timedelta(days=12)).date().isoformat()
    newest = 17 if files == FILES else 29
    told = f"这是补报过去的日子，最新的意见已到{START + timedelta(days=newest):%Y年%m月%d日}。以上"
    assert told in alert["text"]
    assert "尚未升到" in office.reason()
    assert [each.alert.id for each in office.store.alerts("s1")] == [alert["id"]]


async def test_an_alert_of_the_newest_day_speaks_of_no_past(office: Office) -> None:
    office.subscribe(rule=DAILY)
    office.say(0, favor=20)
    await office.work()
    office.say(1, against=20)
    (alert,) = await office.work()
    assert "补报" not in alert["text"]
    office.say(0, favor=1)
    assert await office.work() == []


async def test_a_share_before_that_is_read_otherwise_now_is_told_as_such(office: Office) -> None:
    office.subscribe()
    (subscription,) = office.store.subscriptions()
    day = START.date()
    for before, says in ((0.507, True), (0.493, False)):
        found = [
            Share(value=value, low=0.4, high=0.6, count=45, n=100, denominator="opinions")
            for value in (before, 0.512)
        ]
        match = Match(day=day, before=found[0], after=found[1], adjusted=True, newest=day)
        text = write(subscription, ELEVATOR, match, office.index).text
        assert f"由{before:.1%}升至51.2%" in text
        assert ("；先前的占比在重新校正前未到界线）" in text) == says


async def test_of_a_day_that_crosses_again_one_alert_goes_out(office: Office) -> None:
    office.subscribe(rule=DAILY)
    office.say(0, favor=10, against=5)
    assert await office.work() == []
    office.say(0, against=6)
    assert len(await office.work()) == 1
    office.say(0, favor=10)
    assert await office.work() == []
    assert "按后来收到的意见，2026年01月05日的提醒已不成立。" in office.reason()
    office.restart()
    office.say(0, against=20)
    assert await office.work() == []
    assert "已不成立" not in office.reason()
    assert "升到50.0%时已经提醒" in office.reason()
    assert len(office.store.alerts("s1")) == 1


async def test_a_subscription_looks_at_no_day_before_it_began(office: Office) -> None:
    office.say(5, favor=20)
    office.subscribe(rule=DAILY)
    assert await office.work() == []
    office.say(3, favor=1, against=40)
    assert await office.work() == []


SHARE = '{"value":%s,"low":0.1,"high":0.9,"count":%d,"n":40,"denominator":"opinions"}'
OF_OLD = (
    '{"state":{"side":"%s","day":"2026-01-05","share":%s,"adjusted":false,'
    '"window":{"favor":%d,"against":%d,"none":0,"evaluations":{},"outputs":{}}},"reason":"…"}'
)


def remembered(office: Office, side: str, against: int) -> None:
    """Let the store hold what the version before would have remembered of the first day."""
    office.say(0, favor=40 - against, against=against)
    share = SHARE % (against / 40, against)
    body = OF_OLD % (side, share, 40 - against, against)
    with closing(sqlite3.connect(office.file)) as db, db:
        db.execute("INSERT INTO readings VALUES ('s1', ?, ?)", (ELEVATOR.id, body))


@pytest.mark.parametrize("rule", [RULE, DAILY], ids=["week", "day"])
async def test_what_an_older_version_told_is_told_no_second_time(
    office: Office, rule: Rule
) -> None:
    office.subscribe(rule=rule)
    remembered(office, "fired", 24)
    assert await office.work() == []
    assert "已经提醒" in office.reason()
    office.say(0, against=5)
    office.say(1, favor=4, against=20)
    assert await office.work() == []
    office.restart()
    office.say(2, favor=200)
    office.say(9, against=900)
    assert len(await office.work()) == 1


@pytest.mark.parametrize(("side", "alerts"), [("armed", 1), ("beyond", 0), ("unknown", 0)])
async def test_what_an_older_version_remembered_is_gone_on_from(
    office: Office, side: str, alerts: int
) -> None:
    office.subscribe()
    remembered(office, side, 24 if side == "beyond" else 10)
    office.say(0, against=30)
    assert len(await office.work()) == alerts
    assert await office.work() == []
