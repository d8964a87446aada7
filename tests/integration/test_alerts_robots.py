"""Alerts to the robots of chat groups: posted, answered, tried again, and no key shown."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.alerts.delivering import PAUSES_S
from api.alerts.formats import HOSTS, Format
from api.alerts.models import Delivery, Subscription
from api.alerts.robots import LONGEST_ANSWER
from tests.integration.receiver import receiving
from tests.integration.test_alerts import Office
from tests.integration.test_alerts_api import SUBSCRIPTIONS, wish
from tests.integration.world import error

ROBOTS = [Format.WECOM, Format.DINGTALK, Format.FEISHU]
TAKEN = b'{"errcode":0,"code":0}'
KEY = "9f3a-key"


@pytest.fixture(params=ROBOTS)
async def office(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    with receiving() as receiver:
        opened = Office(tmp_path, receiver)
        opened.subscribe(format=request.param, secret="", webhook=f"{receiver.url}/{KEY}?key={KEY}")
        yield opened
        await opened.close()


def told(office: Office) -> list[Any]:
    return [json.loads(delivery.body) for delivery in office.receiver.taken()]


def sent(office: Office) -> tuple[Delivery, int, str | None]:
    (found,) = office.store.alerts("s1")
    return found.delivery, found.attempts, found.last_error


async def crossed(office: Office) -> None:
    """Let the share cross the half."""
    office.say(0, favor=15, against=5)
    await office.watch.evaluate()
    office.say(1, against=20)
    await office.watch.evaluate()
    await office.watch.deliver()


async def test_a_robot_gets_the_text_and_no_signature(office: Office) -> None:
    office.receiver.says = TAKEN
    await crossed(office)
    (delivery,) = office.receiver.taken()
    body = json.loads(delivery.body)
    text = (body.get("text") or body["content"]).popitem()[1]
    assert "「老旧小区加装电梯」的反对占比由25.0%升至62.5%" in text
    assert "第40条意见" in text
    assert delivery.headers["content-type"] == "application/json; charset=utf-8"
    assert not [name for name in delivery.headers if name.startswith("webhook-")]
    assert sent(office) == (Delivery.DELIVERED, 1, None)


async def test_what_a_robot_refuses_with_200_is_tried_again_and_given_up(office: Office) -> None:
    refused = {"errcode": 310000, "code": 19024, "errmsg": f"not at ?key={KEY}"}
    office.receiver.says = json.dumps(refused).encode()
    await crossed(office)
    state, attempts, why = sent(office)
    assert (state, attempts) == (Delivery.PENDING, 1)
    assert why in ("the robot refused: errcode 310000", "the robot refused: code 19024")
    office.receiver.says = TAKEN
    office.receiver.taken()
    await office.watch.deliver()
    assert told(office) == []  # not before its time
    office.world.moment += timedelta(seconds=PAUSES_S[0])
    await office.watch.deliver()
    assert len(told(office)) == 1
    assert sent(office) == (Delivery.DELIVERED, 2, None)


async def test_an_alert_that_a_robot_never_takes_is_given_up(office: Office) -> None:
    office.receiver.says = b'{"errcode":93000,"code":19021}'
    await crossed(office)
    for pause in PAUSES_S:
        office.world.moment += timedelta(seconds=pause)
        await office.watch.deliver()
    assert sent(office)[:2] == (Delivery.FAILED, len(PAUSES_S) + 1)


async def test_a_robot_gets_no_more_in_a_minute_than_it_takes(office: Office) -> None:
    """Whoever sends DingTalk's more than 20 is not heard for ten minutes."""
    office.receiver.says = TAKEN
    (first,) = office.store.subscriptions()
    office.subscribe("s2", format=first.format, secret="", webhook=first.webhook)
    for name in ("s1", "s2"):
        office.due(name, *(f"{name}-{number}" for number in range(15)))
    minutes = []
    while len(minutes) < 5 and sum(minutes) < 30:
        minutes.append(0)
        for _ in range(60):
            await office.watch.deliver()
            minutes[-1] += len(told(office))
            office.world.moment += timedelta(seconds=1)
    assert minutes == [15, 15]
    for name in ("s1", "s2"):
        assert {each.attempts for each in office.store.alerts(name)} == {1}


@pytest.mark.parametrize(
    ("status", "says", "why"),
    [
        (200, b"", "the robot's answer cannot be read"),
        (200, b" " * LONGEST_ANSWER + TAKEN, "the robot's answer cannot be read"),
        (302, TAKEN, "the webhook answered 302"),
        (500, TAKEN, "the webhook answered 500"),
    ],
)
async def test_what_is_no_yes_is_a_failed_try(
    office: Office, status: int, says: bytes, why: str
) -> None:
    office.receiver.says, office.receiver.answers = says, [status]
    await crossed(office)
    assert sent(office) == (Delivery.PENDING, 1, why)


async def test_the_key_is_in_no_log_and_no_error(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.receiver.says = json.dumps({"errcode": 1, "code": 1, "errmsg": KEY}).encode()
    with caplog.at_level(logging.INFO, "api"):
        await crossed(office)
        office.subscribe("s2", format=Format.WECOM, webhook=f"http://127.0.0.1:1/?key={KEY}")
        office.due("s2", "other")
        await office.watch.deliver()
    assert "not delivered" in caplog.text
    assert KEY not in caplog.text
    failed = [*office.store.alerts("s1"), *office.store.alerts("s2")]
    assert len(failed) == 2
    assert KEY not in str([alert.last_error for alert in failed])


async def test_the_private_addresses_are_no_robots(office: Office) -> None:
    office.subscribe("s2", format=Format.FEISHU, webhook="http://[::ffff:169.254.169.254]/hook")
    office.receiver.says = TAKEN
    office.due("s2", "other")
    await office.watch.deliver()
    (found,) = office.store.alerts("s2")
    assert "leads to ::ffff:169.254.169.254" in (found.last_error or "")


def test_a_subscription_of_an_older_version_is_signed() -> None:
    kept = {
        "id": "s", "name": "n", "policy_ids": ["p"], "since": None,
        "rule": {"stance": "favor", "threshold": 0.5}, "webhook": "https://a.example/x",
        "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    assert Subscription.model_validate(kept).format is Format.MINYI


@pytest.mark.parametrize(("host", "form"), HOSTS.items())
async def test_a_robot_has_no_secret_and_its_key_is_not_shown(
    client: httpx.AsyncClient, host: str, form: Format
) -> None:
    answer = await client.post(
        SUBSCRIPTIONS, json=wish(webhook=f"https://{host}/send/{KEY}?key={KEY}", format=form)
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["secret"] == ""
    for path in (SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/{answer.json()['id']}"):
        listed = await client.get(path)
        assert KEY not in listed.text
        assert f'"webhook":"https://{host}/***","format":"{form}"' in listed.text


@pytest.mark.parametrize("host", [*HOSTS, "QYAPI.weixin.qq.com"])
async def test_the_address_of_a_robot_is_told_apart_from_a_program(
    client: httpx.AsyncClient, host: str
) -> None:
    """It would answer 200 to every alert, and show none."""
    answer = await client.post(SUBSCRIPTIONS, json=wish(webhook=f"https://{host}/send?key={KEY}"))
    found = error(answer, 422, "invalid_request")
    assert found["place"] == "body.format"
    assert KEY not in answer.text


async def test_a_robot_may_stand_on_a_server_of_ones_own(client: httpx.AsyncClient) -> None:
    answer = await client.post(SUBSCRIPTIONS, json=wish(format="wecom"))
    assert answer.status_code == 201, answer.text
    answer = await client.post(SUBSCRIPTIONS, json=wish(format="fax"))
    assert error(answer, 422, "invalid_request")["place"] == "body.format"
