// One policy: its trend, its evaluation, who says so, and the comments behind every figure.

import { get } from "./api.js";
import { aspectRows, stanceBar } from "./bars.js";
import { timeChart } from "./chart.js";
import { empty, failed, h, loading, setTitle, swap } from "./dom.js";
import { evidence } from "./evidence.js";
import { policyHref } from "./route.js";
import { share, total } from "./shares.js";
import { split } from "./split.js";
import { FEW, GROUPS, INTERVALS, bucketEnd, fromDays, isDate, number, withInterval } from "./words.js";

const EVIDENCE = ["stance", "aspect", "polarity", "from", "to"];
const SCOPE = Object.keys(GROUPS);

// Keeps what names of `params`.
const pick = (params, names) => Object.fromEntries(names.filter((name) => params[name]).map((name) => [name, params[name]]));

export function policyView(id, given) {
  const reading = new AbortController();
  const path = `/v1/policies/${encodeURIComponent(id)}`;
  const answers = new Map();
  const parts = { head: h("div"), notice: h("div"), figures: h("div", null, loading()), groups: h("div"), comments: h("div") };
  const drawn = {};
  const element = h("article", { class: "policy" },
    h("p", { class: "back" }, h("a", { href: "#/" }, "← 政策总览")), parts.head, parts.notice, parts.figures, parts.groups, parts.comments);
  let params = {};

  // Reads once what several parts of the view need.
  function read(url, query = {}) {
    const name = JSON.stringify([url, query]);
    if (!answers.has(name)) {
      answers.set(name, get(url, query, reading.signal).catch((error) => {
        answers.delete(name);
        throw error;
      }));
    }
    return answers.get(name);
  }

  // Draws a part when what it depends on has changed; a slower, older answer never wins.
  async function part(name, dependsOn, make) {
    const state = JSON.stringify(dependsOn);
    if (drawn[name] === state) return;
    drawn[name] = state;
    parts[name].setAttribute("aria-busy", "true");
    try {
      const content = await make();
      if (drawn[name] !== state) return;
      swap(parts[name], ...[content].flat());
      parts[name].removeAttribute("aria-busy");
    } catch (error) {
      if (error.name === "AbortError" || drawn[name] !== state) return;
      drawn[name] = null;
      parts[name].removeAttribute("aria-busy");
      parts[name].replaceChildren(failed(error, () => update(params)));
      throw error;
    }
  }

  const here = (changes) => policyHref(id, { ...params, ...changes });
  const nothing = Object.fromEntries(EVIDENCE.map((name) => [name, null]));

  function settings() {
    const interval = INTERVALS[params.interval] ? params.interval : "week";
    const group = GROUPS[params.group] ? params.group : "region";
    return { interval, group, shape: params.merge ? "collapsed" : "raw", scope: pick(params, SCOPE) };
  }

  async function head() {
    const { policy, domain_zh } = await read(path);
    setTitle(policy.title);
    const force = [policy.in_force_from && `自 ${policy.in_force_from} 起施行`, policy.in_force_until && `至 ${policy.in_force_until} 止`];
    return [h("h1", null, policy.title),
      h("p", { class: "facts" }, [domain_zh, policy.department, policy.region, ...force].filter(Boolean).map((fact) => h("span", null, fact))),
      h("p", { class: "description" }, policy.description)];
  }

  async function figures() {
    const { interval, shape, scope } = settings();
    const { rows } = await read(`${path}/trend`, { interval, ...scope });
    const controls = [
      h("div", { class: "controls" },
        h("div", { class: "switch", role: "group", "aria-label": "时间粒度" }, Object.entries(INTERVALS).map(([key, name]) => h("a", {
          href: here({ interval: key }), "data-key": key, "aria-current": key === interval && "true",
        }, name))),
        h("label", { class: "check" }, merge(shape), "合并近似文本")),
      chips(scope)];
    if (rows.length === 0) return [...controls, empty("这个范围内还没有意见。")];
    const summary = total(rows.map((row) => row[shape]));
    const raw = rows.reduce((all, row) => all + row.raw.opinions, 0);
    const merged = rows.reduce((all, row) => all + row.collapsed.opinions, 0);
    const attention = share(raw, rows.reduce((all, row) => all + row.salience.n, 0));
    const link = (bucket, stance = null) => here({
      ...nothing, stance, from: bucket, to: fromDays(bucketEnd(bucket, interval) - 1),
    });
    return [...controls,
      h("section", { class: "card", "aria-label": "总体立场" },
        h("p", { class: "big" }, h("b", null, number(summary.opinions)), " 条意见",
          summary.opinions < FEW && h("span", { class: "tag" }, "样本较少，比例仅供参考"),
          h("a", { href: here(nothing), class: "see" }, "查看留言")),
        stanceBar(summary),
        h("p", { class: "quiet" }, `关注度：占有人谈及的各时段全部 ${number(attention.n)} 条意见的 ${withInterval(attention)}。`),
        h("p", { class: "quiet" }, shape === "collapsed"
          ? `分母：合并后的 ${number(merged)} 条意见；同一时段内文字近似且立场相同的只计一次，${raw > merged ? `合并掉 ${number(raw - merged)} 条` : "此处没有可合并的"}。`
          : `分母：全部 ${number(raw)} 条意见（含未表态）。${raw > merged ? `其中 ${number(raw - merged)} 条是近似文本的重复，可勾选“合并近似文本”对照。` : ""}`)),
      h("section", { class: "card" }, h("h2", null, "随时间的变化"),
        timeChart({
          rows: rows.map((row) => ({ bucket: row.bucket, summary: row[shape], salience: row.salience })), interval, link, from: params.from, to: params.to,
        })),
      h("section", { class: "card" }, h("h2", null, "对实施情况的评价"),
        h("p", { class: "quiet" }, `占 ${number(summary.opinions)} 条意见的比例，细线为 95% 区间；一条意见可以评价多个方面。点击条形查看留言。`),
        aspectRows(summary, (aspect, polarity) => here({ ...nothing, aspect, polarity })))];
  }

  function merge(shape) {
    const box = h("input", { type: "checkbox", "data-key": "merge", onchange: () => { location.hash = here({ merge: box.checked ? "1" : null }); } });
    box.checked = shape === "collapsed";
    return box;
  }

  function chips(scope) {
    const names = Object.entries(scope);
    return names.length > 0 && h("p", { class: "chips", role: "status" }, "当前只看：", names.map(([name, value]) => h("a", {
      class: "chip scope", href: here({ [name]: null }), "aria-label": `取消 ${GROUPS[name]} ${value}`,
    }, `${GROUPS[name]} `, h("bdi", null, value), " ✕")));
  }

  async function groups() {
    const { interval, group, shape, scope } = settings();
    const others = { ...scope, [group]: null };
    const { rows } = await read(`${path}/trend`, { interval, group, ...others });
    return split({ rows, group, shape, scope, here });
  }

  async function regions() {
    const { interval } = settings();
    const { rows } = await read(`${path}/trend`, { interval, group: "region" });
    return [...new Set(rows.map((row) => row.group).filter((name) => name !== null))].sort((a, b) => a.localeCompare(b, "zh-CN"));
  }

  async function update(next) {
    const before = params;
    params = next;
    const { scope } = settings();
    const wanted = pick(params, EVIDENCE);
    for (const name of ["from", "to"]) if (!isDate(wanted[name])) delete wanted[name];
    const done = await Promise.allSettled([
      part("head", [], head),
      part("figures", [params], figures),
      part("groups", [params], groups),
      part("comments", [scope, wanted], async () => evidence({
        path: `${path}/evidence`, wanted, scope, here, nothing, regions: await regions(), signal: reading.signal,
      })),
    ]);
    if (done[0].status === "rejected") {  // one message for all parts
      for (const name of ["figures", "groups", "comments"]) parts[name].replaceChildren();
    } else if (asked(before, params)) {
      show();
    }
  }

  function show() {
    parts.comments.scrollIntoView({ behavior: "smooth", block: "start" });
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
          answers.clear();
          for (const name of Object.keys(drawn)) drawn[name] = null;
          parts.notice.replaceChildren();
          update(params);
        },
      }, "更新本页")));
  }

  // A second click on the same figure changes nothing in the address, but shows the list again.
  parts.figures.addEventListener("click", (event) => {
    if (event.target.closest("a")?.getAttribute("href") === location.hash) show();
  });

  update(given);
  return { element, title: "政策", update, refresh, stop: () => reading.abort() };
}
