"""Alerts from a crossing in the index to a verified webhook, over real HTTP, with a held clock."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from api.alerts import delivering
from api.alerts import watch as watching
from api.alerts.delivering import PAUSES_S
from api.alerts.models import Alert, Created, Delivery
from api.alerts.store import SHOWN, AlertStore
from api.alerts.watch import Watch
from indexers.embedded import EmbeddedIndex
from minyi.errors import BrokerUnavailable, SettingError
from minyi.query import Filters, Share
from minyi.rules import Reading, Rule, State
from minyi.shares.adjusting import Adjuster
from minyi.vocabulary import Stance
from tests.integration.receiver import Receiver, receiving
from tests.integration.world import EBIKE, ELEVATOR, QUIET, START, World, opinion

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULE = Rule(stance=Stance.AGAINST, threshold=0.5, min_count=10, window_days=7)


class Office:
    """A subscriber's world: index, store, receiver and a watch that can be restarted."""

    def __init__(self, folder: Path, receiver: Receiver, adjuster: Adjuster | None = None) -> None:
        self.world = World()
        self.adjuster = adjuster or Adjuster()
        self.world.moment = datetime.now(UTC)
        self.index = EmbeddedIndex(folder / "index")
        self.file = folder / "subscriptions.db"
        self.store = AlertStore(self.file)
        self.receiver = receiver
        self.client = httpx.AsyncClient(trust_env=False)
        self.announced: list[tuple[bytes, bytes]] = []
        self.on_topic = asyncio.Event()
        self.broker_down = False
        self._number = 0
        self.restart()

    def restart(self) -> None:
        """Go on with nothing but what the store holds."""
        self.store.close()
        self.store = AlertStore(self.file)
        self.watch = Watch(
            self.store,
            self.index,
            self.world,
            self.world,
            self.adjuster,
            self.client,
            self._announce,
        )

    async def _announce(self, key: bytes, value: bytes) -> None:
        if self.broker_down:
            raise BrokerUnavailable("the broker does not answer")
        self.announced.append((key, value))
        self.on_topic.set()

    def subscribe(self, name: str = "s1", **changes: Any) -> str:
        values = {
            "id": name,
            "name": "住建局",
            "policy_ids": [ELEVATOR.id],
            "rule": RULE,
            "webhook": self.receiver.url,
            "since": None,
            "created_at": self.world.now(),
            "secret": SECRET,
        }
        self.store.add(Created.model_validate(values | changes))
        return name

    def say(self, day: int, favor: int = 0, against: int = 0, **more: Any) -> None:
        """Put opinions of one day into the index."""
        stances = [Stance.FAVOR] * favor + [Stance.AGAINST] * against
        made = []
        for stance in stances:
            self._number += 1
            at = START + timedelta(days=day, seconds=self._number)
            made.append(opinion(self._number, stance, **({"created_at": at} | more)))
        self.index.upsert(made)

    def due(self, name: str, *ids: str, day: int = 0) -> None:
        """Put alerts of a subscription into the outbox."""
        share = Share(value=0.5, low=0.4, high=0.6, count=5, n=10, denominator="opinions")
        alerts = [
            Alert(
                id=alert_id,
                subscription_id=name,
                policy_id=QUIET.id,
                policy_title=QUIET.title,
                day=START.date() + timedelta(days=day),
                stance=Stance.AGAINST,
                before=share,
                after=share,
                text="升至50.0%",
                comments=[],
            )
            for alert_id in ids
        ]
        reading = Reading(state=State(), reason="")
        self.store.remember(name, QUIET.id, reading, alerts, self.world.now())

    async def work(self) -> list[dict[str, Any]]:
        """Evaluate and deliver; return what the receiver got, verified."""
        await self.watch.evaluate()
        await self.watch.deliver()
        return [delivery.verified(SECRET) for delivery in self.receiver.taken()]

    def reason(self, name: str = "s1", policy_id: str = ELEVATOR.id) -> str:
        return self.store.readings(name)[policy_id].reason

    async def close(self) -> None:
        await self.client.aclose()
        self.store.close()
        self.index.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
async def office(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Office]:
    opened = Office(tmp_path, receiver)
    yield opened
    await opened.close()


async def crossed(office: Office) -> dict[str, Any]:
    """Let the share of opponents cross the half; return the alert."""
    office.say(0, favor=15, against=5)
    assert await office.work() == []
    office.say(1, against=20)
    (alert,) = await office.work()
    return alert


async def crossed_unheard(office: Office) -> None:
    """Let the share cross the half before a webhook that does not take the alert."""
    office.say(0, favor=15, against=5)
    await office.work()
    office.say(1, against=20)
    assert await office.work() == []


async def test_a_crossing_is_told_signed_from_what_to_what(office: Office) -> None:
    office.subscribe()
    alert = await crossed(office)
    assert (alert["policy_id"], alert["day"]) == (ELEVATOR.id, "2026-01-06")
    assert (alert["before"]["value"], alert["after"]["value"]) == (0.25, 0.625)
    assert alert["text"].startswith(
        "「老旧小区加装电梯」的反对占比由25.0%升至62.5%，越过了50.0%的界线"
    )
    assert "近7天，共40条意见" in alert["text"]
    assert "变为47.0%–75.8%；占比为模型的计数，未校正误判" in alert["text"]
    assert not alert["adjusted"]
    assert "不代表全体居民" in alert["text"]
    # the likes of an opinion are its number
    assert [c["text"][:5] for c in alert["comments"]] == ["第40条意", "第39条意", "第38条意"]
    assert {comment["stance"] for comment in alert["comments"]} == {"against"}
    assert office.announced == []
    await office.watch.announce()
    await office.watch.announce()
    ((key, value),) = office.announced
    assert key.decode() == alert["id"]
    assert json.loads(value) == alert


async def test_the_signature_is_of_this_body_and_this_secret(office: Office) -> None:
    office.subscribe()
    office.say(0, favor=20)
    await office.work()
    office.say(1, against=60)
    await office.watch.evaluate()
    await office.watch.deliver()
    (delivery,) = office.receiver.taken()
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.verified(SECRET)
    forged = delivery.body.replace(b"elevator", b"elevador")
    other = "whsec_" + "A" * 32
    for body, secret in ((forged, SECRET), (delivery.body, other)):
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret).verify(body, delivery.headers)


async def test_a_copied_text_is_shown_once(office: Office) -> None:
    office.subscribe()
    office.say(0, favor=20)
    await office.work()
    office.say(1, against=30, text="坚决反对加装电梯！")
    office.say(1, against=1, text="一楼采光怎么办")
    (alert,) = await office.work()
    assert [comment["text"] for comment in alert["comments"]] == [
        "一楼采光怎么办",
        "坚决反对加装电梯！",
    ]


async def test_a_crossing_fires_once_also_over_a_restart(office: Office) -> None:
    office.subscribe()
    await crossed(office)
    assert await office.work() == []
    office.restart()
    assert await office.work() == []
    office.say(1, against=1)
    office.say(2, against=5)
    assert await office.work() == []
    office.restart()
    assert await office.work() == []
    assert "再次提醒" in office.reason()
    assert len(office.store.alerts("s1")) == 1


async def test_after_going_back_it_fires_again(office: Office) -> None:
    office.subscribe()
    first = await crossed(office)
    office.say(2, favor=60)
    assert await office.work() == []
    office.restart()
    office.say(3, against=90)
    (second,) = await office.work()
    assert first["id"] != second["id"]
    assert second["before"]["value"] == 0.25


async def test_what_was_so_before_the_subscription_is_no_news(office: Office) -> None:
    office.say(0, favor=1, against=30)
    office.subscribe()
    assert await office.work() == []
    assert "已在50.0%以上，所以没有发送提醒" in office.reason()
    assert "再次" not in office.reason()


@pytest.mark.parametrize("said", [0, 4])
async def test_what_nobody_could_measure_before_is_news(office: Office, said: int) -> None:
    """The policy was hardly spoken of when the subscription was made."""
    office.say(0, against=said)
    office.subscribe()
    assert await office.work() == []
    office.say(2, against=15, favor=5)
    (alert,) = await office.work()
    assert alert["before"] is None
    assert "的反对占比由“意见不足10条”升至" in alert["text"]
    assert office.store.alerts("s1")[0].alert.before is None
    office.say(3, against=15)
    assert await office.work() == []
    assert "再次提醒" in office.reason()


async def test_the_past_is_evaluated_when_it_is_asked_for(office: Office) -> None:
    office.say(0, favor=20)
    office.say(3, against=60)
    office.subscribe(since=START.date())
    (alert,) = await office.work()
    assert alert["day"] == "2026-01-08"


async def test_late_comments_land_on_their_own_day(office: Office) -> None:
    """The last day is evaluated again, since it may not be over."""
    office.subscribe()
    office.say(0, favor=20, against=5)
    assert await office.work() == []
    office.say(0, against=40)
    (alert,) = await office.work()
    assert alert["day"] == "2026-01-05"


async def test_an_alert_that_was_written_is_delivered_after_a_crash(office: Office) -> None:
    office.subscribe()
    office.say(0, favor=15, against=5)
    await office.watch.evaluate()
    office.say(1, against=20)
    await office.watch.evaluate()  # and here the process dies
    office.restart()
    await office.watch.deliver()
    (delivery,) = office.receiver.taken()
    assert delivery.headers["webhook-id"] == office.store.alerts("s1")[0].alert.id


async def test_a_failing_webhook_is_tried_again_until_it_is_given_up(office: Office) -> None:
    office.receiver.answers = [500] * (len(PAUSES_S) + 1)
    office.subscribe()
    await crossed(office)
    (sent,) = office.store.alerts("s1")
    assert (sent.delivery, sent.attempts) == (Delivery.PENDING, 1)
    for attempt, pause in enumerate(PAUSES_S, start=2):
        office.world.moment += timedelta(seconds=pause - 1)
        await office.watch.deliver()
        assert office.receiver.taken() == []
        office.restart()
        office.world.moment += timedelta(seconds=1)
        await office.watch.deliver()
        (delivery,) = office.receiver.taken()
        assert delivery.headers["webhook-id"] == sent.alert.id
        signed = datetime.fromtimestamp(int(delivery.headers["webhook-timestamp"]), UTC)
        assert delivery.headers["webhook-signature"] == Webhook(SECRET).sign(
            sent.alert.id, signed, delivery.body.decode()
        )
        assert office.store.alerts("s1")[0].attempts == attempt
    (sent,) = office.store.alerts("s1")
    assert (sent.delivery, sent.last_error) == (Delivery.FAILED, "the webhook answered 500")
    assert office.store.next_due() is None
    office.world.moment += timedelta(days=30)
    await office.watch.deliver()
    assert office.receiver.taken() == []


async def test_a_webhook_that_recovers_is_served(office: Office) -> None:
    office.receiver.answers = [503, 404]
    office.subscribe()
    await crossed(office)
    for pause in PAUSES_S[:2]:
        office.world.moment += timedelta(seconds=pause)
        await office.watch.deliver()
    (sent,) = office.store.alerts("s1")
    assert (sent.delivery, sent.attempts, sent.last_error) == (Delivery.DELIVERED, 3, None)
    assert len(office.receiver.taken()) == 2


async def test_a_redirect_is_not_followed(office: Office) -> None:
    office.receiver.answers = [302]
    office.subscribe()
    await crossed(office)
    assert office.store.alerts("s1")[0].last_error == "the webhook answered 302"


async def test_nobody_listening_is_a_failed_try(office: Office) -> None:
    with receiving() as gone:
        url = gone.url
    office.subscribe(webhook=url)
    office.say(0, favor=20)
    await office.work()
    office.say(1, against=60)
    assert await office.work() == []
    (sent,) = office.store.alerts("s1")
    assert sent.delivery is Delivery.PENDING
    assert "ConnectError" in (sent.last_error or "")


async def test_a_receiver_that_never_ends_its_answer_holds_nobody_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Semaphore(0)

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await reader.read()  # until the other side hangs up
        writer.close()
        gone.release()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        writer.close()
        gone.release()

    monkeypatch.setattr(delivering, "TIMEOUT_S", 0.5)
    slow = await asyncio.start_server(trickle, "127.0.0.1", 0)
    endless = await asyncio.start_server(flood, "127.0.0.1", 0)
    for name, server in (("a-slow", slow), ("b-endless", endless)):
        port = server.sockets[0].getsockname()[1]
        office.subscribe(name, webhook=f"http://127.0.0.1:{port}/")
    office.subscribe("c-good")
    alert = await crossed(office)
    assert alert["subscription_id"] == "c-good"
    assert office.store.alerts("a-slow")[0].last_error == "the webhook did not answer within 0.5 s"
    assert office.store.alerts("b-endless")[0].delivery is Delivery.DELIVERED
    for server in (slow, endless):
        await gone.acquire()
        server.close()


@pytest.mark.parametrize(
    "webhook", ["http://xn--/", "http://[::1", "http://a" * 900, "gopher://x/"]
)
async def test_an_odd_webhook_fails_alone(office: Office, webhook: str) -> None:
    office.subscribe("a-odd", webhook=webhook)
    office.subscribe("b-good")
    alert = await crossed(office)
    assert alert["subscription_id"] == "b-good"
    assert office.store.alerts("a-odd")[0].last_error


async def test_a_rule_that_fails_keeps_no_other_from_being_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.subscribe("a-broken", rule=RULE.model_copy(update={"min_count": 9}))
    office.subscribe("b-good")
    evaluate = watching.evaluate

    def fail(rule: Rule, *more: Any) -> Any:
        if rule.min_count == 9:
            raise ZeroDivisionError
        return evaluate(rule, *more)

    monkeypatch.setattr(watching, "evaluate", fail)
    alert = await crossed(office)
    assert alert["subscription_id"] == "b-good"


async def test_opinions_at_the_beginning_of_time_are_no_obstacle(office: Office) -> None:
    moment = datetime(1990, 1, 1, tzinfo=UTC)
    office.subscribe(since="1990-01-01")
    office.say(0, favor=20, created_at=moment)
    await office.watch.evaluate()
    office.say(0, against=90, created_at=moment)
    await office.watch.evaluate()
    assert len(office.store.alerts("s1")) == 1


async def test_a_comment_from_the_future_does_not_move_the_clock(office: Office) -> None:
    office.subscribe()
    office.world.moment = START + timedelta(days=5)
    office.say(0, favor=15, against=5)
    office.say(9_000, favor=1)
    await office.watch.evaluate()
    office.say(5, against=40)
    office.world.moment += timedelta(hours=1)
    await office.watch.evaluate()
    (sent,) = office.store.alerts("s1")
    assert sent.alert.day == (START + timedelta(days=5)).date()


async def test_a_comment_from_the_future_ends_no_window_early(office: Office) -> None:
    """Files come later than their comments: the clock stands where the comments end."""
    office.subscribe()
    office.world.moment = START + timedelta(days=60)
    office.say(0, favor=15, against=5)
    office.say(9_000, favor=1)
    await office.watch.evaluate()
    office.say(5, against=40)
    await office.watch.evaluate()
    (sent,) = office.store.alerts("s1")
    assert sent.alert.day == (START + timedelta(days=5)).date()


async def test_a_policy_of_the_future_alone_is_unheard(office: Office) -> None:
    office.subscribe()
    office.world.moment = START
    office.say(9_000, favor=20)
    await office.watch.evaluate()
    assert office.reason() == "还没有关于这项政策的留言。"


async def test_why_nothing_came_is_told(office: Office) -> None:
    office.subscribe(policy_ids=[ELEVATOR.id, EBIKE.id, QUIET.id, "gone"])
    office.say(0, favor=15, against=5)
    office.index.upsert(
        [opinion(900 + n, Stance.AGAINST, EBIKE, created_at=START) for n in range(4)]
    )
    await office.work()
    assert office.reason() == "反对占比为25.0%（未校正，20条意见），尚未升到50.0%。"
    assert office.reason(policy_id=EBIKE.id) == "近7天只有4条意见，少于规则要求的10条。"
    assert office.reason(policy_id=QUIET.id) == "还没有关于这项政策的留言。"
    assert office.reason(policy_id="gone") == "政策库中没有这项政策。"


async def test_a_deleted_subscription_gets_nothing_more(office: Office) -> None:
    office.subscribe()
    office.say(0, favor=20)
    await office.work()
    office.say(1, against=60)
    await office.watch.evaluate()
    assert office.store.remove("s1")
    await office.watch.deliver()
    assert office.receiver.taken() == []
    assert office.store.next_due() is None


async def test_what_is_told_and_shown_no_more_is_not_kept(office: Office) -> None:
    office.subscribe("a", policy_ids=[QUIET.id])
    office.subscribe("b", policy_ids=[QUIET.id])
    office.due("b", "of-another")
    for day in range(SHOWN + 4):
        office.due("a", f"a{day:02}", day=day)
    for each in ("of-another", "a00", "a01"):
        office.store.delivered(each)
    office.store.failed("a03", "the webhook answered 500", None)
    for each in ("of-another", "a00", "a02", "a03"):
        office.store.announced(each)
    shown = office.store.alerts("a")
    office.due("a", "late", day=1)

    def kept(name: str) -> list[str]:
        return sorted(each.alert.id for each in office.store.alerts(name, 1000))

    # also a01, which is not on the topic yet, and a02, which was not sent yet
    assert kept("a") == ["a01", "a02", *(f"a{day:02}" for day in range(4, SHOWN + 4)), "late"]
    assert office.store.alerts("a") == shown
    assert kept("b") == ["of-another"]


async def test_a_broker_that_is_down_keeps_nothing_from_the_webhook(office: Office) -> None:
    office.broker_down = True
    office.subscribe()
    alert = await crossed(office)
    for _ in range(2):
        with pytest.raises(BrokerUnavailable):
            await office.watch.announce()
    office.restart()
    office.broker_down = False
    await office.watch.announce()
    await office.watch.announce()
    assert [key.decode() for key, _ in office.announced] == [alert["id"]]


async def test_a_look_at_what_has_not_changed_costs_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str | None] = []
    trend = office.index.trend

    def counted(filters: Filters, *more: Any) -> Any:
        looked.append(filters.policy_id)
        return trend(filters, *more)

    def refuse(*_: Any) -> None:
        raise AssertionError("written without need")

    monkeypatch.setattr(office.index, "trend", counted)
    office.subscribe(policy_ids=[ELEVATOR.id, EBIKE.id, QUIET.id])
    office.say(0, favor=20)
    office.index.upsert([opinion(900, Stance.AGAINST, EBIKE, created_at=START)])
    await office.watch.evaluate()
    assert looked == [ELEVATOR.id, EBIKE.id]
    await office.watch.evaluate()
    assert len(looked) == 2
    office.say(0, against=1)
    await office.watch.evaluate()
    assert looked[2:] == [ELEVATOR.id]
    monkeypatch.setattr(AlertStore, "remember", refuse)
    office.restart()  # looks at everything again, and finds what is remembered
    await office.watch.evaluate()
    assert looked[3:] == [ELEVATOR.id, EBIKE.id]


async def test_a_new_subscription_is_evaluated_though_nothing_changed(office: Office) -> None:
    office.subscribe()
    office.say(0, favor=20)
    await office.work()
    office.subscribe("s2", since=START.date())
    await office.work()
    assert "尚未升到" in office.reason("s2")


async def test_what_could_not_be_remembered_is_evaluated_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.subscribe()
    office.say(0, favor=20)
    with monkeypatch.context() as broken:
        broken.setattr(AlertStore, "remember", lambda *_: 1 / 0)
        await office.watch.evaluate()
    await office.watch.evaluate()
    assert "尚未升到" in office.reason()


async def test_slow_receivers_do_not_hold_up_the_evaluation(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    called, hang_up = asyncio.Event(), asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await hang_up.wait()
        writer.close()

    monkeypatch.setattr(watching, "SETTLE_S", 0.0)
    monkeypatch.setattr(delivering, "TIMEOUT_S", 600.0)
    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    office.subscribe(webhook=f"http://127.0.0.1:{port}/")
    office.say(0, favor=20)
    await office.watch.evaluate()
    running = asyncio.create_task(office.watch.run())
    office.say(1, against=60)
    office.watch.wake()
    async with asyncio.timeout(20):
        await called.wait()  # the webhook is being called, and does not answer
        office.say(2, favor=200)
        while "尚未升到" not in office.reason():
            office.watch.wake()
            await asyncio.sleep(0)
        await office.on_topic.wait()
    assert not hang_up.is_set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    hang_up.set()
    server.close()


class Gate:
    """A receiver that answers nobody before it is opened, and tells who has called."""

    def __init__(self) -> None:
        self.opened, self.called = asyncio.Event(), asyncio.Semaphore(0)
        self.ids: list[str] = []

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.ids.append(head.split("webhook-id: ")[1].split("\r\n")[0])
        self.called.release()
        await self.opened.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()


@pytest.fixture
async def gate(office: Office) -> AsyncIterator[Gate]:
    """Three subscriptions at one host that hangs, 80 alerts due for the first, and a good one,
    whose share is about to cross."""
    held = Gate()
    server = await asyncio.start_server(held.hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for name in ("a", "b", "c"):
        webhook = f"http://127.0.0.1:{port}/{name}"
        office.subscribe(name, webhook=webhook, policy_ids=[QUIET.id])
    office.due("a", *(f"a{number:02}" for number in range(80)))
    office.subscribe("good")
    office.say(0, favor=15, against=5)
    await office.watch.evaluate()
    office.say(1, against=20)
    yield held
    held.opened.set()
    server.close()


async def test_a_receiver_that_hangs_holds_up_no_other(office: Office, gate: Gate) -> None:
    delivering = asyncio.create_task(office.watch.deliver())
    async with asyncio.timeout(60):
        await gate.called.acquire()
        await office.watch.evaluate()
        delivery = await asyncio.to_thread(office.receiver.deliveries.get)
        assert delivery.verified(SECRET)["subscription_id"] == "good"
        assert gate.ids == ["a00"]
        gate.opened.set()
        await delivering
    assert gate.ids == [f"a{number:02}" for number in range(80)]  # in order, and each once
    assert office.store.next_due() is None


async def test_few_are_called_at_one_host(office: Office, gate: Gate) -> None:
    for name in ("b", "c"):
        office.due(name, f"{name}00")
    delivering = asyncio.create_task(office.watch.deliver())
    async with asyncio.timeout(60):
        await gate.called.acquire()
        await office.watch.evaluate()
        await asyncio.to_thread(office.receiver.deliveries.get)
        await gate.called.acquire()
        assert sorted(gate.ids) == ["a00", "b00"]
        gate.opened.set()
        await delivering
    assert len(gate.ids) == len(set(gate.ids)) == 82


async def test_what_is_on_its_way_at_the_end_is_tried_after_it(office: Office, gate: Gate) -> None:
    running = asyncio.create_task(office.watch.run())
    async with asyncio.timeout(60):
        await gate.called.acquire()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        gate.opened.set()
        (first,) = (one for one in office.store.alerts("a", 100) if one.alert.id == "a00")
        assert (first.delivery, first.attempts) == (Delivery.PENDING, 0)
        office.restart()
        await office.watch.deliver()
    assert gate.ids[:3] == ["a00", "a00", "a01"]
    assert office.store.next_due() is None


async def test_what_could_not_be_noted_is_not_told_again_at_once(
    office: Office, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AlertStore, "delivered", lambda *_: 1 / 0)
    gate.opened.set()
    delivering = asyncio.create_task(office.watch.deliver())
    async with asyncio.timeout(60):
        await gate.called.acquire()
        await office.watch.evaluate()
        await asyncio.to_thread(office.receiver.deliveries.get)
    assert gate.ids == ["a00"]
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


SECRET_PATH = "/services/T0/secret-token?key=more"


@pytest.mark.parametrize(
    "address", ["http://user:secret-token@{gone}", "gopher://{gone}", "http://{garbage}"]
)
async def test_what_went_wrong_does_not_tell_the_secret_of_the_address(
    office: Office, address: str
) -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"you called secret-token\r\n\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(garble, "127.0.0.1", 0)
    garbage = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with receiving() as closed:
        gone = closed.url.split("/")[2]
    webhook = address.format(gone=gone, garbage=garbage) + SECRET_PATH
    office.subscribe(webhook=webhook)
    await crossed_unheard(office)
    (sent,) = office.store.alerts("s1")
    assert sent.last_error
    assert "secret" not in sent.last_error
    server.close()


async def test_only_the_owner_can_read_the_secrets(office: Office) -> None:
    office.subscribe()
    for file in office.file.parent.glob("subscriptions.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_file_that_holds_no_subscriptions_is_named(tmp_path: Path) -> None:
    file = tmp_path / "subscriptions.db"
    file.write_bytes(b"not a database, but as long as one would be" * 100)
    with pytest.raises(SettingError, match=r"subscriptions\.db: file is not a database"):
        AlertStore(file)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingError, match="folder: unable to open"):
        AlertStore(tmp_path / "folder")
