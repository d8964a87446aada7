// The comments that made a figure, with filters.

import { h, select } from "./dom.js";
import { listing } from "./listing.js";
import { opinionCard } from "./opinion.js";
import { ASPECTS, POLARITIES, SCOPES, STANCES, SURE, dayRange } from "./words.js";

// wanted: the list's own filters; scope: what the whole view is narrowed to; sure: without
// the opinions of doubtful stance; here(changes): the
// address of the view with changes; nothing: the changes that clear the list's filters.
export function evidence({ path, wanted, scope, sure, here, nothing, regions, signal }) {
  const go = (changes) => {
    location.hash = here(changes);
  };
  const date = (name, label) => h("label", { class: "field" }, h("span", null, label),
    h("input", { type: "date", "data-key": name, value: wanted[name] ?? "", onchange: (event) => go({ [name]: event.target.value }) }));
  const filters = h("form", { class: "tools", onsubmit: (event) => event.preventDefault() },
    h("label", { class: "field" }, h("span", null, "词语"),
      h("input", { type: "search", maxlength: 200, "data-key": "q", value: wanted.q ?? "", onchange: (event) => go({ q: event.target.value.trim() }) })),
    select("立场", [["", "全部"], ...Object.entries(STANCES)], wanted.stance, (stance) => go({ stance })),
    select("评价方面", [["", "全部"], ...Object.entries(ASPECTS)], wanted.aspect, (aspect) => go({ aspect })),
    select("评价倾向", [["", "全部"], ...Object.entries(POLARITIES)], wanted.polarity, (polarity) => go({ polarity })),
    regions.length > 0 && select("地区（全页）", [["", "全部"], ...regions.map((name) => [name, name])], scope.region, (region) => go({ region })),
    date("from", "起"), date("to", "止（含）"),
    Object.keys(wanted).length > 0 && h("button", { type: "button", onclick: () => go(nothing) }, "清除筛选"));
  const { from, to, ...labels } = wanted;
  return h("section", { class: "card", id: "comments" }, h("h2", null, "留言依据"),
    h("p", { class: "quiet" }, `${said(wanted, scope)}${sure ? SURE : ""}逐条列出全部留言，不合并近似文本。`, h("mark", null, "高亮"), "为模型判读的主要依据；百分数为模型把握。"),
    filters, listing(path, { ...scope, sure, ...labels, ...dayRange(from, to) }, (opinion) => opinionCard(opinion), signal));
}

function said(wanted, scope) {
  const parts = [
    ...Object.entries(scope).map(([name, value]) => `${SCOPES[name]}“${value}”`),
    STANCES[wanted.stance],
    (wanted.aspect || wanted.polarity) && `${POLARITIES[wanted.polarity] ?? "评价"}${ASPECTS[wanted.aspect] ?? ""}`,
    wanted.q && `含有“${wanted.q}”`,
    (wanted.from || wanted.to) && `${wanted.from ?? "最早"} 至 ${wanted.to ?? "最新"}`,
  ].filter(Boolean);
  return parts.length ? `当前筛选：${parts.join("，")}。` : "";
}
