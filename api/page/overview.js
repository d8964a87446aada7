// The table of policies.

import { get } from "./api.js";
import { aspectColumns, largest, stanceBar } from "./bars.js";
import { empty, failed, h, labelled, loading, select, swap } from "./dom.js";
import { certainty, evaluated, shown, tooFew } from "./readings.js";
import { href, policyHref } from "./route.js";
import { flags, pick } from "./settings.js";
import { FEW, SIDED, SPOKE, SURE, has, number } from "./words.js";

const sum = (polarity) => (view) => evaluated(view).reduce((all, row) => all + (row[polarity].value ?? 0), 0);
const SORTS = {
  opinions: ["意见数", ({ raw }) => raw.n],
  favor: ["支持率", (view) => shown(view, "favor").value ?? -1],
  against: ["反对率", (view) => shown(view, "against").value ?? -1],
  praise: ["肯定多少", sum("praise")],
  criticism: ["批评多少", sum("criticism")],
  title: ["政策名称", ({ policy }) => policy.title],
  domain: ["领域", ({ domain_zh }) => domain_zh],
};
const COLUMNS = [["title"], ["domain"], ["opinions"], ["favor", "against"], ["praise", "criticism"]];
const TEXTS = new Set(["title", "domain"]);

export function overview(given) {
  const params = { sort: "opinions", ...given };
  if (!has(SORTS, params.sort)) params.sort = "opinions";
  if (!["asc", "desc"].includes(params.order)) delete params.order;
  let items = null;
  let counted = null;  // what was left out when they were read
  const tools = h("form", { class: "tools", role: "search", onsubmit: (event) => event.preventDefault() });
  const head = h("thead");
  const body = h("tbody");
  const table = h("table", { class: "policies" },
    h("caption", { class: "hidden" }, "各项政策的意见数、立场与评价"), head, body);
  const note = h("div");
  const element = h("section", { "aria-labelledby": "overview-title" },
    h("h1", { id: "overview-title" }, "政策总览"), tools, note, table);

  function change(next) {
    Object.assign(params, next);
    history.replaceState(null, "", href("/", { ...params, sort: params.sort === "opinions" ? null : params.sort }));
    if (counted === leftOut()) draw();
  }

  const leftOut = () => JSON.stringify(flags(params));
  const descends = () => (params.order ? params.order === "desc" : !TEXTS.has(params.sort));

  function sortBy(key) {
    const same = params.sort === key;
    change({ sort: key, order: same ? (descends() ? "asc" : "desc") : null });
  }

  function drawTools() {
    const domains = new Map(items.map(({ policy, domain_zh }) => [policy.domain, domain_zh]));
    if (!domains.has(params.domain)) delete params.domain;
    const text = h("input", {
      type: "search", value: params.text ?? "", placeholder: "名称、别名或部门",
      oninput: () => change({ text: text.value.trim() }),
    });
    const check = (name, text, explained, then) => {
      const box = h("input", { type: "checkbox", onchange: () => { change({ [name]: box.checked ? "1" : null }); then?.(); } });
      box.checked = Boolean(params[name]);
      return h("label", { class: "check", title: explained }, box, text);
    };
    tools.replaceChildren(
      labelled("领域", select("domain", [["", "全部领域"], ...domains], params.domain, (domain) => change({ domain }))),
      labelled("筛选政策", text, "grow"),
      h("div", { class: "only-narrow" }, labelled("排序", select("sort", Object.entries(SORTS).map(([key, [name]]) => [key, name]), params.sort,
        (sort) => change({ sort, order: null })))),
      check("sure", "不计存疑", SURE, refresh), check("sided", "只比支持与反对", SIDED, refresh),
      check("all", "含暂无意见的政策"));
  }

  function chosen() {
    const words = (params.text ?? "").toLowerCase();
    const found = items.filter(({ policy, raw }) => (params.all || raw.n > 0)
      && (!params.domain || policy.domain === params.domain)
      && [policy.title, policy.department, ...policy.aliases].some((name) => name.toLowerCase().includes(words)));
    const [, key] = SORTS[params.sort];
    const turn = descends() ? -1 : 1;
    // A share of a handful of opinions ranks nothing: policies with few come last.
    const last = ({ raw }) => !TEXTS.has(params.sort) && params.sort !== "opinions" && raw.favor.n < FEW;
    return found.sort((one, other) => {
      if (last(one) !== last(other)) return last(one) ? 1 : -1;
      const [a, b] = [key(one), key(other)];
      return turn * (TEXTS.has(params.sort) ? a.localeCompare(b, "zh-CN") : a - b) || one.policy.id.localeCompare(other.policy.id);
    });
  }

  function draw() {
    const rows = chosen();
    const top = largest(rows.filter(({ raw }) => raw.n >= FEW));
    swap(head, h("tr", null, COLUMNS.map((keys) => h("th", {
      scope: "col", class: keys[0],
      "aria-sort": keys.includes(params.sort) ? (descends() ? "descending" : "ascending") : null,
    }, keys.map((key) => h("button", { type: "button", "data-key": key, onclick: () => sortBy(key) },
      SORTS[key][0], h("span", { "aria-hidden": "true" }, params.sort === key ? (descends() ? " ▼" : " ▲") : " ↕")))))));
    swap(body, ...rows.map((item) => row(item, top, pick(params, ["sure", "sided"]))));
    const silent = items.filter(({ raw }) => raw.n === 0).length;
    table.hidden = rows.length === 0;
    table.removeAttribute("aria-busy");
    note.replaceChildren();
    if (items.length === silent && !params.all) note.append(empty("还没有意见。留言流入并完成判读后，这里会自动更新。"));
    else if (rows.length === 0) note.append(empty("没有符合条件的政策。"));
    else note.append(h("p", { class: "count-line" }, `显示 ${number(rows.length)} 项政策`,
      !params.all && silent ? `，另有 ${number(silent)} 项暂无意见` : "", "。条形左端为支持，右端为反对，横线为 95% 区间。评价：",
      h("span", { class: "praise-word" }, "向上为肯定"), "，", h("span", { class: "criticism-word" }, "向下为批评"), `，均为占该政策意见数的比例。${params.sided ? SIDED : ""}${params.sure ? SURE : ""}`,
      rows.some(({ raw }) => !raw.too_few) && certainty(rows.find(({ uncorrected }) => uncorrected)?.uncorrected ?? null), SPOKE));
  }

  async function refresh() {
    const asked = leftOut();
    if (items && asked !== counted) table.setAttribute("aria-busy", "true");
    let answer;
    try {
      answer = await get("/v1/policies", flags(params));
    } catch (error) {
      if (asked !== leftOut() || asked === counted) return;
      table.hidden = true;
      note.replaceChildren(failed(error, refresh));
      return;
    }
    if (asked !== leftOut()) return;  // the boxes were ticked otherwise meanwhile
    [items, counted] = [answer.items, asked];
    if (!tools.childElementCount) drawTools();
    draw();
  }

  note.append(loading());
  table.hidden = true;
  refresh();
  return { element, title: "政策总览", refresh };
}

// kept: the choices of how to count, which go with the reader.
function row(view, top, kept) {
  const { policy, domain_zh, raw } = view;
  const few = raw.n < FEW;
  return h("tr", { class: few && "few" },
    h("th", { scope: "row" }, h("a", { href: policyHref(policy.id, kept) }, policy.title),
      h("small", null, policy.department)),
    h("td", { class: "domain" }, domain_zh),
    h("td", { class: "number" }, h("b", null, number(raw.n)), h("span", { class: "only-narrow" }, " 条意见"),
      few && !raw.too_few && h("span", { class: "tag", title: `不足 ${FEW} 条，区间很宽` }, "样本较少")),
    raw.too_few
      ? h("td", { colspan: 2, class: "quiet" }, raw.n === 0 ? "暂无意见" : tooFew(view))
      : [h("td", { class: "stances" }, stanceBar(view)),
        h("td", { class: "aspects" }, aspectColumns(view, Math.max(top, few ? largest([view]) : 0)))]);
}
