// The chart over time: the band that the buckets' shares lie around, each bucket's own share with
// its interval, and the number of opinions below.

import { h, s } from "./dom.js";
import { beside, certainty, said, shown, tooFew } from "./readings.js";
import { COUNTS, FEW, FLOOR, SPOKE, STANCES, bucketEnd, bucketName, fromDays, isDate, number, percent, toDays, withInterval } from "./words.js";

const MARGIN = { left: 44, right: 14, top: 12 };
const SHARES = 200;
const GAP = 30;
const NUMBERS = 64;
const HEIGHT = MARGIN.top + SHARES + GAP + NUMBERS + 24;
const SIDES = ["against", "favor"];

// A chart that fits its width.
// trend: the API's answer; link(bucket, stance) gives the address of the comments that made it.
export function timeChart({ trend, link, from, to }) {
  const box = h("div", { class: "time-chart" });
  const readout = h("p", { class: "readout" });
  const say = (row) => readout.replaceChildren(...(row ? told(row, trend) : ["将指针移到图上查看数值，点击查看该时段的留言。"]));
  say(null);
  let width = 0;
  new ResizeObserver(([entry]) => {
    const next = Math.round(entry.contentRect.width);
    if (next > 0 && next !== width) {
      width = next;
      box.replaceChildren(draw(trend, link, width, say, from, to));
    }
  }).observe(box);
  return h("figure", { class: "chart" }, legend(trend), readout, box,
    h("p", { class: "quiet" }, SPOKE, trend.uncorrected && certainty(trend.uncorrected)), asTable(trend, link));
}

function told({ bucket, band, ...row }, { interval, count }) {
  const { raw, salience } = row;
  return [h("b", null, bucketName(bucket, interval)), "：",
    raw.too_few ? `${tooFew(row)}${band ? `；参照邻近时段，支持约 ${withInterval(band.favor)}，反对约 ${withInterval(band.against)}` : ""}`
      : `${said(row, "favor")}，${said(row, "against")}，共 ${number(raw.n)} ${COUNTS[count][1]}`,
    salience?.value != null && `；关注度 ${percent(salience.value)}（占同期全部意见 ${number(salience.n)} 条）`].filter(Boolean);
}

function legend({ uncorrected, smooth, rows }) {
  return h("figcaption", { class: "legend" },
    h("span", null, swatch("favor"), "支持"),
    h("span", null, swatch("against"), "反对"),
    smooth.length > 0 && h("span", null, "色带：参照邻近时段的水平及其 95% 区间"),
    h("span", null, `点与竖线：该时段自己的比例及 95% 区间（空心：不足 ${FEW} 条）`),
    !uncorrected && h("span", null, "短横：原始计数"),
    rows.some(({ raw }) => raw.too_few) && h("span", null, `灰底：样本太少（不足 ${FLOOR} 条）`));
}

function swatch(stance) {
  return s("svg", { width: 28, height: 12, "aria-hidden": "true" },
    s("rect", { x: 0, y: 1, width: 28, height: 10, class: `band-${stance}` }),
    s("line", { x1: 0, x2: 28, y1: 6, y2: 6, class: `line-${stance}` }));
}

function draw({ rows, smooth, interval, count }, link, width, say, from, to) {
  const first = toDays(rows[0].bucket);
  const last = bucketEnd(rows.at(-1).bucket, interval);
  const inner = width - MARGIN.left - MARGIN.right;
  const x = (days) => MARGIN.left + ((days - first) / (last - first)) * inner;
  const y = (value) => MARGIN.top + (1 - value) * SHARES;
  const floor = MARGIN.top + SHARES + GAP + NUMBERS;
  const most = Math.max(...rows.map(({ raw }) => raw.n));
  const placed = (given) => {
    const [start, end] = [toDays(given.bucket), bucketEnd(given.bucket, interval)];
    return { ...given, start, end, left: x(start), right: x(end), middle: x((start + end) / 2) };
  };
  const bands = new Map(smooth.map((point) => [point.bucket, point]));
  const places = rows.map((row) => placed({ ...row, band: bands.get(row.bucket) }));
  const svg = s("svg", {
    width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": "支持与反对占比随时间的变化，数值见图下的表格", onmouseleave: () => say(null),
  });
  if (isDate(from) || isDate(to)) {
    const [start, end] = [isDate(from) ? toDays(from) : first, isDate(to) ? toDays(to) + 1 : last]
      .map((days) => x(Math.min(last, Math.max(first, days))));
    svg.append(s("rect", { x: start, y: MARGIN.top, width: Math.max(2, end - start), height: floor - MARGIN.top, class: "chosen" }));
  }
  svg.append(...places.filter(({ raw }) => raw.too_few).map(({ left, right }) => s("rect", {
    x: left, y: MARGIN.top, width: Math.max(1, right - left), height: SHARES, class: "too-few",
  })));
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(s("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value), class: "grid" }),
      s("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, percent(value)));
  }
  for (const { at, text } of ticks(first, last, Math.max(2, Math.floor(inner / 84)))) {
    svg.append(s("line", { x1: x(at), x2: x(at), y1: floor, y2: floor + 4, class: "axis" }),
      s("text", { x: x(at), y: floor + 17, "text-anchor": x(at) < MARGIN.left + 24 ? "start" : "middle" }, text));
  }
  svg.append(
    s("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: floor, y2: floor, class: "axis" }),
    s("text", { x: MARGIN.left - 6, y: floor, "text-anchor": "end" }, "0"),
    s("text", { x: MARGIN.left - 6, y: floor - NUMBERS + 8, "text-anchor": "end" }, number(most)),
    s("text", { x: MARGIN.left, y: floor - NUMBERS - 6 }, COUNTS[count][3]),
    ...places.map(({ left, right, raw }) => {
      const height = (raw.n / most) * NUMBERS;
      const air = Math.min(3, (right - left) * 0.15);
      return s("rect", { x: left + air, y: floor - height, width: Math.max(1, right - left - 2 * air), height, class: "fill-number" });
    }));
  for (const stance of SIDES) svg.append(...band(smooth.map(placed), stance, y));
  const points = s("g", { class: "points" });
  const close = inner / places.length < 14;  // no room for two points side by side
  for (const stance of SIDES) {
    const aside = close ? 0 : (stance === "favor" ? -3 : 3);
    for (const place of places.filter(({ raw }) => !raw.too_few)) points.append(point(place, stance, place.middle + aside, y, close, { interval, link, say }));
  }
  svg.append(...places.map((place) => s("a", { href: link(place.bucket), tabindex: -1, onmouseenter: () => say(place) },
    s("rect", { x: place.left, y: MARGIN.top, width: Math.max(1, place.right - place.left), height: floor - MARGIN.top, class: "hit" }))), points);
  return svg;
}

// One bucket's own share: its interval, what was counted, the share.
function point(place, stance, at, y, close, { interval, link, say }) {
  const share = shown(place, stance);
  const counted = y(place.raw[stance].value);
  return s("a", { href: link(place.bucket, stance), tabindex: -1, onmouseenter: () => say(place) },
    s("title", null, `${bucketName(place.bucket, interval)} ${said(place, stance)}，查看这些留言`),
    s("line", { x1: at, x2: at, y1: y(share.low), y2: y(share.high), class: `whisker-${stance}` }),
    place.adjusted && s("line", { x1: at - (close ? 2 : 5), x2: at + (close ? 2 : 5), y1: counted, y2: counted, class: `raw-${stance}` }),
    s("circle", { cx: at, cy: y(share.value), r: close ? 2.2 : 4, class: `dot-${stance}${place.raw.n < FEW ? " few" : ""}` }));
}

// The smoothed level with its interval; it breaks where a long gap is.
function band(places, stance, y) {
  const runs = [];
  for (const place of places) {
    const run = runs.at(-1);
    if (run && run.at(-1).end === place.start) run.push(place);
    else runs.push([place]);
  }
  const edge = (run, bound) => {
    const heights = run.map((place) => y(place[stance][bound]).toFixed(1));
    const across = [run[0].left, ...run.slice(1, -1).map(({ middle }) => middle), run.at(-1).right];  // to the edges of the run
    return (run.length === 1 ? [run[0].left, run[0].right] : across).map((at, place) => `${at.toFixed(1)},${heights[Math.min(place, heights.length - 1)]}`);
  };
  return runs.flatMap((run) => [
    s("polygon", { points: [...edge(run, "high"), ...edge(run, "low").reverse()].join(" "), class: `band-${stance}` }),
    s("polyline", { points: edge(run, "value").join(" "), class: `line-${stance}` })]);
}

// At most `room` dates on month starts, or on days when the span is short.
function ticks(first, last, room) {
  const days = last - first;
  if (days <= 62) {
    const step = Math.max(1, Math.ceil(days / room));
    return Array.from({ length: Math.ceil(days / step) }, (_, place) => first + place * step)
      .map((at) => ({ at, text: fromDays(at).slice(5) }));
  }
  const months = [];
  const [year, month] = fromDays(first).split("-").map(Number);
  for (let next = month - (fromDays(first).endsWith("-01") ? 1 : 0); ; next += 1) {
    const at = Date.UTC(year, next, 1) / 86_400_000;
    if (at >= last) break;
    months.push({ at, text: fromDays(at).slice(0, 7) });
  }
  const step = Math.max(1, Math.ceil(months.length / room));
  return months.filter((_, place) => place % step === 0);
}

function asTable({ rows, smooth, interval, uncorrected, count }, link) {
  const body = h("tbody");
  const bands = new Map(smooth.map((point) => [point.bucket, point]));
  const around = (bucket, stance) => (bands.has(bucket) ? withInterval(bands.get(bucket)[stance]) : "—");
  const cell = (row, stance) => (row.raw.too_few ? "样本太少" : withInterval(shown(row, stance)));
  const columns = [
    ["支持", (row) => cell(row, "favor")], ["反对", (row) => cell(row, "against")],
    ...(uncorrected ? [] : SIDES.toReversed().map((stance) => [`${STANCES[stance]}（原始）`, (row) => beside(row, stance)?.replace("原始 ", "") ?? "—"])),
    ["未表态", (row) => percent(shown(row, "none").value)],
    ...(smooth.length ? SIDES.toReversed().map((stance) => [`${STANCES[stance]}（参照邻近）`, (row) => around(row.bucket, stance)]) : []),
    [COUNTS[count][3], (row) => number(row.raw.n)],
    ["留言", (row) => h("a", { href: link(row.bucket) }, "看留言")]];
  return h("details", {
    class: "as-table",
    ontoggle: () => {
      if (body.childElementCount) return;
      body.append(...rows.map((row) => h("tr", null,
        h("th", { scope: "row" }, bucketName(row.bucket, interval)), columns.map(([, told]) => h("td", null, told(row))))));
    },
  }, h("summary", null, "以表格查看"),
  h("div", { class: "scroll" }, h("table", { class: "plain" }, h("thead", null, h("tr", null,
    ["时段", ...columns.map(([name]) => name)].map((name) => h("th", { scope: "col" }, name)))), body)));
}
