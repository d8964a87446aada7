"""The page: complete, self-contained, and safe with hostile comments."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import PAGE, create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.campaigns.sketch import alike_from
from minyi.clock import SystemClock
from minyi.domain import (
    EARLIEST,
    LATEST,
    SHANGHAI,
    Evaluation,
    Link,
    LinkBy,
    Opinion,
    StanceProbabilities,
    opinion_id,
)
from minyi.policy import Policy
from minyi.prevalence import share
from minyi.text import duplicate_key
from minyi.vocabulary import ASPECT_ZH, POLARITY_ZH, STANCE_ZH, Aspect, Domain, Polarity, Stance

ASSETS = sorted(path for path in PAGE.rglob("*") if path.is_file())
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--window-size=1280,1000",
    "--virtual-time-budget=5000",
    "--dump-dom",
)
POLICY = Policy(
    id="driving-restriction",
    title="机动车尾号限行",
    domain=Domain.TRANSPORT,
    description="城市在工作日按车牌尾号限制机动车上路。",
    aliases=("限行",),
    department="交通管理部门",
)
SPARSE = Policy(
    id="metro-construction",
    title="城市轨道交通建设",
    domain=Domain.TRANSPORT,
    description="规划和建设地铁、轻轨等城市轨道交通线路。",
    aliases=("地铁",),
    department="发展改革部门",
)
WIDE = Policy(
    id="waste-sorting",
    title="生活垃圾分类",
    domain=Domain.ENVIRONMENT,
    description="居民把生活垃圾分成几类投放。",
    aliases=("垃圾分类",),
    department="城市管理部门",
)
REGIONS = 6
SPOKE = "自愿发言的人，不代表全体居民。"
SECTIONS = ("groups", "why", "differences", "campaigns", "representativeness")
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>限行😀不公平'
FAVOR, AGAINST = 7, 33


class Policies:
    def policies(self) -> dict[str, Policy]:
        return {policy.id: policy for policy in (POLICY, SPARSE, WIDE)}


def opinion(
    number: int,
    stance: Stance,
    text: str,
    policy: Policy = POLICY,
    weeks: int = 0,
    region: str = "<b>城东</b>",
) -> Opinion:
    return Opinion(
        id=opinion_id(str(number), policy.id),
        comment_id=str(number),
        policy_id=policy.id,
        domain=policy.domain,
        source="test",
        created_at=datetime(2025, 3, 31, 16, 30, tzinfo=UTC)  # 1 April in Shanghai
        + timedelta(weeks=weeks),
        text=text,
        url="javascript:document.title=3",
        region=region,
        link=Link(policy_id=policy.id, by=LinkBy.ALIAS, evidence=("限行",)),
        stance=stance,
        probabilities=StanceProbabilities(favor=0.1, against=0.8, none=0.1),
        evaluations=(
            Evaluation(aspect=Aspect.FAIRNESS, polarity=Polarity.CRITICISM, probability=0.9),
        ),
        span=(text.index("不公平"), text.index("不公平") + 3),
        duplicate_key=duplicate_key(text),
        model_id="test",
    )


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    index = EmbeddedIndex(tmp_path / "index")
    stances = [Stance.FAVOR] * FAVOR + [Stance.AGAINST] * AGAINST
    index.upsert([opinion(i, stance, f"{HOSTILE}{i}") for i, stance in enumerate(stances)])
    index.upsert(
        [opinion(100 + i, Stance.FAVOR, f"地铁不公平{i}", SPARSE, weeks=i // 4) for i in range(60)]
    )
    index.upsert(
        [
            opinion(200 + i, Stance.FAVOR, "不公平", WIDE, i // REGIONS, f"{i % REGIONS}区")
            for i in range(10 * REGIONS)
        ]
    )
    yield Services(index, Policies(), SystemClock())
    index.close()


@pytest.fixture
def client(services: Services) -> TestClient:
    return TestClient(create_app(services), base_url="http://127.0.0.1")


@pytest.mark.parametrize("path", ["/", "/docs", "/open", "/page/main.js", "/v1/nothing"])
def test_no_foreign_page_can_frame_what_changes_something(client: TestClient, path: str) -> None:
    assert client.get(path).headers["content-security-policy"] == "frame-ancestors 'none'"


def test_the_page_is_chinese_and_says_who_speaks(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert '<html lang="zh-CN">' in answer.text
    assert "自愿发言的人，不代表全体居民" in answer.text
    assert "分母" in answer.text


@pytest.mark.parametrize("asset", ASSETS, ids=lambda path: path.name)
def test_every_asset_answers_with_its_type(client: TestClient, asset: Path) -> None:
    answer = client.get(f"/page/{asset.relative_to(PAGE)}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == TYPES[asset.suffix]


def test_every_file_is_reached_from_the_page_and_every_reference_exists() -> None:
    pages = [PAGE / "index.html", PAGE / "open.html"]
    found, waiting = set(pages), pages
    while waiting:
        file = waiting.pop()
        text = file.read_text("utf-8")
        names = re.findall(r'(?:src|href)="/page/([^"]+)"|from "(\.\.?/[^"]+)"', text)
        targets = {PAGE / a if a else (file.parent / b).resolve() for a, b in names}
        for target in targets - found:
            assert target.is_file(), f"{file.name} refers to {target.name}, which is missing"
            found.add(target)
            waiting.append(target)
    assert sorted(found) == ASSETS


@pytest.mark.parametrize("asset", ASSETS, ids=lambda path: path.name)
def test_nothing_comes_from_outside_and_no_text_becomes_markup(asset: Path) -> None:
    text = asset.read_text("utf-8").replace(SVG_NAMESPACE, "")
    assert not re.search(r"""["'(=]\s*(?:https?:)?//\w""", text)
    assert "@import" not in text
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text
    )
    if asset.suffix == ".html":
        assert not re.search(r"""\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)""", text)
        assert "default-src 'none'" in text
        assert "unsafe" not in text


def test_the_words_are_those_of_the_domain() -> None:
    words = (PAGE / "words.js").read_text("utf-8")
    for labels in (STANCE_ZH, ASPECT_ZH, POLARITY_ZH):
        assert ", ".join(f'{key.value}: "{label}"' for key, label in labels.items()) in words


def test_the_days_of_the_page_are_the_days_of_the_api() -> None:
    words = (PAGE / "words.js").read_text("utf-8")
    days = re.search(r'\[FIRST_DAY, LAST_DAY\] = \["(.+)", "(.+)"\]', words)
    assert days is not None
    first, last = (datetime.fromisoformat(day).replace(tzinfo=SHANGHAI) for day in days.groups())
    one = timedelta(days=1)
    assert first - one < EARLIEST <= first
    assert last + one < LATEST <= last + 2 * one


def test_the_page_and_the_clusterer_agree_on_what_is_alike() -> None:
    script = (PAGE / "sections" / "campaigns.js").read_text("utf-8")
    assert f"const LIKE = {alike_from(10**6)};" in script


def brightness(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_can_be_used_and_what_has_the_focus_stand_out() -> None:
    """Three to one, as WCAG 2.2 asks of the edges of controls and of the mark of the focus."""
    style = (PAGE / "style.css").read_text("utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w{6});", style))
    rules = re.findall(r"^([^{}\n]+)\{([^}]*)\}", style, re.MULTILINE)
    (ring,) = (body for names, body in rules if "input:focus-visible" in names)
    (field,) = (body for names, body in rules if 'input[type="date"]' in names)
    (button,) = (body for names, body in rules if names.strip() == "button" and "border:" in body)
    for body in (ring, field, button):
        found = re.search(r"solid var\(--(\w+)\)", body)
        assert found is not None, body
        for ground in ("paper", "ground"):
            dark, light = sorted(brightness(colours[name]) for name in (found[1], ground))
            assert (light + 0.05) / (dark + 0.05) >= 3


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port; yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    with served(create_app(services)) as opened:
        yield opened


def rendered(address: str, profile: Path) -> str:
    """Return the document as the browser has built it."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", address]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_shows_the_table_and_a_policy(address: str, tmp_path: Path) -> None:
    favor = share(FAVOR, FAVOR + AGAINST, "opinions")
    shown = [f"{bound:.0%}" for bound in (favor.value, favor.low, favor.high) if bound is not None]
    figures = "支持 {} [{}–{}]".format(*shown)

    table = rendered(f"{address}/#/", tmp_path / "table")
    assert POLICY.title in table
    assert figures in table

    policy = rendered(f"{address}/#/policies/{POLICY.id}", tmp_path / "policy")
    assert figures in policy  # the page's own interval is the API's
    assert f"<title>{POLICY.title} · 民意</title>" in policy  # no comment's script has run
    assert "&lt;script&gt;document.title=2&lt;/script&gt;" in policy
    assert "<img src=x" not in policy.replace('"', "")
    assert "javascript:" not in policy
    assert re.search(r"<mark[^>]*>不公平</mark>", policy)
    assert "2025-04-01 00:30" in policy
    assert "自愿发言的人，不代表全体居民。" in policy
    assert "未校正" in policy
    assert "分母：全部 40 条意见（含未表态）" in policy
    assert re.search(r'<a [^>]*aria-current="true"[^>]*>分组对照</a>', policy)

    others = rendered(
        f"{address}/#/policies/{POLICY.id}?count=authors&sided=1&region=none", tmp_path / "others"
    )
    assert "这个范围内还没有意见。" in others
    few = rendered(f"{address}/#/policies/{POLICY.id}?stance=favor&interval=day", tmp_path / "few")
    assert "40 条意见" in few


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_shows_months_where_weeks_hold_too_few(address: str, tmp_path: Path) -> None:
    shown = rendered(f"{address}/#/policies/{SPARSE.id}", tmp_path / "fitted")
    assert re.search(r'<a [^>]*aria-current="true"[^>]*>按月</a>', shown)
    chosen = rendered(f"{address}/#/policies/{SPARSE.id}?interval=week", tmp_path / "chosen")
    assert re.search(r'<a [^>]*aria-current="true"[^>]*>按周</a>', chosen)
    assert "改为按月查看" in chosen


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("section", SECTIONS)
def test_a_browser_shows_who_speaks_in_every_section(
    address: str, tmp_path: Path, section: str
) -> None:
    shown = rendered(f"{address}/#/policies/{POLICY.id}?section={section}", tmp_path)
    drawn = shown[shown.index('class="tabs"') : shown.index('id="comments"')]
    assert SPOKE in drawn
    assert 'class="state error"' not in shown


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_an_empty_index_asks_nobody_to_widen_a_filter(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "index")
    with served(create_app(Services(index, Policies(), SystemClock()))) as address:
        shown = rendered(f"{address}/#/policies/{POLICY.id}", tmp_path / "profile")
        filtered = rendered(f"{address}/#/policies/{POLICY.id}?stance=favor", tmp_path / "profile")
    index.close()
    assert shown.count("这个范围内还没有意见。") == 1  # in the groups
    assert "还没有谈到这项政策的意见。刚加的政策，要把以前的文件再导入一次。" in shown
    assert "还没有留言。" in shown
    assert "校正模型的已知误判" not in shown[shown.index("<main") :]
    assert "可放宽筛选条件再看" in filtered


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_an_order_is_shown_with_its_number_and_a_long_text_folded(tmp_path: Path) -> None:
    """Who reads it looks the order up where it came from."""
    index = EmbeddedIndex(tmp_path / "index")
    said = opinion(1, Stance.AGAINST, "不公平，早晚高峰都开不了车。" * 40)
    ids = ("test:202611010000123456", "row-1", "other:2")
    index.upsert(
        [said.model_copy(update={"id": str(n), "comment_id": id_}) for n, id_ in enumerate(ids)]
    )
    with served(create_app(Services(index, Policies(), SystemClock()))) as address:
        shown = rendered(
            f"{address}/#/policies/{POLICY.id}?section=campaigns", tmp_path / "profile"
        )
    index.close()
    assert re.findall(r"<bdi>编号 (.*?)</bdi>", shown) == ["202611010000123456"]
    assert shown[: shown.index('id="comments"')].count("展开全文") == 1


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize(
    ("place", "shows"),
    [
        (f"policies/{POLICY.id}?age=old&region={'x' * 101}&stance=x&aspect=x&polarity=x", "共 40"),
        (f"policies/{POLICY.id}?interval=constructor&count=constructor&group=constructor", "共 40"),
        ("?sort=constructor&order=up&domain=nowhere", "显示 3 项政策"),
        ("search?q=不公平&policy=nothing&domain=nowhere&stance=x&from=2025-02-30", "共 160 条"),
        (f"answers?apart=constructor&late=constructor&source={'x' * 101}", "多久得到官方答复"),
    ],
)  # fmt: skip
def test_an_address_that_says_what_nobody_can_choose_says_nothing(
    address: str, tmp_path: Path, place: str, shows: str
) -> None:
    shown = rendered(f"{address}/#/{place}", tmp_path)
    assert 'class="state error"' not in shown
    assert "正在载入" not in shown
    assert shows in shown


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("count", ["opinions", "authors"])
def test_a_browser_shows_groups_and_comments_where_days_are_too_many(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: str
) -> None:
    monkeypatch.setattr("api.routes.policies.MAX_ROWS", REGIONS)  # days are ten, by region sixty
    shown = rendered(f"{address}/#/policies/{WIDE.id}?interval=day&count={count}", tmp_path)
    assert 'class="state error"' not in shown
    assert re.search(r"时段太多.+<a [^>]*interval=month[^>]*>改为按月查看</a>", shown)
    assert re.search(r"<b>60</b> (条意见|票) ", shown)
    assert re.search(r"<th [^>]*><a [^>]*><bdi>5区</bdi>", shown)
    assert "共 60 条意见" in shown
    assert '<option value="5区">' in shown


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_says_what_to_do_where_groups_are_too_many(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.policies.MAX_ROWS", REGIONS - 1)  # months are three
    shown = rendered(f"{address}/#/policies/{WIDE.id}?interval=month", tmp_path)
    assert shown.count('class="state error"') == 1
    assert "换一种分组" in shown
    assert "共 60 条意见" in shown
    assert "地区（全页）" not in shown
