// The chart over time: support and opposition with their bands, the number of opinions below.

import { h, s } from "./dom.js";
import { FEW, STANCES, bucketEnd, bucketName, fromDays, isDate, number, percent, toDays, withInterval } from "./words.js";

const MARGIN = { left: 44, right: 14, top: 12 };
const SHARES = 200;
const GAP = 30;
const NUMBERS = 64;
const HEIGHT = MARGIN.top + SHARES + GAP + NUMBERS + 24;

// A chart that fits its width.
// rows: [{bucket, summary, salience}]; link(bucket, stance) gives the address of the comments that made it.
export function timeChart({ rows, interval, link, from, to }) {
  const box = h("div", { class: "time-chart" });
  const readout = h("p", { class: "readout" });
  const say = (row) => readout.replaceChildren(...(row ? told(row, interval) : ["将指针移到图上查看数值，点击查看该时段的留言。"]));
  say(null);
  let width = 0;
  new ResizeObserver(([entry]) => {
    const next = Math.round(entry.contentRect.width);
    if (next > 0 && next !== width) {
      width = next;
      box.replaceChildren(draw(rows, interval, link, width, say, from, to));
    }
  }).observe(box);
  return h("figure", { class: "chart" }, legend(), readout, box, asTable(rows, interval, link));
}

function told({ bucket, summary, salience }, interval) {
  return [h("b", null, bucketName(bucket, interval)),
    `：支持 ${withInterval(summary.favor)}，反对 ${withInterval(summary.against)}，共 ${number(summary.opinions)} 条；关注度 ${percent(salience.value)}（占同期全部意见 ${number(salience.n)} 条）`];
}

function legend() {
  return h("figcaption", { class: "legend" },
    h("span", null, swatch("favor"), "支持"),
    h("span", null, swatch("against"), "反对"),
    h("span", null, "色带：95% 区间"),
    h("span", null, `空心点：该时段不足 ${FEW} 条`));
}

function swatch(stance) {
  return s("svg", { width: 28, height: 12, "aria-hidden": "true" },
    s("rect", { x: 0, y: 1, width: 28, height: 10, class: `band-${stance}` }),
    s("line", { x1: 0, x2: 28, y1: 6, y2: 6, class: `line-${stance}` }));
}

function draw(rows, interval, link, width, say, from, to) {
  const first = toDays(rows[0].bucket);
  const last = bucketEnd(rows.at(-1).bucket, interval);
  const inner = width - MARGIN.left - MARGIN.right;
  const x = (days) => MARGIN.left + ((days - first) / (last - first)) * inner;
  const y = (value) => MARGIN.top + (1 - value) * SHARES;
  const floor = MARGIN.top + SHARES + GAP + NUMBERS;
  const most = Math.max(...rows.map(({ summary }) => summary.opinions));
  const places = rows.map((row) => {
    const [start, end] = [toDays(row.bucket), bucketEnd(row.bucket, interval)];
    return { ...row, start, end, left: x(start), right: x(end), middle: x((start + end) / 2) };
  });
  const svg = s("svg", {
    width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": "支持与反对占比随时间的变化，数值见图下的表格", onmouseleave: () => say(null),
  });
  if (isDate(from) || isDate(to)) {
    const [start, end] = [isDate(from) ? toDays(from) : first, isDate(to) ? toDays(to) + 1 : last]
      .map((days) => x(Math.min(last, Math.max(first, days))));
    svg.append(s("rect", { x: start, y: MARGIN.top, width: Math.max(2, end - start), height: floor - MARGIN.top, class: "chosen" }));
  }
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
    s("text", { x: MARGIN.left, y: floor - NUMBERS - 6 }, "意见数"),
    ...places.map(({ left, right, summary }) => {
      const height = (summary.opinions / most) * NUMBERS;
      const air = Math.min(3, (right - left) * 0.15);
      return s("rect", { x: left + air, y: floor - height, width: Math.max(1, right - left - 2 * air), height, class: "fill-number" });
    }));
  for (const stance of ["against", "favor"]) svg.append(...series(places, stance, y));
  const points = s("g", { class: "points" });
  const radius = places.length > 90 ? 2.2 : 4;
  for (const stance of ["against", "favor"]) {
    for (const place of places) {
      points.append(s("a", { href: link(place.bucket, stance), tabindex: -1, onmouseenter: () => say(place) },
        s("title", null, `${bucketName(place.bucket, interval)} ${STANCES[stance]} ${withInterval(place.summary[stance])}，查看这些留言`),
        s("circle", {
          cx: place.middle, cy: y(place.summary[stance].value), r: radius,
          class: `dot-${stance}${place.summary.opinions < FEW ? " few" : ""}`,
        })));
    }
  }
  svg.append(...places.map((place) => s("a", { href: link(place.bucket), tabindex: -1, onmouseenter: () => say(place) },
    s("rect", { x: place.left, y: MARGIN.top, width: Math.max(1, place.right - place.left), height: floor - MARGIN.top, class: "hit" }))), points);
  return svg;
}

// Bands and lines; they break where a bucket is missing, a lone bucket gets a whisker.
function series(places, stance, y) {
  const runs = [];
  for (const place of places) {
    const run = runs.at(-1);
    if (run && run.at(-1).end === place.start) run.push(place);
    else runs.push([place]);
  }
  const edge = (run, bound) => run.map(({ middle, summary }) => `${middle.toFixed(1)},${y(summary[stance][bound]).toFixed(1)}`);
  return runs.flatMap((run) => (run.length === 1
    ? [s("line", { x1: run[0].middle, x2: run[0].middle, y1: y(run[0].summary[stance].low), y2: y(run[0].summary[stance].high), class: `lone-${stance}` })]
    : [s("polygon", { points: [...edge(run, "high"), ...edge(run, "low").reverse()].join(" "), class: `band-${stance}` }),
      s("polyline", { points: edge(run, "value").join(" "), class: `line-${stance}` })]));
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

function asTable(rows, interval, link) {
  const body = h("tbody");
  const details = h("details", {
    class: "as-table",
    ontoggle: () => {
      if (body.childElementCount) return;
      body.append(...rows.map(({ bucket, summary }) => h("tr", null,
        h("th", { scope: "row" }, bucketName(bucket, interval)),
        h("td", null, withInterval(summary.favor)), h("td", null, withInterval(summary.against)),
        h("td", null, percent(summary.none.value)), h("td", null, number(summary.opinions)),
        h("td", null, h("a", { href: link(bucket) }, "看留言")))));
    },
  }, h("summary", null, "以表格查看"),
  h("div", { class: "scroll" }, h("table", { class: "plain" }, h("thead", null, h("tr", null,
    ["时段", "支持", "反对", "未表态", "意见数", "留言"].map((name) => h("th", { scope: "col" }, name)))), body)));
  return details;
}
