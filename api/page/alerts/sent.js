// The alerts of a subscription, and how their delivery stands.

import { h } from "../dom.js";
import { STANCES, number, time } from "../words.js";

const SHOWN = 3;
const DELIVERIES = { pending: ["等待送达", "none"], delivered: ["已送达", "praise"], failed: ["未能送达，不再重试", "criticism"] };
const ERRORS = [
  [/^the webhook answered (\d+)$/, (code) => `对方回答 ${code}`],
  [/^the webhook did not answer within (\S+) s$/, (seconds) => `对方 ${seconds} 秒内没有回答`],
  [/^the webhook's name leads nowhere/, () => "找不到这个域名"],
  [/nothing is posted there$/, () => "域名指向不会有接收程序的地址，没有发送"],
  [/^Connect/, () => "连接不上对方"],
];

// Returns the newest alerts, and the others to unfold.
export function sent(alerts) {
  if (alerts.length === 0) return [h("p", { class: "quiet" }, "还没有发过提醒。")];
  const list = (some) => h("ul", { class: "opinions" }, some.map(item));
  const rest = alerts.slice(SHOWN);
  return [h("h3", null, "发过的提醒"), list(alerts.slice(0, SHOWN)),
    rest.length > 0 && h("details", { class: "as-table" }, h("summary", null, `更早的 ${number(rest.length)} 次`), list(rest))];
}

function item({ alert, delivery, attempts, last_error: error }) {
  const [said, colour] = DELIVERIES[delivery];
  return h("li", { class: "opinion" },
    h("div", { class: "opinion-head" }, h("b", null, alert.day), h("span", { class: `chip ${colour}` }, said),
      error && h("span", { class: "quiet" }, `试了 ${number(attempts)} 次：`, h("bdi", null, failure(error)))),
    h("p", { class: "text" }, alert.text),
    alert.comments.length > 0 && h("details", { class: "as-table" }, h("summary", null, `所附的 ${number(alert.comments.length)} 条留言`),
      alert.comments.map((one) => [
        h("p", { class: "text", dir: "auto" }, one.text),
        h("p", { class: "meta" }, [time(one.created_at), one.region, STANCES[one.stance]].filter(Boolean).map((part) => h("bdi", null, part)))])));
}

// Why a try failed, in Chinese where it is known.
export function failure(error) {
  for (const [pattern, words] of ERRORS) {
    const found = pattern.exec(error);
    if (found) return words(found[1]);
  }
  return error;
}
