"""Subscriptions over HTTP: what is asked for, what is shown, what is kept secret."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.alerts import watch
from api.alerts.store import AlertStore
from api.app import create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.vocabulary import Stance
from tests.integration.receiver import Receiver, receiving
from tests.integration.world import ELEVATOR, QUIET, START, World, error, opinion, serving

SUBSCRIPTIONS = "/v1/subscriptions"


def wish(**changes: Any) -> dict[str, Any]:
    rule = {"stance": "against", "threshold": 0.5, "min_count": 10, "window_days": 7}
    good = {
        "name": "住建局",
        "policy_ids": [ELEVATOR.id],
        "rule": rule | changes.pop("rule", {}),
        "webhook": "https://hooks.example.org/minyi",
    }
    return good | changes


class Live:
    """A running API with alerts, over folders that outlive it."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.world.moment = datetime.now(UTC)
        self.index = EmbeddedIndex(folder / "index")
        self.store = AlertStore(folder / "subscriptions.db")
        self.changed: list[Callable[[], None]] = []
        services = Services(
            index=self.index,
            registry=self.world,
            clock=self.world,
            sink=self.world,
            on_change=self.changed.append,
        )
        self.app = create_app(services, self.store)

    def say(self, first: int, day: int, stance: Stance, count: int) -> None:
        at = START.replace(day=START.day + day)
        numbers = range(first, first + count)
        self.index.upsert([opinion(n, stance, created_at=at) for n in numbers])
        for call in self.changed:
            call()


@pytest.fixture
async def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    monkeypatch.setattr(watch, "SETTLE_S", 0.0)
    opened = Live(tmp_path)
    yield opened
    opened.store.close()
    opened.index.close()


@pytest.fixture
async def client(live: Live) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(live.app) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


async def subscribe(client: httpx.AsyncClient, **changes: Any) -> Any:
    answer = await client.post(SUBSCRIPTIONS, json=wish(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def told(client: httpx.AsyncClient, path: str, word: str) -> Any:
    """Wait until the subscription's reason holds a word; each look lets the watch go on."""
    async with asyncio.timeout(20):
        while True:
            status = (await client.get(path)).json()
            if word in status["policies"][0]["reason"]:
                return status


async def noted(client: httpx.AsyncClient, path: str) -> None:
    """Wait until the service has noted that the alert arrived."""
    async with asyncio.timeout(20):
        while (await client.get(path)).json()["alerts"][0]["delivery"] != "delivered":
            pass


async def test_the_secret_is_shown_once(client: httpx.AsyncClient) -> None:
    created = await subscribe(client)
    secret = created["secret"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) >= 24
    for path in (SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/{created['id']}"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert secret not in answer.text
        assert "whsec" not in answer.text
    other = await subscribe(client)
    assert other["secret"] != secret
    assert other["id"] != created["id"]


async def test_subscriptions_are_listed_and_deleted(client: httpx.AsyncClient) -> None:
    first, second = [await subscribe(client, name=name) for name in ("一", "二")]
    listed = (await client.get(SUBSCRIPTIONS)).json()
    assert {entry["id"] for entry in listed} == {first["id"], second["id"]}
    assert (await client.delete(f"{SUBSCRIPTIONS}/{first['id']}")).status_code == 204
    for method in (client.get, client.delete):
        error(await method(f"{SUBSCRIPTIONS}/{first['id']}"), 404, "not_found")
    assert [entry["id"] for entry in (await client.get(SUBSCRIPTIONS)).json()] == [second["id"]]


async def test_a_crossing_reaches_the_subscriber_of_a_running_service(
    live: Live, client: httpx.AsyncClient, receiver: Receiver
) -> None:
    live.say(0, 0, Stance.FAVOR, 20)
    created = await subscribe(client, webhook=receiver.url)
    path = f"{SUBSCRIPTIONS}/{created['id']}"
    calm = await told(client, path, "尚未升到")
    assert calm["alerts"] == []
    assert calm["policies"][0]["share"]["value"] == 0
    live.say(100, 1, Stance.AGAINST, 60)
    status = await told(client, path, "再次提醒")
    delivery = await asyncio.to_thread(receiver.deliveries.get, timeout=20)
    alert = delivery.verified(created["secret"])
    assert alert["text"].startswith("「老旧小区加装电梯」的反对占比由0.0%升至75.0%")
    assert [sent["alert"]["id"] for sent in status["alerts"]] == [alert["id"]]


async def test_over_a_restart_of_the_service_nothing_is_told_twice(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SETTLE_S", 0.0)
    path = ""
    for run in range(3):
        live = Live(tmp_path)
        async with serving(live.app) as client:
            if run == 0:
                live.say(0, 0, Stance.FAVOR, 20)
                path = f"{SUBSCRIPTIONS}/{(await subscribe(client, webhook=receiver.url))['id']}"
                await told(client, path, "尚未升到")
            live.say(100 + run, 1, Stance.AGAINST, 60)
            status = await told(client, path, "再次提醒")
            if run == 0:
                await asyncio.to_thread(receiver.deliveries.get, timeout=20)
                await noted(client, path)  # a service that is stopped before tells it again
            assert len(status["alerts"]) == 1
        live.store.close()
        live.index.close()
    assert receiver.taken() == []


async def test_the_reason_is_there_before_the_first_look(
    live: Live, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.app.state.watch, "wake", lambda: None)
    created = await subscribe(client)
    status = (await client.get(f"{SUBSCRIPTIONS}/{created['id']}")).json()
    assert status["policies"] == [
        {
            "policy_id": ELEVATOR.id,
            "share": None,
            "adjusted": False,
            "reason": "尚未评估，请稍后再看。",
        }
    ]


async def test_a_policy_that_nobody_speaks_of_has_its_reason(client: httpx.AsyncClient) -> None:
    created = await subscribe(client, policy_ids=[QUIET.id, QUIET.id])
    status = await told(client, f"{SUBSCRIPTIONS}/{created['id']}", "还没有关于这项政策的留言")
    assert len(status["policies"]) == 1


NOWHERE = [
    "169.254.169.254", "2852039166", "[fe80::1]", "[::ffff:169.254.1.1]", "0.0.0.0", "0", "[::]",
    "224.0.0.1", "[ff02::1]", "255.255.255.255", "100.100.100.200", "[fd00:ec2::254]",
    "[::ffff:100.100.100.200]", "[2002:a9fe:a9fe::1]", "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]", "[64:ff9b::255.255.255.255]", "[::ffff:0.0.0.0]",
]  # fmt: skip


@pytest.mark.parametrize("host", NOWHERE)
async def test_a_webhook_at_no_subscribers_address_is_refused(
    client: httpx.AsyncClient, host: str
) -> None:
    answer = await client.post(SUBSCRIPTIONS, json=wish(webhook=f"http://{host}/latest"))
    assert "link-local" in error(answer, 422, "invalid_request")["message"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9000", "[::1]", "10.1.2.3", "hooks.example.org", "100.100.100.201",
        "[fd00:ec2::253]", "[::ffff:10.1.2.3]", "[64:ff9b::10.1.2.3]", "[2002:a01:203::1]",
    ],
)  # fmt: skip
async def test_a_webhook_may_stand_on_the_intranet(client: httpx.AsyncClient, host: str) -> None:
    await subscribe(client, webhook=f"http://{host}/hook")


async def test_the_address_is_shown_without_its_secrets_and_kept_with_them(
    live: Live, client: httpx.AsyncClient
) -> None:
    webhook = "https://user:pass@hooks.example.org:8443/services/T0/token?key=more#x"
    created = await subscribe(client, webhook=webhook)
    assert created["webhook"] == webhook
    for path in (SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/{created['id']}"):
        answer = (await client.get(path)).json()
        shown = answer[0] if isinstance(answer, list) else answer
        assert shown["webhook"] == "https://hooks.example.org:8443"
    assert [kept.webhook for kept in live.store.subscriptions()] == [webhook]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-ndjson", "", None])
async def test_a_wish_that_any_web_page_could_send_is_refused(
    client: httpx.AsyncClient, kind: str | None
) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = await client.post(SUBSCRIPTIONS, content=json.dumps(wish()).encode(), headers=headers)
    error(answer, 415, "unsupported_media_type")
    assert (await client.get(SUBSCRIPTIONS)).json() == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"webhook": "ftp://example.org"}, "body.webhook"),
        ({"webhook": "javascript:alert(1)"}, "body.webhook"),
        ({"webhook": "/etc/passwd"}, "body.webhook"),
        *(({"webhook": f"http://{host}/x"}, "body.webhook") for host in NOWHERE),
        ({"name": ""}, "body.name"),
        ({"name": "名" * 101}, "body.name"),
        ({"policy_ids": []}, "body.policy_ids"),
        ({"policy_ids": [ELEVATOR.id] * 51}, "body.policy_ids"),
        ({"policy_ids": ["gone"]}, ""),
        ({"rule": {"threshold": 0}}, "body.rule.threshold"),
        ({"rule": {"threshold": 1}}, "body.rule.threshold"),
        ({"rule": {"threshold": "nan"}}, "body.rule.threshold"),
        ({"rule": {"stance": "angry"}}, "body.rule.stance"),
        ({"rule": {"min_count": 0}}, "body.rule.min_count"),
        ({"rule": {"window_days": 10**9}}, "body.rule.window_days"),
        ({"rule": {"treshold": 0.5}}, "body.rule.treshold"),
        ({"since": "0001-01-01"}, "body.since"),
        ({"since": "9999-12-31"}, "body.since"),
        ({"since": "yesterday"}, "body.since"),
        ({"polices": []}, "body.polices"),
    ],
)
async def test_a_wrong_wish_names_its_place(
    client: httpx.AsyncClient, changes: dict[str, Any], place: str
) -> None:
    answer = await client.post(SUBSCRIPTIONS, json=wish(**changes))
    assert error(answer, 422, "invalid_request")["place"] == place
    assert (await client.get(SUBSCRIPTIONS)).json() == []


@pytest.mark.parametrize("key", ["name", "\ud800", "k" * 5_000])
async def test_odd_text_in_a_wish_is_no_obstacle(client: httpx.AsyncClient, key: str) -> None:
    body = json.dumps(wish() | {key: "\ud800"}).encode()
    answer = await client.post(
        SUBSCRIPTIONS, content=body, headers={"content-type": "application/json"}
    )
    error(answer, 422, "invalid_request")
