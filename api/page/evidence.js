// The comments that made a figure, with filters.

import { day, focus, h, labelled, put, select } from "./dom.js";
import { listing } from "./listing.js";
import { opinionCard } from "./opinion.js";
import { ASPECTS, POLARITIES, SCOPES, STANCES, SURE, dayRange, valueName } from "./words.js";

// Returns the element, which stays while the list in it changes, and update(what is to be listed).
// here(changes): the address of the view with changes; nothing: the changes that clear the list's
// own filters; regions: the choices of one.
export function evidence({ path, here, nothing, regions, signal }) {
  const fields = {};
  const go = (changes) => {
    location.hash = here(changes);
  };
  const named = (name, label, input) => labelled(label, fields[name] = input);
  const choice = (name, label, options) => named(name, label, select(name, [["", "全部"], ...options], "", (value) => go({ [name]: value })));
  const date = (name, label) => named(name, label, day(name, "", (value) => go({ [name]: value })));
  const heading = h("h2", null, "留言依据");
  // the button goes when nothing is left to clear
  const clear = h("button", { type: "button", onclick: () => { focus(heading); go(nothing); } }, "清除筛选");
  const filters = h("form", { class: "tools", onsubmit: (event) => event.preventDefault() },
    named("q", "词语", h("input", { type: "search", maxlength: 200, "data-key": "q", onchange: (event) => go({ q: event.target.value.trim() }) })),
    choice("stance", "立场", Object.entries(STANCES)),
    choice("aspect", "评价方面", Object.entries(ASPECTS)),
    choice("polarity", "评价倾向", Object.entries(POLARITIES)),
    regions.length > 0 && choice("region", "地区（全页）", regions.map((name) => [name, name])),
    date("from", "起"), date("to", "止（含）"), clear);
  const about = h("p", { class: "quiet" });
  const list = h("div");
  const element = h("section", { class: "card", id: "comments" }, heading, about, filters, list);

  // wanted: the list's own filters; scope: what the whole view is narrowed to; sure: without the
  // opinions of doubtful stance.
  function update({ wanted, scope, sure }) {
    for (const [name, input] of Object.entries(fields)) put(input, wanted[name] ?? scope[name]);
    clear.hidden = Object.keys(wanted).length === 0;
    about.replaceChildren(`${said(wanted, scope)}${sure ? SURE : ""}逐条列出全部留言，不合并近似文本。`, h("mark", null, "高亮"), "为模型判读的主要依据；百分数为模型把握。");
    const { from, to, ...labels } = wanted;
    list.replaceChildren(listing(path, { ...scope, sure, ...labels, ...dayRange(from, to) }, (opinion) => opinionCard(opinion), signal));
  }

  return { element, update };
}

function said(wanted, scope) {
  const parts = [
    ...Object.entries(scope).map(([name, value]) => `${SCOPES[name]}“${valueName(name, value)}”`),
    STANCES[wanted.stance],
    (wanted.aspect || wanted.polarity) && `${POLARITIES[wanted.polarity] ?? "评价"}${ASPECTS[wanted.aspect] ?? ""}`,
    wanted.q && `含有“${wanted.q}”`,
    (wanted.from || wanted.to) && `${wanted.from ?? "最早"} 至 ${wanted.to ?? "最新"}`,
  ].filter(Boolean);
  return parts.length ? `当前筛选：${parts.join("，")}。` : "";
}
