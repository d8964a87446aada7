// Where the policy does not fit: real differences in sentences, then every group beside the others.

import { empty, h, s } from "../dom.js";
import { flags } from "../settings.js";
import { FLOOR, SCOPES, SPOKE, STANCES, bucketEnd, bucketName, fromDays, number, percent, valueName } from "../words.js";

const SHOWN = 6;
const ROWS = 12;
const SHOW = { ...SCOPES, month: "月份" };
const HIDDEN = "人少，不显示";

export const section = { id: "differences", title: "差异", draw };

async function draw({ read, path, params, scope, here }) {
  const narrowed = Object.keys(scope).length > 0;
  const within = narrowed && Boolean(params.within);
  const found = await read(`${path}/differences`, { ...(within ? scope : {}), sure: flags(params).sure });
  const open = within ? here : beyond(scope, here);
  const head = h("div", { class: "card-head" }, h("h2", null, "差异：这项政策在哪里不合身"),
    narrowed && h("div", { class: "switch", role: "group", "aria-label": "比较的范围" },
      [["全部意见", null], ["当前筛选内", "1"]].map(([name, value]) => h("a", {
        href: here({ within: value }), "data-key": `within-${value}`, "aria-current": within === Boolean(value) && "true",
      }, name))));
  if (found.opinions === null) return [head, empty(`这个范围内或范围外发言的不足 ${FLOOR} 人，或会让人推算出人少而不显示的组，不作比较。`)];
  return [head, h("p", { class: "quiet" }, headed(found)),
    h("details", { class: "as-table" }, h("summary", null, "怎么比的"), h("p", { class: "quiet" }, explained(found))), findings(found, open), reversals(found, open),
    found.facets.length > 0 && h("p", { class: "quiet" }, "各组与其余意见对照。圆点为该组的占比，实心为超出偶然的差异；横线为 95% 区间；竖线为其余意见的占比；“比其余”的单位是百分点。"),
    found.facets.map((facet) => groups(facet, open))];
}

// Addresses that drop what the view is narrowed to: they open what figures of all opinions count.
export const beyond = (scope, here) => (changes) => here({ ...Object.fromEntries(Object.keys(scope).map((name) => [name, null])), ...changes });

// What is listed, in a few sentences.
export const headed = ({ comparisons, false_discoveries: rate }) => [
  `把每个地区、渠道、来源、年龄段、月份与其余意见相比，共 ${number(comparisons)} 处，只列超出偶然的差异，误报平均不超过 ${percent(rate)}。`,
  "比例为原始计数，不同于页首校正后的比例；括号内为 95% 区间。", SPOKE,
].join("");

// How the comparison was made.
export function explained({ fewest_authors: fewest, same }) {
  return [
    "小组的比例向总体收拢，意见越少收得越多。",
    "各组共有的误判在比较中大致抵消，所以不校正。",
    ...Object.entries(same).map(([one, other]) => `${SHOW[one]}与${SHOW[other]}的分组相同，只比较${SHOW[other]}。`),
    `发言不足 ${fewest} 人的组不显示，会让人推算出这些组的也不显示。`,
    "比较不说明原因；各来源文风不同，模型判读的误差也可能不同。",
  ].join("");
}

// Findings of one group belong together; the first of each is the largest.
export function byGroup(list) {
  const found = new Map();
  for (const finding of list) {
    const key = `${finding.by} ${finding.value}`;
    found.set(key, [...(found.get(key) ?? []), finding]);
  }
  return [...found.values()];
}

function findings({ findings: list }, here) {
  if (list.length === 0) return empty("没有发现超出偶然的差异：各组的看法大致相同，或意见还太少。");
  const parts = [["adverse", "更不满意的", true], ["favourable", "更满意的", false]].map(([kind, title, adverse]) => {
    const all = byGroup(list.filter((finding) => finding.adverse === adverse));
    if (all.length === 0) return null;
    const item = (one) => h("li", { class: kind }, one.map((finding) => h("p", null, finding.sentence,
      finding.turned_within.length > 0 && h("span", { class: "tag" }, `按${finding.turned_within.map((by) => SHOW[by]).join("、")}分开看，方向相反，见下`),
      h("a", { href: comments(finding, here), class: "see" }, "查看留言"))));
    const box = h("ol", { class: "findings" }, all.slice(0, SHOWN).map(item));
    return [h("h3", null, title), box, rest(all.slice(SHOWN), box, item)];
  });
  return parts.filter(Boolean);
}

// The address of the comments behind a figure of a group.
export function comments({ by, value, stance = null, aspect = null, polarity = null }, here) {
  return here({ ...place(by, value), stance, aspect, polarity });
}

// The filters of a group: a month is a span of days, all else narrows the view.
export const place = (by, value) => (by === "month"
  ? { from: value, to: fromDays(bucketEnd(value, "month") - 1) } : { [by]: value });

export const named = (by, value) => {
  if (value === null) return "未注明";
  return by === "month" ? bucketName(value, "month") : valueName(by, value);
};

function rest(items, box, draw) {
  if (items.length === 0) return null;
  const more = h("button", { type: "button", onclick: () => { box.append(...items.map(draw)); more.remove(); } }, `显示其余 ${number(items.length)} 个`);
  return more;
}

function reversals({ reversals: list }, here) {
  if (list.length === 0) return null;
  return [h("h3", null, "总体与分组方向相反"), list.map((reversal) => reversal.of === null ? h("p", null, reversal.sentence) : h("details", { class: "as-table" },
    h("summary", null, reversal.sentence),
    h("div", { class: "scroll" }, h("table", { class: "plain" },
      h("thead", null, h("tr", null, [SHOW[reversal.within], ...sides(reversal), "相差"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", null, reversal.strata.map((stratum) => h("tr", null,
        h("th", { scope: "row" }, h("bdi", null, stratum.value === null ? "未注明或其余" : named(reversal.within, stratum.value))),
        stratum.hidden ? h("td", { colspan: 3, class: "quiet" }, HIDDEN) : [
          h("td", null, h("a", { href: stratumHref(reversal, stratum, here) }, `${percent(stratum.share)} · ${number(stratum.opinions)} 条`)),
          h("td", null, `${percent(stratum.others)} · ${number(stratum.other_opinions)} 条`),
          h("td", null, signed(stratum.difference))]))))),
    h("p", { class: "quiet" }, `各行是${STANCES[reversal.stance]}的占比和意见数。`))),
  list.some(({ of }) => of === null) && h("p", { class: "quiet" }, "筛选后不列出分开的数字：与全部意见的数字相减，会让人推算出少数人的看法。")];
}

const sides = ({ by, value }) => (by === "month"
  ? [`${named(by, value)}起`, "此前"] : [named(by, value), `其他${SHOW[by]}`]);

// A reversal's month begins a period without an end.
const stratumHref = ({ by, value, within, stance }, stratum, here) => here({
  ...(by === "month" ? { from: value } : place(by, value)),
  ...(stratum.value === null ? {} : place(within, stratum.value)), stance,
});

// "+18" percentage points, "−0.6" below two, "0" for nothing.
export function signed(difference) {
  const size = Math.abs(difference) * 100;
  if (size < 0.05) return "0";
  return `${difference < 0 ? "−" : "+"}${size < 1.95 ? size.toFixed(1) : Math.round(size)}`;
}

function groups({ by, groups: rows, left_out: more }, here) {
  const top = Math.min(1, Math.max(0.1, ...rows.filter((row) => !row.hidden).flatMap(({ favor, against }) => [favor.pooled.high, against.pooled.high])));
  const row = (one) => groupRow(one, by, top, here);
  const shown = by === "month" ? [...rows].sort((a, b) => (a.value < b.value ? -1 : 1)) : rows;
  const body = h("tbody", null, shown.slice(0, ROWS).map(row));
  return [h("h3", null, `按${SHOW[by]}`),
    h("table", { class: "groups compared" },
      h("thead", null, h("tr", null, [SHOW[by], "意见数", STANCES.favor, STANCES.against].map((title) => h("th", { scope: "col" }, title)))), body),
    rest(shown.slice(ROWS), body, row),
    more > 0 && h("p", { class: "quiet" }, `另有 ${number(more)} 个更小的组并入其余。`)];
}

function groupRow({ value, hidden, opinions, favor, against }, by, top, here) {
  const name = h("bdi", null, named(by, value));
  if (hidden) {
    return h("tr", { class: "few" }, h("th", { scope: "row" }, name), h("td", { colspan: 3, class: "quiet", title: `不足 ${FLOOR} 人的组，以及会让人推算出它们的组，都不显示` }, HIDDEN));
  }
  const bar = (stance, compared) => h("td", null, intervalBar(stance, compared, top, value === null ? null : comments({ by, value, stance }, here)));
  return h("tr", null,
    h("th", { scope: "row" }, value === null ? h("span", { class: "quiet" }, name) : h("a", { href: here(place(by, value)) }, name)),
    h("td", { class: "number" }, number(opinions)), bar("favor", favor), bar("against", against));
}

// The pooled share as a dot on its interval, the others' share as a tick.
function intervalBar(stance, { pooled, others, difference, real, adjusted }, top, link) {
  const x = (value) => `${((value / top) * 100).toFixed(2)}%`;
  const words = `${STANCES[stance]} ${percent(pooled.value)} [${percent(pooled.low)}–${percent(pooled.high)}]，其余 ${percent(others)}${adjusted ? `；校正后 ${percent(adjusted.value)} [${percent(adjusted.low)}–${percent(adjusted.high)}]` : ""}`;
  return h(link ? "a" : "span", { class: "interval", href: link, title: words, "aria-label": link && `${words}，查看留言` },
    s("svg", { width: "100%", height: 18, "aria-hidden": "true" },
      s("line", { class: "axis", x1: x(others), x2: x(others), y1: 2, y2: 16 }),
      s("line", { class: "whisker", x1: x(pooled.low), x2: x(pooled.high), y1: 9, y2: 9 }),
      s("circle", { class: `dot-${stance}${real ? "" : " few"}`, cx: x(pooled.value), cy: 9, r: 4 })),
    h("span", { class: "count" }, h("span", { class: "only-narrow" }, `${STANCES[stance]} `), `${percent(pooled.value)} · 比其余 ${signed(difference.value)}`));
}
