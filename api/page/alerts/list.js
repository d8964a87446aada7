// The subscriptions that the service keeps: how each stands, what it has sent, and its end.

import { reader } from "../api.js";
import { empty, failed, focus, h, loading, swap } from "../dom.js";
import { policyHref } from "../route.js";
import { number, time } from "../words.js";
import { standing, subscriptions, unsubscribe } from "./calls.js";
import { FORMATS } from "./formats.js";
import { sentence } from "./rule.js";
import { sent } from "./sent.js";

const SHOWN = 20;
const EVERY_MS = 10_000;

export function subscriptionsView() {
  const reading = new AbortController();
  const read = reader(reading.signal);
  const heading = h("h1", { id: "subscriptions-title" }, "提醒订阅");
  const told = h("p", { class: "count-line", role: "status" });
  const cards = h("div", null, loading());
  const element = h("section", { "aria-labelledby": "subscriptions-title" }, heading,
    h("p", { class: "quiet" }, "订阅没有各自的账号：能打开本页的人都能看到全部订阅，也能退订。要新订阅，请点开一项政策，再点“订阅提醒”。"),
    told, cards);
  let shown = [];

  async function start() {
    cards.replaceChildren(loading());
    try {
      const [found, { items }] = await Promise.all([subscriptions(reading.signal), read("/v1/policies")]);
      const titles = new Map(items.map(({ policy }) => [policy.id, policy.title]));
      if (found === null) cards.replaceChildren(empty("这个服务没有开通提醒，没有订阅。"));
      else list(found.reverse(), titles);
    } catch (error) {
      if (error.name !== "AbortError") cards.replaceChildren(failed(error, start));
    }
  }

  // The newest first: whoever has just subscribed looks for theirs.
  function list(all, titles) {
    let left = all.length;
    const tell = (ended = "") => {
      told.textContent = `${ended}${left > 0 ? `共 ${number(left)} 个订阅，新的在前。` : ""}`;
      if (left === 0) cards.replaceChildren(empty("还没有订阅。"));
    };
    const add = (some) => some.map((one) => {
      const made = card(one, titles, reading.signal, () => {
        made.element.remove();
        shown = shown.filter((other) => other !== made);
        left -= 1;
        tell(`已退订“${one.name}”。`);
        focus(heading);
      });
      shown.push(made);
      return made.element;
    });
    const rest = all.slice(SHOWN);
    const more = h("button", { type: "button", onclick: () => more.replaceWith(...add(rest)) }, `显示其余 ${number(rest.length)} 个`);
    cards.replaceChildren(...add(all.slice(0, SHOWN)), ...(rest.length > 0 ? [more] : []));
    tell();
  }

  // Deliveries and first evaluations come without new opinions, too.
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") shown.forEach((one) => one.refresh());
  }, EVERY_MS);

  function stop() {
    clearInterval(timer);
    reading.abort();
  }

  start();
  return { element, title: "提醒订阅", stop };
}

// One subscription; gone() is called when it has ended.
function card(one, titles, signal, gone) {
  const policies = h("div", null, loading());
  const alerts = h("div");
  const end = h("div");
  let drawn = [];

  async function refresh() {
    let found;
    try {
      found = await standing(one.id, signal);
    } catch (error) {
      if (error.name !== "AbortError") policies.replaceChildren(failed(error, refresh));
      drawn = [];
      return;
    }
    const next = [found.policies, found.alerts].map((part) => JSON.stringify(part));
    if (next[0] !== drawn[0]) swap(policies, reasons(found.policies, titles));
    if (next[1] !== drawn[1]) swap(alerts, ...sent(found.alerts));
    drawn = next;
  }

  const ask = h("button", { type: "button", "aria-label": `退订 ${one.name}`, onclick: () => sure() }, "退订");

  function sure() {
    const failure = h("span", { class: "wrong", role: "alert" });
    const back = h("button", { type: "button", onclick: () => { end.replaceChildren(ask); ask.focus(); } }, "不退订");
    const go = h("button", {
      type: "button", class: "main", onclick: async () => {
        go.disabled = true;
        try {
          await unsubscribe(one.id);
          gone();
        } catch (error) {
          failure.textContent = error.message;
          go.disabled = false;
        }
      },
    }, "确定退订");
    end.replaceChildren(h("div", { class: "sure", role: "group", "aria-label": `退订 ${one.name}` },
      h("p", { role: "alert" }, "退订后不再提醒，这里的提醒记录也一并删除，不能恢复。"), back, go, failure));
    back.focus();  // a second press of the same key ends nothing
  }

  end.append(ask);
  refresh();
  return {
    element: h("article", { class: "card subscription" },
      h("div", { class: "card-head" }, h("h2", null, h("bdi", null, one.name)), end),
      h("p", null, sentence(one.rule), `时，提醒发给${FORMATS[one.format]} `, h("bdi", null, one.webhook)),
      h("p", { class: "quiet" }, `${time(one.created_at)} 订阅${one.since ? `，从 ${one.since} 起统计` : ""}`),
      policies, alerts),
    refresh,
  };
}

// Why nothing came, or comes now, of each policy.
const reasons = (policies, titles) => h("ul", { class: "plain-list" }, policies.map(({ policy_id: id, reason }) => h("li", null,
  h("a", { href: policyHref(id) }, titles.get(id) ?? id), `：${reason}`)));
