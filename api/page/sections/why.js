// Why: the words that set one side apart, and comments that stand for it.

import { empty, h } from "../dom.js";
import { body } from "../opinion.js";
import { flags } from "../settings.js";
import { ASPECTS, FLOOR, POLARITIES, SPOKE, STANCES, number, time } from "../words.js";

export const section = { id: "why", title: "原因", draw };

async function draw({ read, path, params, scope, here }) {
  const found = await read(`${path}/why`, { ...scope, sure: flags(params).sure });
  const sides = found.sides.filter(({ opinions }) => opinions > 0);
  return [
    h("h2", null, "原因：各方怎么说"),
    h("p", { class: "quiet" }, `${part(found)}原文按固定规则挑选：最能代表这一方，彼此又尽量不同；不改写，不生成。用词和原文只取模型有把握的留言，仍会有判错的；一组集中留言只算一条。${SPOKE}`),
    sides.length === 0 ? empty("这个范围内还没有表态或评价的意见。") : sides.map((side) => shown(side, here))];
}

// Which comments were read, as a sentence.
export const part = ({ read, total, as_of: asOf }) => `${read < total ? `只读最新的 ${number(read)} 条意见（范围内共 ${number(total)} 条）` : `读了范围内全部 ${number(total)} 条意见`}，截至 ${time(asOf)}。`;

export const nameOf = ({ stance, aspect, polarity }) => (stance ? STANCES[stance] : `${POLARITIES[polarity]}${ASPECTS[aspect]}`);

// What a side is set beside.
export const besides = ({ stance, aspect }) => (stance ? STANCES[stance === "favor" ? "against" : "favor"] : `未这样评价${ASPECTS[aspect]}`);

function shown(side, here) {
  const labels = { stance: side.stance, aspect: side.aspect, polarity: side.polarity };
  return h("section", { "aria-label": nameOf(side) },
    h("h3", null, h("span", { class: `chip ${side.stance ?? side.polarity}` }, nameOf(side)), " ",
      h("a", { href: here(labels) }, `${number(side.opinions)} 条`)),
    words(side, labels, here),
    side.quotes.length > 0 && h("ol", { class: "opinions" }, side.quotes.map(quote)));
}

function words(side, labels, here) {
  if (side.too_few) return h("p", { class: "quiet" }, `样本太少：至少要有 ${FLOOR} 条这样的留言和 ${FLOOR} 条相对的留言，才比较用词。`);
  const chance = `${number(side.texts)} 条与“${besides(side)}”的 ${number(side.others)} 条相比；${side.compared === 0 ? "没有哪个词常见到可以比较。" : `比较了 ${number(side.compared)} 个词，全凭偶然也会突出约 ${(side.compared / 40).toFixed(1)} 个。`}`;
  if (side.phrases.length === 0) return h("p", { class: "quiet" }, `没有明显突出的用词。${chance}`);
  return [
    h("p", { class: "chips" }, side.phrases.map(({ phrase, opinions, texts, others, z }) => h("a", {
      class: "chip scope", href: here({ ...labels, q: phrase }),
      title: `这一方 ${number(side.texts)} 条中 ${number(texts)} 条有此词，相对一方 ${number(others)} 条；z = ${z.toFixed(1)}`,
    }, h("bdi", null, phrase), ` ${number(opinions)}`))),
    h("p", { class: "quiet" }, `数字为含有该词的留言条数，越靠前越能区分；点击词语，查看含有它的留言。${chance}`)];
}

function quote(one) {
  return h("li", { class: "opinion" },
    one.title && h("b", null, h("bdi", null, one.title)),
    body(one),
    h("p", { class: "meta" }, [
      h("time", { datetime: one.created_at }, time(one.created_at)), one.region, one.channel, `来源 ${one.source}`,
      one.copies > 1 && `集中留言，共 ${number(one.copies)} 条`,
    ].filter(Boolean).map((item) => h("bdi", null, item))));
}
