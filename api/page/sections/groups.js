// The same policy by region, channel, source or age.

import { stanceBar } from "../bars.js";
import { empty, h } from "../dom.js";
import { certainty } from "../readings.js";
import { settings } from "../settings.js";
import { COUNTS, FEW, SCOPES, SPOKE, number, valueName } from "../words.js";

const SHOWN = 12;

export const section = { id: "groups", title: "分组对照", draw };

async function draw({ read, path, params, scope, here }) {
  const { interval, group, count, sure, sided } = settings(params);
  // Only the sums are wanted: many regions in many months would be too many rows. Those of opinions
  // are the same whatever the interval, and months are read the soonest.
  const by = count === "opinions" ? "month" : interval;
  const { groups: lines, uncorrected } = await read(`${path}/trend`, { interval: by, group, count, sure, sided, ...scope, [group]: null, rows: false });
  const body = h("tbody", null, lines.slice(0, SHOWN).map((line) => tableRow(line, group, scope, here)));
  const rest = lines.slice(SHOWN);
  const more = h("button", {
    type: "button",
    onclick: () => {
      body.append(...rest.map((line) => tableRow(line, group, scope, here)));
      more.remove();
    },
  }, `显示其余 ${number(rest.length)} 个`);
  return [
    h("div", { class: "card-head" }, h("h2", null, "分组对照"),
      h("div", { class: "switch", role: "group", "aria-label": "分组方式" }, Object.entries(SCOPES).map(([key, name]) => h("a", {
        href: here({ group: key }), "data-key": key, "aria-current": key === group && "true",
      }, name)))),
    lines.length === 0 ? empty("这个范围内还没有意见。") : [
      h("p", { class: "quiet" }, `各行的分母是该组自己的${COUNTS[count][3]}${sided ? "（支持与反对之和）" : ""}。横线为 95% 区间，区间重叠时差别可能只是偶然；哪些差异超出偶然，见“差异”。${certainty(uncorrected)}点击名称，全页只看该组。${SPOKE}`),
      h("table", { class: "groups" },
        h("thead", null, h("tr", null, h("th", { scope: "col" }, SCOPES[group]), h("th", { scope: "col" }, COUNTS[count][3]), h("th", { scope: "col" }, "立场"))), body),
      rest.length > 0 && more]];
}

function tableRow({ group: name, ...reading }, group, scope, here) {
  const chosen = name !== null && scope[group] === name;
  const few = reading.raw.n < FEW;
  return h("tr", { class: `${few ? "few" : ""} ${chosen ? "chosen-row" : ""}` },
    h("th", { scope: "row" }, name === null ? h("span", { class: "quiet" }, "未注明")
      : h("a", { href: here({ [group]: chosen ? null : name }), "data-key": `${group}-${name}`, "aria-current": chosen && "true" }, h("bdi", null, valueName(group, name)))),
    h("td", { class: "number" }, number(reading.raw.n), few && h("span", { class: "tag" }, "样本较少")),
    h("td", { class: "stances" }, stanceBar(reading)));
}
