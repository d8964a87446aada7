// Who speaks beside who lives there, and what the shares would be with a known make-up.

import { empty, h } from "../dom.js";
import { SCOPES, STANCES, UNCORRECTED, has, number, percent, valueName, withInterval } from "../words.js";

const FACETS = { ...SCOPES, domain: "领域" };
const SHOWN = 12;
const REASONS = {
  no_margins: "还没有登记已知的人口构成，所以没有加权结果。由系统管理员用 MINYI_MARGINS 指定一个人口构成文件即可。",
  too_few: "样本太少，不作加权。",
  not_told_apart: "发言者的地区、年龄等都未注明，或都相同，无从加权。",
  cannot_be_met: "各项人口构成在发言者中互相矛盾，没有一组权重能同时满足，所以没有加权结果。可选更长的时间，或由系统管理员减少分类项目、合并较小的类别。",
  not_settled: "加权计算未能收敛：各项人口构成在发言者中几乎互相矛盾，有的人权重须趋近于零，所以没有加权结果。可选更长的时间，或由系统管理员减少分类项目、合并较小的类别。",
};

export const section = { id: "representativeness", title: "代表性", draw };

async function draw({ read, path, params, scope, here }) {
  const count = params.count === "authors" ? "authors" : "opinions";
  const found = await read(`${path}/representativeness`, { ...scope, sure: params.sure ? true : null, count });
  return [
    h("h2", null, "代表性：是谁在说话"),
    h("p", { class: "notice" }, h("strong", null, "自愿发言的人，不代表全体居民。"),
      "加权只能纠正哪里的人、多大年纪的人说得多或少；同样的人里，有话要说的仍然说得更多。"),
    found.raw.n === 0 ? empty("这个范围内还没有意见。") : [shares(found, here), ...found.speakers.map((one) => speakers(one, found, here))]];
}

function shares({ raw, adjusted, uncorrected, raked, reason, source, count }, here) {
  const columns = [["原始", raw], ["校正后", adjusted], ["按人口构成加权", raked], ["加权并校正", raked?.adjusted]].filter(([, one]) => one);
  return [
    h("div", { class: "scroll" }, h("table", { class: "plain" },
      h("caption", { class: "hidden" }, "原始、校正与加权后的立场占比"),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "立场"), columns.map(([name]) => h("th", { scope: "col" }, name)))),
      h("tbody", null, Object.entries(STANCES).map(([stance, name]) => h("tr", null,
        h("th", { scope: "row" }, h("a", { href: here({ stance }) }, name)),
        columns.map(([, one]) => h("td", null, withInterval(one[stance])))))))),
    h("p", { class: "quiet" }, `方括号内为 95% 区间。分母：${number(raw.n)} 条意见（含未表态）。`,
      !adjusted && uncorrected && `不列校正结果：${UNCORRECTED[uncorrected]}。`),
    raked ? h("p", { class: "quiet" }, explained(raked, source), count === "authors" && "加权前每位作者一票：一类人按人数计，其中每条意见同等。") : h("p", { class: "notice" }, REASONS[reason])];
}

// What the weighting stands on, in a few sentences.
export function explained(raked, source) {
  const names = raked.facets.map((facet) => FACETS[facet]).join("、");
  return [
    `按${names}加权，人口构成来自“${source}”。`,
    `加权后相当于 ${number(Math.round(raked.n_effective))} 票各一份的样本（设计效应 ${raked.design_effect.toFixed(2)}），权重在 ${raked.lowest_weight.toFixed(2)} 到 ${raked.highest_weight.toFixed(2)} 之间。`,
    raked.met ? "" : `有的人群发言太少，权重已封顶，仍与人口构成相差最多 ${percent(raked.largest_miss)}。`,
    raked.left_out ? `另有 ${number(raked.left_out)} 条来自人口构成以外，未计入加权。` : "",
    raked.adjusted ? "“加权并校正”两种偏差都已扣除，区间含抽样误差和判读误差。" : "加权结果以模型判读的立场为准，未校正判读误差。",
  ].join("");
}

function speakers({ facet, lacking, values, unheard, unheard_population: silent, distance }, { source }, here) {
  const name = FACETS[facet];
  const known = source !== null;
  const label = (value) => h("bdi", null, valueName(facet, value));
  const row = ({ value, speakers: share, population, weighted }) => h("tr", null,
    h("th", { scope: "row" }, has(SCOPES, facet) ? h("a", { href: here({ [facet]: value }) }, label(value)) : label(value)),
    h("td", null, `${withInterval(share)} · ${number(share.count)}`),
    known && h("td", null, percent(population)),
    known && h("td", null, population === null || share.value === null ? "不在人口构成内" : times(share.value / population)),
    known && h("td", null, percent(weighted)));
  const rest = values.slice(SHOWN);
  const body = h("tbody", null, values.slice(0, SHOWN).map(row));
  const more = h("button", { type: "button", onclick: () => { body.append(...rest.map(row)); more.remove(); } }, `显示其余 ${number(rest.length)} 个`);
  return [
    h("h3", null, name),
    h("p", { class: "quiet" }, [
      lacking.count > 0 && values.length > 0 && `${number(lacking.count)} 条（${percent(lacking.value)}）未注明${name}，不在下表内，加权时占比不变。`,
      distance !== null && `要与人口构成一致，得把 ${percent(distance)} 的发言者换成别的人。`,
      unheard.length > 0 && `没有听到：${unheard.slice(0, 10).map((value) => valueName(facet, value)).join("、")}${unheard.length > 10 ? "等" : ""}（占人口 ${percent(silent)}），加权也补不上。`,
    ].filter(Boolean).join("")),
    values.length === 0 ? h("p", { class: "quiet" }, `没有人注明${name}。`) : h("div", { class: "scroll" }, h("table", { class: "plain" },
      h("thead", null, h("tr", null, [name, "发言者占比 · 意见数", ...(known ? ["占人口", "发言相对人口", "加权后"] : [])]
        .map((title) => h("th", { scope: "col" }, title)))), body)),
    rest.length > 0 && more];
}

// "2.3 倍": how many speak for one who would be expected.
export const times = (ratio) => `${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(ratio < 0.1 ? 2 : 1)} 倍`;
