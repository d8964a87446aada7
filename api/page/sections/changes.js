// When the talk about a policy changed, what happened to the policy, and before and after a day.

import { day, empty, failed, h, labelled, loading, put, s, select } from "../dom.js";
import { settings } from "../settings.js";
import { ASPECTS, COUNTS, FEW, FLOOR, SPOKE, has, isDate, number, toDays, withInterval } from "../words.js";

const MEASURES = { favor: "支持", against: "反对", volume: "意见数" };
const EVENTS = { issued: "发布", in_force: "施行", revised: "修订", ended: "废止" };
const SPANS = { 14: "前后各 14 天", 28: "前后各 28 天", 56: "前后各 56 天", 182: "前后各半年" };
const ROW = 26;

export const section = { id: "changes", title: "变化", draw };

async function draw({ read, path, params, scope, here, kept }) {
  const { count, sure } = settings(params);
  const query = { ...scope, count, sure };
  const found = await read(`${path}/changes`, query);
  const around = isDate(params.around) ? params.around : null;
  const span = has(SPANS, params.span) ? Number(params.span) : 28;
  kept.dates ??= dates(here);
  kept.dates.update({ around, span });
  return [
    h("h2", null, "变化：从什么时候起不一样了"),
    found.watched === null ? empty("除春节、两会、国庆外还不到四周，暂不检测变化。") : [
      h("p", { class: "quiet" }, explained(found)),
      found.items.length === 0 ? empty(unchanged(found.watched))
        : [timeline(found, here), table(found.items, here)]],
    events(found.events, here),
    h("h3", null, "前后对照"),
    kept.dates.element,
    around ? await compared(() => read(`${path}/comparison`, { ...query, date: around, days: span }), here)
      : h("p", { class: "quiet" }, "选一个日期，对照它前后的意见。")];
}

// What was watched and how far an alarm can be trusted, in a few sentences.
export function explained({ watched, series, arl, denominator }) {
  return [
    `检测 ${watched.first} 至 ${watched.last} 每天的${series > 3 ? "支持、反对、六个方面的批评" : "支持、反对"}与意见数，共 ${series} 条序列、${number(watched.opinions)} ${COUNTS[denominator.count][1]}。`,
    `没有变化时，一条序列平均至少 ${years(arl)}才误报一次。`,
    "已扣除星期的规律；春节、两会、国庆前后的日子和还没过完的最新一天不计入。",
    "检测到变化只说明“不一样了”，不说明原因。",
  ].join("");
}

const unchanged = ({ opinions }) => (opinions < FEW ? "没有检测到变化：意见这么少，只有很大的变化才看得出。"
  : "没有检测到变化：各条序列都在平常的起伏之内。");

const years = (days) => (days % 365 === 0 ? `${number(days / 365)} 年` : `${number(days)} 天`);

export const named = ({ measure, aspect }) => MEASURES[measure] ?? `批评${ASPECTS[aspect]}`;

// "支持 41% [38%–44%]" of a share, "12.5 条/天 [11–14]" of a volume.
export function figure(one) {
  if (one === null) return "样本太少";
  return "days" in one ? `${number(one.value)} 条/天 [${number(one.low)}–${number(one.high)}]` : withInterval(one);
}

// "+6 个百分点 [+2–+10]", "1.5 倍 [1.2–1.9]".
export function difference(gap) {
  if (gap === null) return "样本太少";
  if (gap.scale === "ratio") return `${gap.value.toFixed(2)} 倍 [${gap.low.toFixed(2)}–${gap.high.toFixed(2)}]`;
  const points = (value) => `${value < 0 ? "−" : "+"}${(Math.abs(value) * 100).toFixed(1)}`;
  return `${points(gap.value)} 个百分点 [${points(gap.low)} 至 ${points(gap.high)}]`;
}

export const rises = ({ scale, value }) => value > (scale === "ratio" ? 1 : 0);

// Whether the interval leaves out that nothing differs.
export const clear = ({ scale, low, high }) => low > (scale === "ratio" ? 1 : 0) || high < (scale === "ratio" ? 1 : 0);

// The comments that a figure counts.
export function behind({ measure, aspect }, { first, last }) {
  const counted = measure === "criticism" ? { aspect, polarity: "criticism" } : measure === "volume" ? {} : { stance: measure };
  return { ...counted, from: first, to: last };
}

function timeline({ items, events: happened, watched }, here) {
  const [first, last] = [toDays(watched.first), toDays(watched.last) + 1];
  const x = (date) => `${(14 + 84 * Math.min(1, Math.max(0, (toDays(date) - first) / (last - first)))).toFixed(2)}%`;
  const names = [...new Set(items.map(({ contrast }) => named(contrast.series)))];
  const height = names.length * ROW + 40;
  const marks = happened.filter(({ date }) => date >= watched.first && date <= watched.last);
  return h("figure", { class: "chart" }, s("svg", {
    class: "changes-chart", width: "100%", height, role: "img", "aria-label": "变化开始的时间与政策事件，数值见下表",
  },
  marks.map(({ date, kind, label }) => s("a", { href: here({ around: date }) },
    s("title", null, `${date} ${EVENTS[kind]}：${label}，查看前后对照`),
    s("line", { x1: x(date), x2: x(date), y1: 18, y2: height - 20, class: "event" }),
    s("text", { x: x(date), y: 12, "text-anchor": "middle" }, EVENTS[kind]))),
  names.map((name, row) => s("g", null,
    s("text", { x: 0, y: 18 + ROW * row + 17 }, name),
    s("line", { x1: "14%", x2: "98%", y1: 18 + ROW * row + 13, y2: 18 + ROW * row + 13, class: "grid" }))),
  items.map((change) => {
    const y = 18 + ROW * names.indexOf(named(change.contrast.series)) + 13;
    const { gap } = change.contrast;
    return s("a", { href: here({ around: change.since }) },
      s("title", null, sentence(change)),
      s("line", { x1: x(change.since_low), x2: x(change.since_high), y1: y, y2: y, class: "whisker" }),
      s("circle", { cx: x(change.since), cy: y, r: 5, class: "turn" }),
      gap && s("text", { x: x(change.since), y: y - 7, "text-anchor": "middle" }, rises(gap) ? "↑" : "↓"));
  }),
  s("line", { x1: "14%", x2: "98%", y1: height - 20, y2: height - 20, class: "axis" }),
  s("text", { x: "14%", y: height - 5 }, watched.first),
  s("text", { x: "98%", y: height - 5, "text-anchor": "end" }, watched.last)),
  h("figcaption", { class: "quiet" }, "圆点：最可能的开始日；横线：开始日的 95% 范围；竖线：政策事件。点击查看前后对照。", SPOKE));
}

// One change as a sentence.
export function sentence({ since, contrast }) {
  const { series, before, after, gap } = contrast;
  return `${named(series)}自 ${since} 起${gap ? (rises(gap) ? "上升" : "下降") : "变化"}：${figure(before)} → ${figure(after)}`;
}

function table(items, here) {
  return h("div", { class: "scroll" }, h("table", { class: "plain" },
    h("thead", null, h("tr", null, ["序列", "开始于（95% 范围）", "发现于", "之前", "之后", "相差"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, items.map(({ since, since_low: low, since_high: high, detected, before, after, contrast }) => h("tr", null,
      h("th", { scope: "row" }, named(contrast.series)),
      h("td", null, h("a", { href: here({ around: since }) }, since), low === high ? "" : `（${low} 至 ${high}）`),
      h("td", null, detected),
      cell(contrast.series, before, contrast.before, here),
      cell(contrast.series, after, contrast.after, here),
      h("td", null, difference(contrast.gap)))))));
}

const cell = (series, window, one, here) => h("td", null, one === null ? figure(one) : h("a", {
  href: here(behind(series, window)), title: `${window.first} 至 ${window.last}，共 ${number(window.opinions)} 条，查看留言`,
}, figure(one)));

function events(list, here) {
  if (list.length === 0) return null;
  return [h("h3", null, "政策事件"), h("ul", { class: "plain-list" }, list.map(({ date, kind, label }) => h("li", null,
    h("a", { href: here({ around: date }) }, date), ` ${EVENTS[kind]}${label === EVENTS[kind] ? "" : `：${label}`}`)))];
}

// The form stays while what it asks for is drawn: typing in it goes on.
function dates(here) {
  const go = (changes) => { location.hash = here(changes); };
  const date = day("around", "", (around) => go({ around }));
  const range = select("span", Object.entries(SPANS), "", (span) => go({ span }));
  const update = ({ around, span }) => {
    put(date, around);
    put(range, String(span));
  };
  return { element: h("div", { class: "tools" }, labelled("日期", date), labelled("范围", range)), update };
}

// What the answer shows, or why there is none: the rest of the section stands without it.
async function compared(ask, here) {
  const place = h("div");
  async function fill() {
    place.replaceChildren(loading());
    try {
      place.replaceChildren(...[comparison(await ask(), here)].flat());
    } catch (error) {
      if (error.name !== "AbortError") place.replaceChildren(failed(error, fill));
    }
  }
  await fill();
  return place;
}

function comparison({ before, after, rows, too_few: few }, here) {
  const corrected = rows.some(({ adjusted }) => adjusted !== null);
  const [earlier, later] = [before, after].map(({ first, last, days, opinions }) => `${first} 至 ${last}（计入 ${number(days)} 天，${number(opinions)} 条）`);
  if (few) return empty(`前后各需至少 ${FLOOR} 条、三天有意见才作对照；之前：${earlier}，之后：${later}。`);
  return [
    h("p", { class: "quiet" }, `之前：${earlier}；之后：${later}。方括号内为 95% 区间，以天为抽样单位；“相差”已扣除星期的规律，其区间不含 0（或 1 倍）时用粗体。这是前后对照，不说明原因：这些天里发生的别的事也在其中。${SPOKE}`),
    h("div", { class: "scroll" }, h("table", { class: "plain" },
      h("thead", null, h("tr", null, ["序列", "之前", "之后", "相差", ...(corrected ? ["校正后相差"] : [])].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", null, rows.map(({ series, before: one, after: other, gap, adjusted }) => h("tr", null,
        h("th", { scope: "row" }, named(series)),
        cell(series, before, one, here),
        cell(series, after, other, here),
        told(gap), corrected && (adjusted === null ? h("td", null, "—") : told(adjusted))))))),
    h("p", { class: "quiet" }, corrected ? "“校正后”已校正模型的已知误判，区间含抽样误差和判读误差，未扣除星期的规律。" : "比例为模型的计数，未校正误判；误判前后相同时，会使相差显得小，不会凭空造出相差。")];
}

const told = (gap) => h("td", null, gap && clear(gap) ? h("b", null, difference(gap)) : difference(gap));
