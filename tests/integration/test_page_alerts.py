"""Alerts on the page: subscribing, what is said of a subscription, and its end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from api.alerts.formats import HOSTS, Format
from api.alerts.models import Alert, Created, Quote
from api.alerts.robots import KEYWORD
from api.alerts.store import AlertStore
from api.app import OPEN_ASSETS, PAGE, create_app
from api.routes.subscriptions import NOT_YET
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.clock import SystemClock
from minyi.query import Share
from minyi.rules import REARM, Reading, Rule, State
from minyi.vocabulary import Stance
from tests.integration.test_page import CHROMIUM, POLICY, SPARSE, WIDE, Policies, opinion
from tests.integration.test_page_used import Drive, driving

browsed = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

FORM = f"#/policies/{POLICY.id}/subscribe"
LIST = "#/subscriptions"
HOOK = "https://user:pass@hooks.example.org/services/token"
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=9f3a"
READY = 'await until(() => /现为|还没有|样本太少/.test($("#hint-threshold")?.textContent));'
LISTED = 'await until(() => $(".subscription .plain-list"));'


@dataclass
class Page:
    drive: Drive
    store: AlertStore

    def subscribed(self, *policies: str, **changes: Any) -> Created:
        """Keep a subscription as if somebody had asked for it, and wait for its evaluation."""
        values = {
            "id": "sub-1",
            "name": "<b>限行办</b>",
            "policy_ids": list(policies) or [POLICY.id],
            "rule": Rule(stance=Stance.AGAINST, threshold=0.5),
            "webhook": HOOK,
            "since": None,
            "created_at": datetime(2025, 4, 1, tzinfo=UTC),
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }
        created = Created.model_validate(values | changes)
        self.store.add(created)
        return created

    def alerts(self, subscription_id: str, count: int) -> list[str]:
        """Put alerts into the outbox that are not due yet; return their ids."""
        half = Share(value=0.5, low=0.4, high=0.6, count=5, n=10, denominator="opinions")
        quote = Quote(
            opinion_id="o", created_at=datetime(2025, 4, 1, tzinfo=UTC), region="城东",
            stance=Stance.AGAINST, text="<i>不公平</i>",
        )  # fmt: skip
        made = [
            Alert(
                id=f"alert-{number}", subscription_id=subscription_id, policy_id=POLICY.id,
                policy_title=POLICY.title, day=date(2025, 4, 1 + number), stance=Stance.AGAINST,
                before=half, after=half, text=f"第{number}次越过界线", comments=[quote],
            )
            for number in range(count)
        ]  # fmt: skip
        reading = Reading(state=State(), reason="")
        due = datetime(2099, 1, 1, tzinfo=UTC)
        self.store.remember(subscription_id, WIDE.id, reading, made, due)
        return [alert.id for alert in made]

    def evaluated(self, subscription_id: str, policy_id: str) -> None:
        """Wait until the running service has evaluated it."""
        deadline = time.monotonic() + 60
        while policy_id not in self.store.readings(subscription_id):
            assert time.monotonic() < deadline


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(tmp_path / "index")
    stances = [Stance.FAVOR] * 7 + [Stance.AGAINST] * 33
    opened.upsert([opinion(i, stance, f"不公平{i}") for i, stance in enumerate(stances)])
    opened.upsert([opinion(100 + i, Stance.FAVOR, f"地铁不公平{i}", SPARSE) for i in range(12)])
    yield opened
    opened.close()


@pytest.fixture
def page(tmp_path: Path, index: EmbeddedIndex) -> Iterator[Page]:
    store = AlertStore(tmp_path / "subscriptions.db")
    app = create_app(Services(index, Policies(), SystemClock()), store)
    with driving(app, tmp_path / "profile") as drive:
        yield Page(drive, store)
    store.close()


@browsed
def test_an_office_subscribes_and_sees_the_secret_once(page: Page) -> None:
    told = page.drive(
        f"#/policies/{POLICY.id}?stance=against",
        f"""
        await until(() => $(".button"));
        location.hash = $(".button").getAttribute("href");
        {READY}
        set($("#field-threshold"), "90");
        set($("#field-webhook"), " {HOOK} ");
        $("form .main").click();
        await until(() => $("#secret"));
        const secret = $("#secret").value;
        const told = [secret.startsWith("whsec_"), $("main").textContent.includes("不再显示"),
          document.activeElement.textContent, location.hash, document.title];
        location.hash = "{LIST}";
        {LISTED}
        tell([...told, $("main").textContent.includes(secret), $(".subscription").textContent]);
        """,
    )
    assert told[:3] == [True, True, "已订阅"]
    assert told[3] == f"{FORM}?threshold=90"
    assert told[4] == f"订阅提醒：{POLICY.title} · 民意"
    assert told[5] is False
    assert "反对占比升过 90.0%（看近 30 天，至少 30 条意见）" in told[6]
    assert "https://hooks.example.org" in told[6]
    (kept,) = page.store.subscriptions()
    assert kept.rule == Rule(stance=Stance.AGAINST, threshold=0.9)
    assert (kept.webhook, kept.policy_ids, kept.name) == (HOOK, [POLICY.id], POLICY.title)


@browsed
def test_whoever_pastes_the_address_of_a_robot_means_the_robot(page: Page) -> None:
    told = page.drive(
        f"{FORM}?threshold=90",
        f"""
        {READY}
        set($("#field-webhook"), "{ROBOT}");
        const told = [$("#hint-format").textContent];
        $("form .main").click();
        await until(() => !$("form"));
        told.push($("main").textContent, $("#secret"), location.hash);
        location.hash = "{LIST}";
        {LISTED}
        tell([...told, $(".subscription").textContent]);
        """,
    )
    assert KEYWORD in told[0]
    assert "提醒发给钉钉群机器人 https://oapi.dingtalk.com。" in told[1]
    assert told[2:4] == [None, f"{FORM}?threshold=90&format=dingtalk"]
    assert "提醒发给钉钉群机器人 https://oapi.dingtalk.com/***" in told[4]
    assert "9f3a" not in told[1] + told[4]
    (kept,) = page.store.subscriptions()
    assert (kept.webhook, kept.format) == (ROBOT, Format.DINGTALK)


@browsed
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("webhook", "", "http://"),
        ("webhook", "hooks.example.org", "http://"),
        ("webhook", "ftp://hooks.example.org/x", "http://"),
        ("webhook", "http://169.254.169.254/latest", "链路本地"),
        ("threshold", "", "大于 0、小于 100"),
        ("threshold", "100", "大于 0、小于 100"),
        ("threshold", "33.33", "一位小数"),
        ("days", "1.5", "整数"),
        ("least", "0", "1 至 1000000"),
        ("name", " ", "1 至 100 个字"),
        ("format", "feishu", "不是这种机器人的"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(page: Page, field: str, value: str, says: str) -> None:
    told = page.drive(
        f"{FORM}?threshold=40",
        f"""
        {READY}
        set($("#field-webhook"), "{ROBOT if field == "format" else HOOK}");
        const field = $("#field-{field}");
        set(field, "{value}");
        $("form .main").click();
        await until(() => field.getAttribute("aria-invalid"));
        const fault = [...document.querySelectorAll("[id^=fault-]")].filter((one) => !one.hidden);
        const described = field.getAttribute("aria-describedby").split(" ").includes(fault[0].id);
        const told = [fault.length, described, document.activeElement === field,
          fault[0].textContent];
        field.dispatchEvent(new Event("input"));
        tell([...told, fault[0].hidden]);
        """,
    )
    assert told[:3] == [1, True, True]
    assert says in told[3]
    assert told[4] is True
    assert page.store.subscriptions() == []


@browsed
def test_the_address_holds_the_rule(page: Page) -> None:
    told = page.drive(
        f"{FORM}?stance=favor&crosses=below&threshold=33.3&days=7&least=5",
        f"""
        const values = () => ["stance", "crosses", "threshold", "days", "least"]
          .map((name) => $(`#field-${{name}}`).value);
        {READY}
        const told = [values()];
        set($("#field-days"), "14");
        told.push(location.hash);
        location.hash = "{FORM}?stance=x&crosses=constructor&threshold=1e9&days=-1&least=0.5";
        await turn();
        tell([...told, values(), [...document.querySelectorAll("form :is(input, select)")]
          .filter((one) => one.labels.length !== 1).length]);
        """,
    )
    assert told[0] == ["favor", "below", "33.3", "7", "5"]
    assert told[1] == f"{FORM}?stance=favor&crosses=below&threshold=33.3&days=14&least=5"
    assert told[2] == ["against", "above", "", "30", "30"]
    assert told[3] == 0


@browsed
@pytest.mark.parametrize(
    ("place", "says"),
    [
        (FORM, "（2025-03-03 至 2025-04-01）反对占比现为 82.5% ["),
        (f"{FORM}?stance=favor&threshold=20", "支持占比现为 17.5% ["),
        (f"{FORM}?threshold=50", "降到 48.0% 以后再次升过 50.0%"),
        (f"{FORM}?crosses=below&threshold=90", "升到 92.0% 以后再次降过 90.0%"),
        (f"{FORM}?least=41", "共 40 条意见）。不到要求的 41 条"),
        (f"#/policies/{SPARSE.id}/subscribe?stance=favor", "现为 100.0% ["),
        (f"#/policies/{WIDE.id}/subscribe", "还没有关于这项政策的留言"),
    ],
)
def test_the_share_as_it_is_now_stands_beside_the_threshold(
    page: Page, place: str, says: str
) -> None:
    told = page.drive(place, f'{READY} tell($("#hint-threshold").textContent);')
    assert says in told
    assert ("再次" in says) == ("才会提醒" in told)


@browsed
def test_the_list_says_why_nothing_came_and_what_was_sent(page: Page) -> None:
    created = page.subscribed(POLICY.id, WIDE.id, "gone")
    first, second, third, *_ = page.alerts(created.id, 5)
    page.store.failed(first, "the webhook answered 500", None)
    page.store.failed(second, "the robot refused: errcode 310000", None)
    page.store.delivered(third)
    for policy_id in created.policy_ids:
        page.evaluated(created.id, policy_id)
    told = page.drive(
        LIST,
        f"""
        {LISTED}
        tell([$(".subscription h2").textContent, $(".subscription").textContent,
          [...document.querySelectorAll(".subscription .plain-list a")].map((one) => one.hash)]);
        """,
    )
    name, text, links = told
    assert name == "<b>限行办</b>"
    assert "首次统计或重新校正时就已在50.0%以上" in text
    assert "还没有关于这项政策的留言" in text
    assert "政策库中没有这项政策" in text
    assert links[:2] == [f"#/policies/{POLICY.id}", f"#/policies/{WIDE.id}"]
    assert "token" not in text
    assert "试了 1 次：对方回答 500" in text
    assert f"错误码 310000：没有通过安全设置，请用自定义关键词“{KEYWORD}”" in text
    for words in ("第0次越过界线", "已送达", "等待送达", "更早的 2 次", "<i>不公平</i>"):
        assert words in text


@browsed
def test_who_ends_a_subscription_is_asked_first(page: Page) -> None:
    page.subscribed()
    page.subscribed(id="sub-2", name="第二个", created_at=datetime(2025, 4, 2, tzinfo=UTC))
    told = page.drive(
        LIST,
        f"""
        {LISTED}
        button("退订").click();
        const told = [document.activeElement.textContent];
        document.activeElement.click();
        told.push(document.activeElement.textContent);
        document.activeElement.click();
        answer = () => down();
        button("确定退订").click();
        await until(() => $(".sure .wrong").textContent);
        told.push($(".sure .wrong").textContent);
        answer = null;
        button("确定退订").click();
        await until(() => document.querySelectorAll(".subscription").length === 1);
        tell([...told, document.activeElement.tagName, $(".count-line").textContent]);
        """,
    )
    assert told[:2] == ["不退订", "退订"]
    assert "请稍候再试" in told[2]
    assert told[3:] == ["H1", "已退订“第二个”。共 1 个订阅，新的在前。"]
    assert [kept.id for kept in page.store.subscriptions()] == ["sub-1"]


@browsed
@pytest.mark.parametrize("place", [FORM, LIST])
def test_where_no_subscriptions_are_kept_the_page_says_so(
    tmp_path: Path, index: EmbeddedIndex, place: str
) -> None:
    app = create_app(Services(index, Policies(), SystemClock()))
    with driving(app, tmp_path / "profile") as drive:
        told = drive(
            place,
            'await until(() => $(".empty"));'
            'tell([$(".empty").textContent, document.querySelectorAll("main form").length]);',
        )
    assert "没有开通提醒" in told[0]
    assert told[1] == 0


@browsed
@pytest.mark.parametrize("place", [FORM, LIST])
def test_every_letter_stands_out(page: Page, place: str) -> None:
    created = page.subscribed()
    for alert_id in page.alerts(created.id, 5)[:2]:
        page.store.failed(alert_id, "the webhook answered 500", None)
    ready = (
        f'{READY} $("form .main").click(); await turn();'
        if place == FORM
        else f"{LISTED} button('退订').click();"
        ' for (const one of document.querySelectorAll("details")) one.open = true;'
    )
    assert page.drive(place, f"{ready} tell(dull());") == []


def test_the_page_knows_the_formats_of_the_api() -> None:
    text = (PAGE / "alerts" / "formats.js").read_text("utf-8")
    for form in Format:
        assert f"{form}: " in text
    assert dict(re.findall(r'"([a-z.]+)": "(\w+)"', text)) == HOSTS


def test_the_page_arms_a_rule_again_where_the_service_does() -> None:
    text = (PAGE / "alerts" / "current.js").read_text("utf-8")
    assert re.findall(r"const REARM = ([\d.]+);", text) == [str(REARM)]


def test_the_words_before_the_first_evaluation_are_chinese() -> None:
    assert "请稍后" in NOT_YET


@pytest.mark.parametrize("name", [*OPEN_ASSETS, "open.html"])
def test_the_public_page_knows_nothing_of_subscriptions(name: str) -> None:
    text = (PAGE / name).read_text("utf-8")
    assert "subscri" not in text
    assert "订阅" not in text
