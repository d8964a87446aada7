// The headline of a policy, its trend and its evaluation.

import { aspectRows, stanceBar } from "./bars.js";
import { timeChart } from "./chart.js";
import { empty, h } from "./dom.js";
import { certainty, labelled, tooFew } from "./readings.js";
import { nothing, settings } from "./settings.js";
import { COUNTS, FEW, INTERVALS, SCOPES, SIDED, SPOKE, SURE, bucketEnd, fromDays, number, valueName, withInterval } from "./words.js";

export async function figures({ read, path, params, here }) {
  const { interval, count, scope, sure, sided } = settings(params);
  const top = [controls({ interval, count, sure, sided, here }), chips(scope, here)];
  const query = { interval, count, sure, sided, ...scope };
  let many = false;  // more buckets than the service lists
  const trend = await read(`${path}/trend`, query).catch((error) => {
    many = error.code === "too_many_rows";
    if (!many) throw error;
    return read(`${path}/trend`, { ...query, rows: false });
  });
  const { rows, total, salience, uncorrected } = trend;
  if (total.raw.n === 0) {
    const narrow = sure || Object.keys(scope).length > 0;
    return [...top, empty(narrow ? "这个范围内还没有意见。" : "还没有谈到这项政策的意见。刚加的政策，要把以前的文件再导入一次。")];
  }
  const { n, too_few } = total.raw;
  const unit = COUNTS[count][1];
  const coarser = { day: "week", week: "month" }[interval];
  const repeats = rows.reduce((all, row) => all + row.repeats, 0);
  const by = labelled(total);
  const link = (bucket, stance = null) => here({
    ...nothing, stance, from: bucket, to: fromDays(bucketEnd(bucket, interval) - 1),
  });
  return [...top,
    h("section", { class: "card", "aria-label": "总体立场" },
      h("p", { class: "big" }, h("b", null, number(n)), ` ${unit} `,
        !too_few && h("span", { class: uncorrected ? "tag" : "chip none", title: certainty(uncorrected, by) }, uncorrected ? "未校正" : `已${by ? "按标注" : ""}校正`),
        !too_few && n < FEW && h("span", { class: "tag" }, "样本较少，区间很宽"),
        h("a", { href: here(nothing), class: "see" }, "查看留言")),
      stanceBar(total),
      salience && h("p", { class: "quiet" }, `关注度 ${withInterval(salience)}：同期对全部政策的 ${number(salience.n)} 条意见中，谈这项政策的比例。`),
      h("p", { class: "quiet" }, `分母：${denominator(total.raw, unit, sided)}。`,
        count === "opinions" && repeats > 0 && `其中 ${number(repeats)} 条与同时段的另一条文字近似，可选“${COUNTS.collapsed[0]}”对照。`,
        !too_few && ["横线为 95% 区间。", certainty(uncorrected, by), SPOKE])),
    h("section", { class: "card" }, h("h2", null, "随时间的变化"), many
      ? empty(["时段太多，无法一次画出。请", h("a", { href: here({ interval: "month" }) }, "改为按月查看"), "。"])
      : [sparse(rows) && h("p", { class: "quiet" }, "多数时段样本太少，", coarser
        ? [h("a", { href: here({ interval: coarser }) }, `改为${INTERVALS[coarser]}查看`), "更稳。"] : "请以上面的总体为准。"),
      timeChart({ trend, link, from: params.from, to: params.to })]),
    count !== "authors" && h("section", { class: "card" }, h("h2", null, "对实施情况的评价"),
      too_few ? h("p", { class: "quiet" }, tooFew(total)) : [
        h("p", { class: "quiet" }, `占 ${number(n)} ${unit}的比例，横线为 95% 区间；一条意见可以评价多个方面。点击条形查看留言。${SPOKE}`),
        aspectRows(total, (aspect, polarity) => here({ ...nothing, aspect, polarity }))])];
}

// Whether most buckets hold too few opinions for a number.
export const sparse = (rows) => rows.filter(({ raw }) => raw.too_few).length > rows.length / 2;

const denominator = ({ favor, n }, unit, sided) => (sided
  ? `${number(favor.n)} ${unit}（支持与反对之和；未表态占全部 ${number(n)} ${unit}）`
  : `全部 ${number(n)} ${unit}（含未表态）`);

// How the shares are counted, with a line that explains the choice.
function controls({ interval, count, sure, sided, here }) {
  const choice = (label, options, chosen, name) => h("div", { class: "switch", role: "group", "aria-label": label },
    Object.entries(options).map(([key, text]) => h("a", {
      href: here({ [name]: key }), "data-key": key, "aria-current": key === chosen && "true",
    }, text)));
  const check = (name, checked, text) => {
    const box = h("input", { type: "checkbox", "data-key": name, onchange: () => { location.hash = here({ [name]: box.checked ? "1" : null }); } });
    box.checked = Boolean(checked);
    return h("label", { class: "check" }, box, text);
  };
  return [
    h("div", { class: "controls" },
      choice("时间粒度", INTERVALS, interval, "interval"),
      choice("计数方式", Object.fromEntries(Object.entries(COUNTS).map(([key, [name]]) => [key, name])), count, "count"),
      check("sure", sure, "不计存疑"),
      check("sided", sided, "只比支持与反对")),
    h("p", { class: "quiet" }, "计数：", COUNTS[count][2], sure && SURE, sided && SIDED)];
}

function chips(scope, here) {
  const names = Object.entries(scope);
  return names.length > 0 && h("p", { class: "chips", role: "status" }, "当前只看：", names.map(([name, value]) => h("a", {
    class: "chip scope", href: here({ [name]: null }), "aria-label": `取消 ${SCOPES[name]} ${valueName(name, value)}`,
  }, `${SCOPES[name]} `, h("bdi", null, valueName(name, value)), " ×")));
}
