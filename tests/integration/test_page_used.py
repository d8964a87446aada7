"""The page in use: what clicks, keys and an outage do to it, in a browser that a script drives."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from api.app import PAGE, create_app
from api.services import Services
from indexers.embedded import EmbeddedIndex
from minyi.clock import SystemClock
from minyi.shares.adjusting import METHOD, METHOD_LABELLED
from minyi.vocabulary import Stance
from tests.integration.test_page import (
    CHROMIUM,
    POLICY,
    SPARSE,
    Policies,
    opinion,
    rendered,
    served,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

OVERVIEW, POLICY_HASH = "#/", f"#/policies/{POLICY.id}"
HELP = """
const asked = [];  // the addresses that were read
let answer = null;  // (address) => what is answered in the service's place, or null
const service = window.fetch;
window.fetch = async (address, options) => {
  asked.push(address);
  return (answer && await answer(address)) || service(address, options);
};
const down = () => new Response('{"error": {"code": "unavailable"}}', { status: 503 });
const $ = (selector) => document.querySelector(selector);
const button = (text) => [...document.querySelectorAll("button")]
  .find((one) => one.textContent === text);
const box = (text) => [...document.querySelectorAll(".check")]
  .find((one) => one.textContent === text).querySelector("input");
const turn = (ms = 20) => new Promise((go) => setTimeout(go, ms));
const until = async (done) => { while (!done()) await turn(); };
const still = () => until(() => $("#comments .opinion") && !$("[aria-busy]"));
const set = (field, value) => { field.value = value; field.dispatchEvent(new Event("change")); };
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const luminance = (colour) => {  // as WCAG 2 defines it
  const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92
    : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const mixed = (colour, share, ground) => colour.map((c, i) => c * share + ground[i] * (1 - share));
const contrast = (element) => {
  const ancestors = [];
  for (let one = element; one; one = one.parentElement) ancestors.unshift(getComputedStyle(one));
  let ground = [255, 255, 255];
  for (const { backgroundColor } of ancestors) {
    const [r, g, b, share = 1] = channels(backgroundColor);
    ground = mixed([r, g, b], share, ground);
  }
  const { color, fill } = ancestors.at(-1);
  const share = ancestors.reduce((all, { opacity }) => all * opacity, 1);
  const letters = channels(element instanceof SVGElement ? fill : color).slice(0, 3);
  const [dark, light] = [luminance(mixed(letters, share, ground)), luminance(ground)]
    .sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
};
// 4.5 to one of text, three of marks that a reader is not read, as WCAG 2.2 asks
const dull = () => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = [];
  while (texts.nextNode()) {
    const [element, text] = [texts.currentNode.parentElement, texts.currentNode.data.trim()];
    if (!text || !element.checkVisibility() || element.closest("title")) continue;
    const least = element.closest("[aria-hidden]:not(.stance-text)") ? 3 : 4.5;
    if (contrast(element) < least) told.push([text, contrast(element)]);
  }
  return told;
};
const tell = (told) => { document.documentElement.dataset.told = JSON.stringify(told); };
"""

Drive = Callable[[str, str], Any]
_SPREAD = {"values": 1, "largest": [{"value": "城东", "opinions": 9}]}
CAMPAIGN = {
    "id": "x", "opinions": 9, "authors": 9, "unnamed": 0, "texts": 1, "short": False, "days": 1,
    "first": "2025-04-01T00:00:00Z", "last": "2025-04-01T00:00:00Z", "regions": _SPREAD,
    "channels": _SPREAD, "sources": _SPREAD, "stance": "against", "text": "不公平",
    "stances": {"favor": 4, "against": 5, "none": 0}, "likeness": [1, 1],
}  # fmt: skip


@contextmanager
def driving(app: FastAPI, profile: Path) -> Iterator[Drive]:
    """Lend what opens the page of an app at a hash, runs a script beside it, and returns what the
    script tells."""
    page = (PAGE / "index.html").read_text("utf-8")
    run = ""

    @app.get("/driven")
    def driven() -> HTMLResponse:
        return HTMLResponse(page.replace("<script", '<script src="/driver.js"></script><script', 1))

    @app.get("/driver.js")
    def driver() -> Response:
        return Response(f"{HELP}(async () => {{{run}}})();", media_type="text/javascript")

    with served(app) as address:

        def told(place: str, script: str) -> Any:
            nonlocal run
            run = script
            shown = rendered(f"{address}/driven{place}", profile)
            found = re.search(r'data-told="([^"]*)"', shown)
            assert found is not None, "the script waits for what does not come"
            return json.loads(html.unescape(found[1]))

        yield told


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Drive]:
    """The page over two policies, one of them hardly spoken of."""
    index = EmbeddedIndex(tmp_path / "index")
    stances = [Stance.FAVOR] * 7 + [Stance.AGAINST] * 33
    index.upsert(
        [opinion(i, stance, f"不公平{i}", region="城东") for i, stance in enumerate(stances)]
    )
    index.upsert([opinion(100 + i, Stance.FAVOR, f"地铁不公平{i}", SPARSE) for i in range(12)])
    app = create_app(Services(index, Policies(), SystemClock()))
    with driving(app, tmp_path / "profile") as driven:
        yield driven
    index.close()


@pytest.mark.parametrize("lost", ["/v1/", f"/v1/policies/{POLICY.id}$"], ids=["all", "head"])
def test_all_of_a_policy_comes_back_after_an_outage(drive: Drive, lost: str) -> None:
    told = drive(
        POLICY_HASH,
        f"""
        answer = (address) => (new RegExp({json.dumps(lost)}).test(address) ? down() : null);
        await until(() => button("重试"));
        answer = null;
        button("重试").click();
        await still();
        tell(["h1", ".tabs", ".stance-bar", ".groups", "#comments", "select[data-key=region]"]
          .filter((part) => !$(part)));
        """,
    )
    assert told == []


def test_shares_that_labels_adjust_are_told_as_such(drive: Drive) -> None:
    """Whoever has labelled sees that the labels were taken."""
    told = drive(
        POLICY_HASH,
        f"""
        let method = {json.dumps(METHOD_LABELLED)};
        answer = async (address) => {{
          if (!address.includes("/trend")) return null;
          const trend = await (await service(address)).json();
          trend.uncorrected = null;
          trend.total.adjusted = {{ ...trend.total.raw, method }};
          return new Response(JSON.stringify(trend));
        }};
        await still();
        const labelled = [$(".big .chip").textContent, $(".big .chip").title];
        method = {json.dumps(METHOD)};
        location.hash += "?count=collapsed";
        await until(() => $(".big .chip").textContent === "已校正");
        tell([labelled, $(".big .chip").title]);
        """,
    )
    (tag, title), without = told
    assert tag == "已按标注校正"
    assert "这项政策的人工标注" in title
    assert "标注" not in without


@pytest.mark.parametrize(
    ("authors", "unnamed", "told"),
    [
        (7, 0, "7 位作者"),
        (5, 3, "2 位作者，另 3 条未留作者"),
        (9, 9, "都未留作者"),
    ],
)
def test_a_campaign_without_names_is_not_of_as_many_people(
    drive: Drive, authors: int, unnamed: int, told: str
) -> None:
    one = CAMPAIGN | {"authors": authors, "unnamed": unnamed}
    shown = drive(
        f"{POLICY_HASH}?section=campaigns",
        f"""
        answer = async (address) => {{
          if (!address.includes("/campaigns")) return null;
          const found = await (await service(address)).json();
          return new Response(JSON.stringify({{ ...found, items: [{json.dumps(one)}] }}));
        }};
        await until(() => $("section.card .opinions .meta"));
        tell($("section.card .opinions .meta").firstChild.textContent);
        """,
    )
    assert shown == told


@pytest.mark.parametrize(
    ("texts", "likeness", "said", "unsaid"),
    [
        (1, [1, 1], "同一文字被判读出两种立场", "写法"),
        (9, [0.03, 0.9], "相差大的经中间的文字相连", "同一文字"),
    ],
)
def test_a_campaign_of_many_wordings_is_not_called_one_text(
    drive: Drive, texts: int, likeness: list[float], said: str, unsaid: str
) -> None:
    told = drive(
        f"{POLICY_HASH}?section=campaigns",
        f"""
        answer = async (address) => {{
          if (!address.includes("/campaigns")) return null;
          const found = await (await service(address)).json();
          const one = {json.dumps(CAMPAIGN | {"texts": texts, "likeness": likeness})};
          return new Response(JSON.stringify({{ ...found, items: [one] }}));
        }};
        await until(() => $("section.card .opinions .meta"));
        tell($("section.card .opinions").textContent);
        """,
    )
    assert said in told
    assert unsaid not in told


def test_whoever_tries_again_before_all_has_failed_gets_all_of_the_policy(drive: Drive) -> None:
    told = drive(
        f"{POLICY_HASH}?interval=week",
        f"""
        let let_go;
        const held = new Promise((go) => {{ let_go = go; }});
        answer = async (address) => {{
          if (address.includes("/trend")) await held;
          return address.endsWith("{POLICY.id}") ? down() : null;
        }};
        await until(() => button("重试"));
        answer = null;
        button("重试").click();
        let_go();
        await until(() => !$("[aria-busy]"));
        await turn(200);
        tell(["h1", ".tabs", ".stance-bar", ".groups", "#comments"].filter((part) => !$(part)));
        """,
    )
    assert told == []


def test_shares_that_could_not_be_read_are_not_shown_as_others(drive: Drive) -> None:
    told = drive(
        OVERVIEW,
        """
        await until(() => $(".policies tbody tr"));
        answer = (address) => (address.includes("sure") ? down() : null);
        box("不计存疑").click();
        await until(() => button("重试"));
        const failing = $(".policies").hidden;
        answer = null;
        button("重试").click();
        await until(() => $(".count-line"));
        tell([failing, $(".policies").hidden, $(".count-line").textContent]);
        """,
    )
    assert told[:2] == [True, False]
    assert "不计模型对立场把握不大的意见" in told[2]


def test_an_older_answer_that_comes_last_changes_nothing(drive: Drive) -> None:
    told = drive(
        OVERVIEW,
        """
        await until(() => $(".policies tbody tr"));
        let let_go;
        const held = new Promise((go) => { let_go = go; });
        answer = async (address) => {
          if (!address.includes("sure")) return null;
          await held;
          return new Response('{"items": [], "opinions": 0}');
        };
        box("不计存疑").click();
        const first = $(".policies tbody tr");
        box("不计存疑").click();
        await until(() => asked.filter((address) => address === "/v1/policies").length === 2
          && $(".policies tbody tr") !== first);
        let_go();
        await turn(200);
        tell([$(".policies").hidden, box("不计存疑").checked]);
        """,
    )
    assert told == [False, False]


def test_every_section_leaves_out_what_is_in_doubt(drive: Drive) -> None:
    told = drive(
        f"{POLICY_HASH}?sure=1",
        """
        await still();
        for (const { hash } of [...document.querySelectorAll(".tabs a")]) {
          location.hash = `${hash}&around=2025-04-02`;
          await turn(50);
          await still();
        }
        tell(asked);
        """,
    )
    names_of_regions = "/trend?interval=month&group=region&rows=false"
    read = [one for one in told if f"{POLICY.id}/" in one and not one.endswith(names_of_regions)]
    for name in ("trend", "why", "differences", "changes", "comparison", "responsiveness"):
        assert any(f"/{name}?" in one for one in read), name
    assert [one for one in read if "sure=true" not in one] == []


def test_a_day_can_be_typed_and_one_that_is_none_changes_nothing(drive: Drive) -> None:
    told = drive(
        f"{POLICY_HASH}?section=changes&around=2025-04-02",
        """
        await still();
        const told = [];
        for (const key of ["around", "from"]) {
          const field = $(`[data-key=${key}]`);
          const before = location.hash;
          field.focus();
          for (const day of ["0002-03-05", "1990-01-01", "2100-01-01"]) set(field, day);
          await turn(200);
          told.push(location.hash === before);
          set(field, "2025-04-01");
          await until(() => location.hash !== before);
          await turn(50);
          await still();
          told.push($(`[data-key=${key}]`) === field, document.activeElement === field);
        }
        location.hash += "&to=2025-02-30";
        await turn(50);
        await still();
        tell([told, asked.filter((address) => /until/.test(address))]);
        """,
    )
    assert told == [[True] * 6, []]


def test_the_day_can_be_chosen_again_where_its_comparison_fails(drive: Drive) -> None:
    told = drive(
        f"{POLICY_HASH}?section=changes",
        """
        await still();
        const field = $("[data-key=around]");
        answer = (address) => (address.includes("comparison") ? down() : null);
        set(field, "2025-04-02");
        await until(() => button("重试"));
        const told = [$("[data-key=around]") === field];
        answer = null;
        button("重试").click();
        await until(() => !button("重试"));
        await still();
        tell([...told, $(".card .error") === null, asked.at(-1)]);
        """,
    )
    assert told[:2] == [True, True]
    assert "date=2025-04-02" in told[2]


def test_whoever_uses_the_keyboard_is_not_sent_back_to_the_top(drive: Drive) -> None:
    told = drive(
        POLICY_HASH,
        """
        const use = async (element) => {
          const before = location.hash;
          element.focus();
          element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
          await until(() => location.hash !== before);
          await turn(100);
          await still();
          return document.activeElement.textContent;
        };
        await still();
        const told = [await use($('.aspect-bar[href*="fairness"]'))];
        told.push(await use([...document.querySelectorAll(".groups a")].at(-1)));
        told.push(await use(button("清除筛选")));
        location.hash = "#/";
        await until(() => $(".policies thead button"));
        const sort = () => $('.policies [data-key="favor"]');
        sort().focus();
        sort().click();
        told.push(document.activeElement === sort());
        const drawn = sort();
        const sided = box("只比支持与反对");
        sided.checked = true;
        set(sided, "on");
        await until(() => sort() !== drawn);
        tell([...told, document.activeElement === sort()]);
        """,
    )
    assert told == ["留言依据", "城东", "留言依据", True, True]


@pytest.mark.parametrize(("opinions", "words"), [(5, "意见这么少"), (300, "平常的起伏之内")])
def test_no_change_among_few_opinions_is_no_calm(drive: Drive, opinions: int, words: str) -> None:
    watched = {"first": "2025-01-01", "last": "2025-06-30", "days": 181, "opinions": opinions}
    found = {
        "policy_id": POLICY.id,
        "arl": 3650,
        "series": 9,
        "watched": watched,
        "denominator": {"count": "opinions"},
        "items": [],
        "events": [],
    }
    told = drive(
        f"{POLICY_HASH}?section=changes",
        f"""
        const found = {json.dumps(json.dumps(found))};
        answer = (address) => (address.includes("/changes") ? new Response(found) : null);
        await still();
        tell($("#comments").parentElement.previousElementSibling.textContent);
        """,
    )
    assert f"共 9 条序列、{opinions} 条意见。" in told
    assert words in told


@pytest.mark.parametrize("place", [OVERVIEW, POLICY_HASH, f"#/policies/{SPARSE.id}"])
def test_every_letter_stands_out(drive: Drive, place: str) -> None:
    told = drive(
        place,
        """
        await until(() => $("tr.few, .opinion") && !$("[aria-busy]"));
        tell(dull());
        """,
    )
    assert told == []
