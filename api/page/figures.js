// The headline of a policy, its trend and its evaluation.

import { aspectRows, stanceBar } from "./bars.js";
import { timeChart } from "./chart.js";
import { empty, h } from "./dom.js";
import { nothing, settings } from "./settings.js";
import { share, total } from "./shares.js";
import { FEW, GROUPS, INTERVALS, bucketEnd, fromDays, number, withInterval } from "./words.js";

export async function figures({ read, path, params, here }) {
  const { interval, shape, scope } = settings(params);
  const { rows } = await read(`${path}/trend`, { interval, ...scope });
  const controls = [
    h("div", { class: "controls" },
      h("div", { class: "switch", role: "group", "aria-label": "时间粒度" }, Object.entries(INTERVALS).map(([key, name]) => h("a", {
        href: here({ interval: key }), "data-key": key, "aria-current": key === interval && "true",
      }, name))),
      h("label", { class: "check" }, merge(shape, here), "合并近似文本")),
    chips(scope, here)];
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

function merge(shape, here) {
  const box = h("input", { type: "checkbox", "data-key": "merge", onchange: () => { location.hash = here({ merge: box.checked ? "1" : null }); } });
  box.checked = shape === "collapsed";
  return box;
}

function chips(scope, here) {
  const names = Object.entries(scope);
  return names.length > 0 && h("p", { class: "chips", role: "status" }, "当前只看：", names.map(([name, value]) => h("a", {
    class: "chip scope", href: here({ [name]: null }), "aria-label": `取消 ${GROUPS[name]} ${value}`,
  }, `${GROUPS[name]} `, h("bdi", null, value), " ✕")));
}
