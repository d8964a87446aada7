// The alerts of a subscription, and how their delivery stands.

import { h } from "../dom.js";
import { STANCES, number, time } from "../words.js";

const SHOWN = 3;
const DELIVERIES = { pending: ["等待送达", "none"], delivered: ["已送达", "praise"], failed: ["未能送达，不再重试", "criticism"] };
const REFUSALS = {
  310000: "：没有通过安全设置，请用自定义关键词“民意提醒”", 19024: "：请把“民意提醒”设为自定义关键词",
  19021: "：不支持签名校验，请改用自定义关键词“民意提醒”", 19022: "：请把本服务的地址加入 IP 白名单",
  93000: "：地址里的 key 无效", 130101: "：发送过于频繁", 9499: "：请求格式不对，请核对“发给”",
};
const ERRORS = [
  [/^the webhook answered (\d+)$/, (code) => `对方回答 ${code}`],
  [/^the webhook did not answer within (\S+) s$/, (seconds) => `对方 ${seconds} 秒内没有回答`],
  [/^the robot refused: \w+ (-?\d+)$/, (code) => `机器人没有收下，错误码 ${code}${REFUSALS[code] ?? ""}`],
  [/^the robot's answer cannot be read$/, () => "对方的回答不像机器人的，请核对地址和“发给”"],
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
