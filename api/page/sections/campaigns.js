// Near-duplicate comments, and what the shares are when each cluster of them counts once.

import { get } from "../api.js";
import { stanceBar } from "../bars.js";
import { empty, failed, h, loading } from "../dom.js";
import { body } from "../opinion.js";
import { flags } from "../settings.js";
import { GROUPS, SPOKE, STANCES, number, percent, time } from "../words.js";

const SIDES = { favor: "支持者多", against: "反对者多", even: "持平" };
const LIMIT = 10;
const LIKE = 0.45;  // no two texts that are less alike are taken for copies of each other

export const section = { id: "campaigns", title: "集中留言", draw };

// What is read of campaigns, for this section and for the warning above the figures alike.
const ask = (read, path, scope) => read(`${path}/campaigns`, { ...scope, limit: LIMIT });

// The warning above the figures when campaigns change a headline; the figures stand without it.
export async function warning({ read, path, scope, link }) {
  try {
    const { figures } = await ask(read, path, scope);
    return figures.flips.length > 0 ? flipped(figures.flips, h("a", { href: link }, "对照两种计数")) : [];
  } catch {
    return [];
  }
}

async function draw({ read, path, params, scope: within, here, signal }) {
  const url = `${path}/campaigns`;
  const scope = { ...within, sure: flags(params).sure };
  const found = await ask(read, path, scope);
  const { figures } = found;
  return [
    h("h2", null, "集中留言：文字相同或相近的留言"),
    h("p", { class: "quiet" }, "同一段文字改几个字反复出现，可能是有人组织，也可能是许多人认同后转发。留言一条不删；这里把每一组只计一次，与逐条计数对照。"),
    figures.raw.n === 0 ? empty("这个范围内还没有意见。") : [
      figures.flips.length > 0 && flipped(figures.flips),
      figures.campaigns > 0 ? compared(figures) : empty("没有发现集中留言。"),
      h("p", { class: "quiet" }, sources(found)),
      list(found, url, { scope, here, signal })]];
}

const flipped = (flips, more = null) => h("div", { class: "notice warning", role: "alert" },
  h("strong", null, "集中留言改变了结论："), flips.map((flip) => h("p", null, turned(flip))), more);

function compared({ raw, collapsed, campaigns, in_campaigns: copies }) {
  const row = (name, note, summary) => h("tr", null, h("th", { scope: "row" }, name, h("small", null, ` ${note}`)),
    h("td", { class: "number" }, number(summary.n)), h("td", { class: "stances" }, stanceBar({ raw: summary, adjusted: null })));
  return h("table", { class: "groups" },
    h("caption", { class: "hidden" }, "逐条计数与每组只计一次的立场占比"),
    h("thead", null, h("tr", null, ["计数方式", "分母", "立场"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null,
      row("逐条计数", "每条留言都算", raw),
      row("每组只计一次", `${number(campaigns)} 组，含 ${number(copies)} 条`, collapsed)));
}

// What changes when campaigns count once, as a sentence.
export function turned({ headline, stance, raw, collapsed }) {
  if (headline === "lead") return `逐条计数是${SIDES[raw]}，每组只计一次是${SIDES[collapsed]}。`;
  const half = (side) => (side === "above" ? "超过半数" : "不到或正好半数");
  return `${STANCES[stance]}的意见逐条计数${half(raw)}，每组只计一次${half(collapsed)}。`;
}

// Which opinions were looked at, and when.
export function sources({ read, total, as_of: asOf }) {
  const part = read < total ? `只在最新的 ${number(read)} 条意见（全部 ${number(total)} 条）中查找` : `在全部 ${number(total)} 条意见中查找`;
  return `${part}，截至 ${time(asOf)}。每组的立场取其中多数。两行都未校正模型的误判，所以不同于页首；横线为 95% 区间，只含抽样误差。十个字以下的留言只有完全相同才归为一组，未必有人组织。${SPOKE}`;
}

function list(first, url, { scope, here, signal }) {
  const items = h("ol", { class: "opinions" });
  const foot = h("div", { class: "more" });
  const show = ({ items: found, cursor }) => {
    items.append(...found.map((one) => card(one, url, { scope, here, signal })));
    foot.replaceChildren();
    if (cursor) foot.append(h("button", { type: "button", onclick: () => more(cursor) }, "显示更多组"));
  };
  const more = (cursor) => fill(foot, () => get(url, { ...scope, limit: LIMIT, cursor }, signal), show, () => more(cursor));
  show(first);
  return [items, foot];
}

function card(one, url, { scope, here, signal }) {
  const [from, to] = [time(one.first).slice(0, 10), time(one.last).slice(0, 10)];
  const members = h("div");
  const opened = h("details", { class: "as-table", ontoggle: () => opened.open && !members.hasChildNodes() && listed(members, `${url}/${one.id}`, scope, signal) },
    h("summary", null, `展开全部 ${number(one.opinions)} 条`), members);
  return h("li", { class: "opinion" },
    h("div", { class: "opinion-head" },
      h("b", null, `${number(one.opinions)} 条`),
      halved(one) ? h("span", { class: "chip none" }, "支持反对各半") : h("span", { class: `chip ${one.stance}` }, `多数${STANCES[one.stance]}`),
      torn(one) && h("span", { class: "tag" }, one.texts === 1 ? "同一文字被判读出两种立场，模型没有把握" : "相近的文字被判读出两种立场，请看原文"),
      one.short && h("span", { class: "tag", title: "文字太短，相同未必是转发" }, "短文")),
    body(one),
    h("p", { class: "meta" }, [
      who(one), `${from === to ? from : `${from} 至 ${to}`}，${number(one.days)} 天有留言`,
      ...["regions", "channels", "sources"].map((facet) => spread(facet, one[facet])),
      Object.entries(one.stances).filter(([, count]) => count).map(([stance, count]) => `${STANCES[stance]} ${number(count)}`).join("，"),
      alike(one)].map((part) => h("bdi", null, part))),
    opened,
    torn(one) ? h("a", { class: "quiet", href: here({ from, to }) }, "查看这几天的全部留言")
      : h("a", { class: "quiet", href: here({ stance: one.stance, from, to }) }, `查看这几天全部${STANCES[one.stance]}的留言`));
}

// How many people wrote it, as far as their names are known: each opinion without counts as one.
function who({ opinions, authors, unnamed }) {
  if (unnamed === opinions) return "都未留作者";
  return `${number(authors - unnamed)} 位作者${unnamed ? `，另 ${number(unnamed)} 条未留作者` : ""}`;
}

// Whether the tagger takes copies of one text for both sides: a quarter of them or more on each.
export const torn = ({ opinions, stances }) => Math.min(stances.favor, stances.against) * 4 >= opinions;

// Whether no side has the majority.
const halved = ({ stances: { favor, against, none } }) => favor === against && favor >= none;

// "地区 3 个：A市 5、B市 2", or "地区 A市" when there is one only.
export function spread(facet, { values, largest }) {
  const name = GROUPS[facet.slice(0, -1)];
  if (values === 1) return `${name} ${largest[0].value ?? "未注明"}`;
  const shown = largest.slice(0, 3).map(({ value, opinions }) => `${value ?? "未注明"} ${number(opinions)}`).join("、");
  return `${name} ${number(values)} 个：${shown}${values > 3 ? " 等" : ""}`;
}

// How far the texts differ from the one that is shown.
export function alike({ texts, likeness: [low, high] }) {
  if (texts === 1) return "文字相同";
  const [least, most] = [percent(low), percent(high)];
  return `${number(texts)} 种写法，与上文相同 ${least === most ? least : `${least}–${most}`}${low < LIKE ? "（相差大的经中间的文字相连）" : ""}`;
}

function listed(box, url, scope, signal) {
  const items = h("ol", { class: "opinions" });
  const foot = h("div", { class: "more" });
  box.append(items, foot);
  const more = (cursor) => fill(foot, () => get(url, { ...scope, limit: 20, cursor }, signal), (page) => {
    items.append(...page.items.map(member));
    foot.replaceChildren();
    if (page.cursor) foot.append(h("button", { type: "button", onclick: () => more(page.cursor) }, "加载更多"));
  }, () => more(cursor));
  more(null);
}

function member(one) {
  return h("li", { class: "opinion" },
    body(one),
    h("p", { class: "meta" }, [time(one.created_at), one.region, one.channel, `来源 ${one.source}`, STANCES[one.stance], `相同 ${percent(one.likeness)}`]
      .filter(Boolean).map((part) => h("bdi", null, part))));
}

// Reads into a place that says so meanwhile, and offers to try again.
async function fill(place, ask, show, again) {
  place.replaceChildren(loading());
  try {
    show(await ask());
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(failed(error, again));
  }
}
