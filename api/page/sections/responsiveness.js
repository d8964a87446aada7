// Who is answered and how soon, and what the late and the unanswered say.

import { empty, h, s } from "../dom.js";
import { flags } from "../settings.js";
import { FLOOR, STANCES, ASPECTS, SPOKE, has, number, percent, withInterval } from "../words.js";

const BY = { region: "地区", source: "来源" };
const LATE = { 7: "7 天", 15: "15 天", 30: "30 天", 60: "60 天" };
const STANDINGS = { prompt: "按时答复的", late: "迟答复的", answered: "已答复的", unanswered: "未答复的" };
const [LEFT, RIGHT, TOP, HEIGHT] = [42, 22, 8, 180];
const SHOWN = 15;

export const section = { id: "responsiveness", title: "答复", draw };

async function draw({ read, path, params, scope, here }) {
  const { by, late } = chosen(params, BY);
  const found = await read(`${path}/responsiveness`, { ...scope, sure: flags(params).sure, by, late_after: late });
  const name = ({ value }) => h("a", { href: here({ [by]: value }) }, h("bdi", null, value));
  return [heading("h2", "答复：多久得到官方答复", BY, by, here), ...answers(found, { by: BY[by], late, here, name })];
}

// What the parameters of an address ask for.
export const chosen = ({ apart, late }, options) => ({
  by: has(options, apart) ? apart : Object.keys(options)[0], late: has(LATE, late) ? Number(late) : 30,
});

export const heading = (tag, text, options, by, here) => h("div", { class: "card-head" }, h(tag, null, text),
  switcher("分组方式", options, by, (key) => here({ apart: key }), "apart"));

// The figures; name(row) is what stands for a row's value, `by` what the values are.
export function answers(found, { by, late, here, name }) {
  if (found.all.too_few) {
    return [empty(found.silent.length > 0
      ? `${silence(found)}除此之外的意见不足 ${FLOOR} 条，不作统计。` : `这个范围内的意见不足 ${FLOOR} 条，不作统计。`)];
  }
  return [
    h("p", { class: "quiet" }, explained(found)),
    h("p", { class: "big" }, summary(found.all)),
    found.curve.length > 1 && curve(found.curve),
    table(found, by, name),
    h("div", { class: "card-head" }, h("h3", null, "得到答复与没得到答复的，意见有何不同"),
      switcher("多久算迟", LATE, String(late), (key) => here({ late: key }), "late")),
    h("p", { class: "quiet" }, `只比较已满 ${late} 天的意见；按时：${late} 天内答复。意见写在答复之前，差别说明谁的意见得到答复，不说明答复改变了看法，也不说明原因。比例为模型的计数，未校正误判。`),
    found.contrasts.map(contrast)];
}

function switcher(label, options, chosen, address, key) {
  return h("div", { class: "switch", role: "group", "aria-label": label }, Object.entries(options).map(([value, name]) => h("a", {
    href: address(value), "data-key": `${key}-${value}`, "aria-current": value === chosen && "true",
  }, name)));
}

function silence({ silent }) {
  const opinions = silent.reduce((all, one) => all + one.opinions, 0);
  return `${silent.slice(0, 5).map(({ source }) => `“${source}”`).join("")}${silent.length > 5 ? "等来源" : ""}从不答复，其 ${number(opinions)} 条意见不计入。`;
}

// What counts and what does not, in a few sentences.
export function explained(found) {
  const { all, as_of: asOf } = found;
  return [
    `截至 ${asOf}，只计有过答复的来源，共 ${number(all.opinions)} 条意见。`,
    found.silent.length > 0 ? silence(found) : "",
    "尚未答复的按仍在等待计算（Kaplan–Meier 法），新近的意见不会因此算作没有答复；不足一天按一天计。",
    all.untimed > 0 ? `${number(all.untimed)} 条有答复但不知何时，计入已答复，区间因此放宽。` : "",
  ].join("");
}

// "一半在 12 天 [10–15 天] 内得到答复", "一半在 12 天 [10 天以上] 内得到答复"
export function summary({ answered, timed, quantiles }) {
  const share = `已答复 ${withInterval(answered)}`;
  if (!timed) return `${share}；多数答复没有时间，不统计快慢。`;
  return `${share}；${half(quantiles)}。`;
}

export function half(quantiles) {
  const { days, low, high } = quantiles.find(({ share }) => share === 0.5);
  if (days === null) return "还不到一半得到答复";
  const range = high === null ? `${low} 天以上` : `${low}–${high} 天`;
  return `一半在 ${days} 天${low === high ? "" : ` [${range}] `}内得到答复`;
}

function curve(points) {
  const most = Math.max(points.at(-1).days, 1);
  const y = (value) => TOP + (1 - value) * HEIGHT;
  const width = Math.min(600, document.documentElement.clientWidth - 60);  // letters keep their size on a phone
  const at = (days) => (LEFT + ((width - LEFT - RIGHT) * days) / most).toFixed(1);
  const edge = (bound) => points.flatMap((point, place) => [
    place > 0 && `${at(point.days)},${y(points[place - 1][bound]).toFixed(1)}`, `${at(point.days)},${y(point[bound]).toFixed(1)}`]).filter(Boolean);
  const ticks = [...new Set([0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(most * part)))];
  return h("figure", { class: "chart" }, s("svg", {
    class: "answer-curve", viewBox: `0 0 ${width} ${TOP + HEIGHT + 24}`, role: "img", "aria-label": "多少天内得到答复的比例，数值见下表",
  },
  [0, 0.25, 0.5, 0.75, 1].map((value) => [
    s("line", { x1: at(0), x2: at(most), y1: y(value), y2: y(value), class: "grid" }),
    s("text", { x: at(0) - 6, y: y(value) + 4, "text-anchor": "end" }, percent(value))]).flat(),
  ticks.map((days) => s("text", { x: at(days), y: TOP + HEIGHT + 18, "text-anchor": "middle" }, `${days} 天`)),
  s("polygon", { points: [...edge("high"), ...edge("low").reverse()].join(" "), class: "band-favor" }),
  s("polyline", { points: edge("value").join(" "), class: "line-favor" })),
  h("figcaption", { class: "quiet" }, "横轴：提出后的天数；纵轴：其间得到答复的比例；色带：95% 区间。", SPOKE));
}

function table({ all, rows, left_out: more }, by, name) {
  const row = (one, title) => h("tr", null, h("th", { scope: "row" }, title), h("td", { class: "number" }, number(one.opinions)),
    one.too_few ? h("td", { colspan: 5 }, `样本太少（不足 ${FLOOR} 条），不给出比例`) : [
      h("td", null, withInterval(one.answered)),
      one.timed ? [7, 30, 90].map((days) => h("td", null, within(one, days))) : h("td", { colspan: 3 }, "多数答复没有时间"),
      h("td", null, one.timed ? half(one.quantiles) : "—")]);
  const line = (one) => row(one, one.value === null ? "未注明" : name(one));
  const body = h("tbody", null, row(all, "合计"), rows.slice(0, SHOWN).map(line));
  const rest = rows.slice(SHOWN);
  const button = h("button", { type: "button", onclick: () => { body.append(...rest.map(line)); button.remove(); } }, `显示其余 ${number(rest.length)} 个`);
  return [
    h("div", { class: "scroll" }, h("table", { class: "plain" },
      h("thead", null, h("tr", null, [by, "意见数", "已答复", "7 天内", "30 天内", "90 天内", "多久答复一半"].map((title) => h("th", { scope: "col" }, title)))), body)),
    rest.length > 0 && button,
    more > 0 && h("p", { class: "quiet" }, `另有 ${number(more)} 个意见更少的未列出。`)];
}

function within({ within: known }, days) {
  const point = known.find((one) => one.days === days);
  return point ? `${percent(point.value)} [${percent(point.low)}–${percent(point.high)}]` : "时间还不够长";
}

function contrast({ first, second, rows }) {
  const title = `${STANDINGS[second]}与${STANDINGS[first]}`;
  if (rows.length === 0) return h("p", { class: "quiet" }, `${title}：有一方不足 ${FLOOR} 条或三天，不作比较。`);
  const points = (value) => `${value < 0 ? "−" : "+"}${(Math.abs(value) * 100).toFixed(1)}`;
  const name = ({ measure, aspect }) => STANCES[measure] ?? `批评${ASPECTS[aspect]}`;
  const gap = ({ value, low, high }) => {
    const text = `${points(value)} 个百分点 [${points(low)} 至 ${points(high)}]`;
    return low > 0 || high < 0 ? h("b", null, text) : text;
  };
  return h("div", { class: "scroll" }, h("table", { class: "plain" },
    h("thead", null, h("tr", null, ["序列", `${STANDINGS[first]}（${number(rows[0].first.n)} 条）`, `${STANDINGS[second]}（${number(rows[0].second.n)} 条）`, "相差"].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", null, rows.map((row) => h("tr", null, h("th", { scope: "row" }, name(row.series)),
      h("td", null, withInterval(row.first)), h("td", null, withInterval(row.second)), h("td", null, gap(row.gap)))))));
}
