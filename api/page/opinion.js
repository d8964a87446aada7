// One opinion as a card: the text with its evidence marked, and why it was linked and tagged so.

import { h } from "./dom.js";
import { policyHref } from "./route.js";
import { ASPECTS, POLARITIES, STANCES, number, percent, time } from "./words.js";

const LONG = 300;

// titles: policy titles by id, when the card has to say which policy it is about.
export function opinionCard(opinion, titles = null) {
  return h("li", { class: "opinion" },
    h("div", { class: "opinion-head" },
      titles && h("a", { class: "about", href: policyHref(opinion.policy_id) }, titles.get(opinion.policy_id) ?? opinion.policy_id),
      h("span", { class: `chip ${opinion.stance}` }, `${STANCES[opinion.stance]} ${percent(opinion.probabilities[opinion.stance])}`),
      !opinion.sure && h("span", { class: "tag", title: "模型对这条留言的立场把握不大" }, "存疑"),
      opinion.evaluations.map(({ aspect, polarity, probability }) => h("span", { class: `chip ${polarity}` },
        `${ASPECTS[aspect]} ${POLARITIES[polarity]} ${percent(probability)}`))),
    opinion.title && h("h3", null, h("bdi", null, opinion.title)),
    body(opinion),
    h("p", { class: "why" }, why(opinion.link)),
    h("p", { class: "meta" }, meta(opinion)),
    opinion.reply && reply(opinion.reply));
}

// Offsets count code points, as the tagger does; JavaScript's own count halves of an emoji.
export function body({ text, span }) {
  const letters = Array.from(text);
  const paragraph = h("p", { class: "text", dir: "auto" });
  if (span && span[0] < span[1] && span[1] <= letters.length) {
    paragraph.append(letters.slice(0, span[0]).join(""),
      h("mark", { title: "模型判读的主要依据" }, letters.slice(...span).join("")), letters.slice(span[1]).join(""));
  } else {
    paragraph.append(text);
  }
  if (letters.length <= LONG) return paragraph;
  paragraph.classList.add("clamped");
  const more = h("button", {
    type: "button", class: "plain-button", "aria-expanded": "false",
    onclick: () => {
      const folded = paragraph.classList.toggle("clamped");
      more.textContent = folded ? "展开全文" : "收起";
      more.setAttribute("aria-expanded", String(!folded));
    },
  }, "展开全文");
  return [paragraph, more];
}

function why({ by, evidence, similarity }) {
  if (by === "semantic") return `关联依据：语义相近${similarity === null ? "" : `（相似度 ${similarity.toFixed(2)}）`}`;
  return ["关联依据：", by === "alias" ? "提到政策名称 " : "提到关键词 ",
    evidence.map((word) => [h("bdi", { class: "word" }, word), " "])];
}

function meta(opinion) {
  const order = orderNumber(opinion);
  const parts = [
    h("time", { datetime: opinion.created_at }, time(opinion.created_at)),
    opinion.region, opinion.channel, `来源 ${opinion.source}`, order && `编号 ${order}`,
    opinion.likes && `${number(opinion.likes)} 赞`, opinion.dislikes && `${number(opinion.dislikes)} 踩`,
  ].filter(Boolean).map((part) => h("bdi", null, part));
  if (/^https?:\/\//i.test(opinion.url ?? "")) {
    parts.push(h("a", { href: opinion.url, rel: "noopener noreferrer nofollow", target: "_blank" }, "原文"));
  }
  return parts;
}

// What the source calls it by, to look it up there: an id is "source:number" where a file had one.
function orderNumber({ comment_id: id, source }) {
  return id.startsWith(`${source}:`) ? id.slice(source.length + 1) : null;
}

function reply({ text, at, department }) {
  return h("details", { class: "reply" },
    h("summary", null, ["官方答复", department && ` · ${department}`, at && ` · ${time(at)}`]),
    h("p", { dir: "auto" }, text));
}
