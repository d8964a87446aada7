// Small charts: the stance bar with its whiskers, the evaluation by aspect.

import { h, s } from "./dom.js";
import { beside, evaluated, said, shown, tooFew } from "./readings.js";
import { ASPECTS, POLARITIES, STANCES, number, percent, withInterval } from "./words.js";

// Support from the left, opposition from the right, so both have a common edge to compare at;
// the whiskers are the 95 % intervals.
export function stanceBar(reading) {
  if (reading.raw.too_few) return h("p", { class: "quiet" }, tooFew(reading));
  const [favor, against] = [shown(reading, "favor"), shown(reading, "against")];
  const words = `${said(reading, "favor")}，${said(reading, "against")}，未表态 ${percent(shown(reading, "none").value)}`;
  const x = (value) => (value * 100).toFixed(2);
  const whisker = (low, high, y) => s("g", { class: "whisker" },
    s("line", { x1: `${x(low)}%`, x2: `${x(high)}%`, y1: y, y2: y }),
    [low, high].map((end) => s("line", { x1: `${x(end)}%`, x2: `${x(end)}%`, y1: y - 3, y2: y + 3 })));
  return h("div", { class: "stance" },
    s("svg", { class: "stance-bar", width: "100%", height: 22, role: "img", "aria-label": words },
      s("title", null, words),
      s("rect", { x: 0, y: 2, width: "100%", height: 18, class: "fill-none" }),
      s("rect", { x: 0, y: 2, width: `${x(favor.value)}%`, height: 18, class: "fill-favor" }),
      s("rect", { x: `${x(1 - against.value)}%`, y: 2, width: `${x(against.value)}%`, height: 18, class: "fill-against" }),
      whisker(favor.low, favor.high, 7),
      whisker(1 - against.high, 1 - against.low, 15)),
    h("p", { class: "stance-text", "aria-hidden": "true" },
      ["favor", "none", "against"].map((stance) => figure(reading, stance))));
}

function figure(reading, stance) {
  const share = shown(reading, stance);
  return h("span", { class: `figure ${stance}` }, h("b", null, `${STANCES[stance]} ${percent(share.value)}`),
    stance !== "none" && h("small", null, ` [${percent(share.low)}–${percent(share.high)}]`, reading.adjusted && ` ${beside(reading, stance)}`));
}

// Six pairs of columns: praise up, criticism down, on one scale for the whole table.
export function aspectColumns(reading, top) {
  const column = 34;
  const half = 22;
  const height = (share) => ((share.value ?? 0) / top) * half;
  const evaluations = evaluated(reading);
  const words = evaluations.filter(({ praise, criticism }) => praise.count + criticism.count)
    .map(({ aspect, praise, criticism }) => `${ASPECTS[aspect]}：肯定 ${praise.count} 条，批评 ${criticism.count} 条`)
    .join("；") || "没有评价";
  return s("svg", { class: "aspect-columns", width: column * 6, height: half * 2 + 16, role: "img", "aria-label": words },
    s("line", { x1: 0, x2: column * 6, y1: half, y2: half, class: "axis" }),
    evaluations.map(({ aspect, praise, criticism }, place) => s("g", null,
      s("title", null, `${ASPECTS[aspect]}：肯定 ${praise.count} 条（${percent(praise.value)}），批评 ${criticism.count} 条（${percent(criticism.value)}）`),
      s("rect", { x: place * column, y: 0, width: column, height: half * 2 + 16, class: "hit" }),
      s("rect", { x: place * column + 9, y: half - height(praise), width: 16, height: height(praise), class: "fill-praise" }),
      s("rect", { x: place * column + 9, y: half, width: 16, height: height(criticism), class: "fill-criticism" }),
      s("text", { x: place * column + column / 2, y: half * 2 + 13, "text-anchor": "middle" }, ASPECTS[aspect]))));
}

// The largest share of praise or criticism: the common scale of several evaluation charts.
export function largest(readings) {
  return Math.max(0.05, ...readings.flatMap(evaluated)
    .flatMap(({ praise, criticism }) => [praise.value ?? 0, criticism.value ?? 0]));
}

// One row an aspect, criticism to the left, praise to the right; each bar links to its comments.
export function aspectRows(reading, link) {
  const evaluations = evaluated(reading);
  const top = Math.max(0.05, ...evaluations
    .flatMap(({ praise, criticism }) => [praise.high ?? 0, criticism.high ?? 0]));
  const bar = (aspect, polarity, share) => {
    const at = (value) => `${(polarity === "praise" ? value / top : 1 - value / top) * 100}%`;
    const words = `${ASPECTS[aspect]} ${POLARITIES[polarity]}：${number(share.count)} 条，占 ${withInterval(share)}，查看留言`;
    return h("a", { class: `aspect-bar ${polarity}`, href: link(aspect, polarity), "aria-label": words, title: words },
      s("svg", { width: "100%", height: 22, "aria-hidden": "true" },
        share.value > 0 && [
          s("rect", {
            x: polarity === "praise" ? 0 : at(share.value), y: 3, height: 16,
            width: `${(share.value / top) * 100}%`, class: `fill-${polarity}`,
          }),
          s("line", { class: "whisker", x1: at(share.low), x2: at(share.high), y1: 11, y2: 11 }),
        ]),
      h("span", { class: "count" }, share.count || share.value ? `${percent(share.value)} · ${reading.adjusted?.evaluations ? "原始 " : ""}${number(share.count)} 条` : "0"));
  };
  return h("div", { class: "aspect-rows" },
    h("div", { class: "aspect-row head", "aria-hidden": "true" }, h("span", null, "← 批评"), h("span", null, "方面"), h("span", null, "肯定 →")),
    evaluations.map(({ aspect, praise, criticism }) => h("div", { class: "aspect-row" },
      bar(aspect, "criticism", criticism), h("b", null, ASPECTS[aspect]), bar(aspect, "praise", praise))));
}
