// Reads and changes the subscriptions that the service keeps.

import { ask, content, get } from "../api.js";

const PATH = "/v1/subscriptions";
const MESSAGES = {
  401: "需要登录后才能订阅或退订。",
  403: "没有订阅或退订的权限。",
  422: "有一项填写有误，请检查后再试。",
  429: "请求过于频繁，请稍候再试。",
  503: "订阅暂时无法保存，请稍候再试。",
};
const one = (id) => `${PATH}/${encodeURIComponent(id)}`;

// Returns the subscriptions, the oldest first, or null where the service keeps none.
export const subscriptions = (signal) => get(PATH, {}, signal).catch((error) => {
  if (error.status === 404) return null;
  throw error;
});

// Returns how a subscription stands.
export const standing = (id, signal) => get(one(id), {}, signal);

// Returns the subscription with its secret, which is told this once.
export async function subscribe(wish) {
  return content(await ask(PATH, {
    method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(wish),
  }, MESSAGES));
}

// Ends a subscription; one that is gone already is ended, too.
export async function unsubscribe(id) {
  await ask(one(id), { method: "DELETE" }, MESSAGES).catch((error) => {
    if (error.status !== 404) throw error;
  });
}
