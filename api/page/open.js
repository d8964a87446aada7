// The page of the open data: the table of policies, their months, the downloads. It reads the
// published files only, so that it shows nothing that they do not hold.

import { get } from "./api.js";
import { aspectColumns, stanceBar } from "./bars.js";
import { empty, failed, h } from "./dom.js";
import { ASPECTS, FEW, POLARITIES, STANCES, bucketName, number } from "./words.js";

const FILES = { policies: "各项政策", months: "逐月", groups: "按地区、渠道、来源、年龄" };
const STATES = Object.keys(STANCES);

// Puts the 15 rows of a published cell together: [{head, reading}], as the charts take it.
export function cells(rows, keys) {
  const found = new Map();
  for (const row of rows) {
    const name = JSON.stringify(keys.map((key) => row[key]));
    if (!found.has(name)) found.set(name, { head: row, measures: {} });
    found.get(name).measures[row.measure] = row;
  }
  return [...found.values()].map(({ head, measures }) => ({ head, reading: reading(measures) }));
}

function reading(measures) {
  const counted = ({ share: value, low, high, count, n }) => ({ value, low, high, count, n });
  const corrected = ({ adjusted: value, adjusted_low: low, adjusted_high: high, count, n }) => ({ value, low, high, count, n });
  const stances = (of) => Object.fromEntries(STATES.map((stance) => [stance, of(measures[stance])]));
  const evaluations = (of) => Object.keys(ASPECTS).map((aspect) => ({
    aspect, ...Object.fromEntries(Object.keys(POLARITIES).map((polarity) => [polarity, of(measures[`${aspect}_${polarity}`])])),
  }));
  const known = measures.favor.adjusted !== null;
  const judged = known && measures.cost_praise.adjusted !== null;
  return {
    raw: { too_few: false, ...stances(counted), evaluations: evaluations(counted) },
    adjusted: known ? { ...stances(corrected), evaluations: judged ? evaluations(corrected) : null } : null,
  };
}

export const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

const largest = (all) => Math.max(0.05, ...all.flatMap(({ reading: { raw, adjusted } }) => (adjusted?.evaluations ?? raw.evaluations)
  .flatMap(({ praise, criticism }) => [praise.value, criticism.value])));

function table(all) {
  const top = largest(all);
  return h("table", { class: "policies" },
    h("caption", { class: "hidden" }, "各项政策的意见数、立场与评价"),
    h("thead", null, h("tr", null, ["政策", "意见数", "立场", "评价"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, all.map(({ head, reading: one }) => [
      h("tr", { class: head.n < FEW && "few" },
        h("th", { scope: "row" }, head.policy, h("small", null, head.department)),
        h("td", { class: "number" }, number(head.n), h("span", { class: "only-narrow" }, " 条意见"), head.n < FEW && h("span", { class: "tag" }, "样本较少")),
        h("td", { class: "stances" }, stanceBar(one)),
        h("td", { class: "aspects" }, aspectColumns(one, top))),
      h("tr", { class: "months" }, h("td", { colspan: 4 }, months(head.policy_id, head.policy)))])));
}

// The months of a policy, read when they are opened.
function months(id, title) {
  const box = h("div");
  const details = h("details", { class: "as-table", ontoggle: () => details.open && !box.childElementCount && fill() },
    h("summary", { "aria-label": `${title}逐月的变化` }, "逐月的变化"), box);
  async function fill() {
    try {
      const { rows } = await get("/v1/export/months.json", { policy: id });
      const all = cells(rows, ["part", "month"]);
      box.replaceChildren(all.length === 0 ? empty("没有可以公布的月份。") : h("table", { class: "groups" }, h("tbody", null, all.map(({ head, reading: one }) => h("tr", null,
        h("th", { scope: "row" }, head.month ? bucketName(`${head.month}-01`, "month") : "其余月份合计"),
        h("td", { class: "number" }, number(head.n)), h("td", { class: "stances" }, stanceBar(one)))))));
    } catch (error) {
      box.replaceChildren(failed(error, fill));
    }
  }
  return details;
}

function downloads({ resources }) {
  return h("ul", null, Object.entries(FILES).map(([name, title]) => h("li", null, `${title}：`,
    resources.filter(({ path }) => path.startsWith(`${name}.`)).map(({ path, format, bytes }, place) => [
      place > 0 && "、", h("a", { href: `/v1/export/${path}` }, format.toUpperCase()), `（${size(bytes)}）`]))));
}

function licence({ licenses: [found] = [] }) {
  if (!found) return "未声明许可，使用前请向发布者询问。";
  return ["许可：", found.path ? h("a", { href: found.path, rel: "license" }, found.path) : found.title, "。"];
}

async function show() {
  const main = document.getElementById("table");
  try {
    const [{ rows }, about] = await Promise.all([get("/v1/export/policies.json"), get("/v1/export")]);
    const all = cells(rows, ["policy_id"]).sort((a, b) => b.head.n - a.head.n || a.head.policy_id.localeCompare(b.head.policy_id));
    main.replaceChildren(all.length === 0 ? empty("还没有可以公布的数据：每项政策须有足够多的人在已结束的月份里发言。") : table(all));
    document.getElementById("files").replaceChildren(downloads(about));
    const publisher = about.contributors?.[0]?.title;
    document.getElementById("about").replaceChildren(
      `${publisher ? `${publisher}发布。` : ""}${number(all.length)} 项政策，${number(all.reduce((sum, { head }) => sum + head.n, 0))} 条意见，${about.created.slice(0, 10)} 之前的留言；版本 ${about.version}。`,
      ...[licence(about)].flat());
  } catch (error) {
    main.replaceChildren(failed(error, show));
  }
}

if (typeof document !== "undefined") show();
