// One policy: its trend, the sections that look closer, and the comments behind every figure.

import { reader } from "./api.js";
import { focus, h, loading, setTitle, swap } from "./dom.js";
import { evidence } from "./evidence.js";
import { figures, sparse } from "./figures.js";
import { painter } from "./parts.js";
import { policyHref, subscribeHref } from "./route.js";
import { opened, tabs } from "./sections.js";
import { warning } from "./sections/campaigns.js";
import { EVIDENCE, nothing, pick, settings, wanted } from "./settings.js";
import { INTERVALS, has } from "./words.js";

export function policyView(id, given) {
  const reading = new AbortController();
  const read = reader(reading.signal);
  const path = `/v1/policies/${encodeURIComponent(id)}`;
  const parts = { head: h("div"), notice: h("div"), warning: h("div"), figures: h("div", null, loading()), tabs: h("div"), section: h("section", { class: "card" }), comments: h("div") };
  const element = h("article", { class: "policy" },
    h("p", { class: "back" }, h("a", { href: "#/" }, "← 政策总览")), Object.values(parts));
  const { paint, forget } = painter(parts, again);
  const here = (changes) => policyHref(id, { ...params, ...changes });
  let params = {};
  let open = null;
  let listed = null;  // the comments, with the names of the regions that can be chosen there
  const kept = {};
  let asking = 0;  // the newest update

  async function head() {
    const { policy, domain_zh } = await read(path);
    setTitle(policy.title);
    const force = [policy.in_force_from && `自 ${policy.in_force_from} 起施行`, policy.in_force_until && `至 ${policy.in_force_until} 止`];
    const { stance } = wanted(params);
    return [h("div", { class: "card-head" }, h("h1", null, policy.title),
      h("a", { class: "button", href: subscribeHref(id, { stance }), "data-key": "subscribe" }, "订阅提醒")),
      h("p", { class: "facts" }, [domain_zh, policy.department, policy.region, ...force].filter(Boolean).map((fact) => h("span", null, fact))),
      h("p", { class: "description" }, policy.description)];
  }

  async function section() {
    const { scope } = settings(params);
    const figure = (changes) => here(EVIDENCE.some((name) => changes[name]) ? { ...nothing, ...changes } : changes);
    if (open !== (open = opened(params))) swap(parts.section, loading());
    return open.draw({ read, path, params, scope, here: figure, kept, signal: reading.signal });
  }

  async function comments() {
    // Only the names are wanted; the list does without the choice.
    const { groups } = await read(`${path}/trend`, { interval: "month", group: "region", rows: false }).catch(() => ({ groups: [] }));
    const regions = groups.map(({ group }) => group).filter((name) => name !== null).sort((a, b) => a.localeCompare(b, "zh-CN"));
    const names = JSON.stringify(regions);
    if (listed?.names !== names) listed = { names, ...evidence({ path: `${path}/evidence`, here, nothing, regions, signal: reading.signal }) };
    listed.update({ wanted: wanted(params), ...settings(params) });
    return listed.element;
  }

  // Weeks, or months where most weeks hold too few opinions for a number, until somebody chooses.
  async function fitted(next) {
    if (has(INTERVALS, next.interval)) return next;
    const { count, scope, sure, sided } = settings(next);
    try {
      const { rows } = await read(`${path}/trend`, { interval: "week", count, sure, sided, ...scope });
      return sparse(rows) ? { ...next, interval: "month" } : next;
    } catch {
      return next;  // the part that reads the same says why
    }
  }

  async function update(next) {
    const mine = asking += 1;
    const chosen = await fitted(next);
    if (asking !== mine) return;
    const before = params;
    params = chosen;
    const { scope, sure } = settings(params);
    paint("warning", [scope, sure], () => warning({ read, path, scope: { ...scope, sure }, link: here({ section: "campaigns" }) }));
    const done = await Promise.allSettled([
      paint("head", [wanted(params).stance], head),
      paint("figures", [params], () => figures({ read, path, params, here })),
      paint("tabs", [params], () => tabs(opened(params), here)),
      paint("section", [params], section),
      paint("comments", [settings(params), wanted(params)], comments),
    ]);
    if (done[0].status === "rejected") {  // one message for all parts
      if (asking !== mine) return;  // somebody has tried again meanwhile
      forget();
      for (const name of ["warning", "figures", "tabs", "section", "comments"]) parts[name].replaceChildren();
    } else if (asked(before, params)) {
      show();
    }
  }

  // Parts that do without what could not be read are drawn anew, too.
  function again() {
    forget();
    update(params);
  }

  function show() {
    parts.comments.scrollIntoView({ behavior: "smooth", block: "start" });
    const heading = parts.comments.querySelector("h2");
    if (heading) focus(heading);
  }

  // Whether a click on a figure changed which comments are listed; a choice in the list's own
  // filters needs no move.
  function asked(before, after) {
    return before !== after && !parts.comments.contains(document.activeElement)
      && Object.keys(pick(after, EVIDENCE)).length > 0
      && JSON.stringify(pick(before, EVIDENCE)) !== JSON.stringify(pick(after, EVIDENCE));
  }

  function refresh() {
    parts.notice.replaceChildren(h("p", { class: "notice", role: "status" }, "有新的意见流入。",
      h("button", {
        type: "button",
        onclick: () => {
          read.forget();
          parts.notice.replaceChildren();
          again();
        },
      }, "更新本页")));
  }

  // A second click on the same figure changes nothing in the address, but shows the list again.
  for (const part of [parts.figures, parts.section]) {
    part.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (link?.getAttribute("href") === location.hash && !link.closest(".switch")) show();
    });
  }

  update(given);
  return { element, title: "政策", update, refresh, stop: () => reading.abort() };
}
