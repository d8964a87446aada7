// Subscribes to the alerts of a policy. The address holds the rule, so that it can be sent to a
// colleague, but never the webhook, which often holds a token.

import { reader } from "../api.js";
import { empty, failed, h, loading, put, select, setTitle } from "../dom.js";
import { policyHref, subscribeHref } from "../route.js";
import { STANCES } from "../words.js";
import { subscribe, subscriptions } from "./calls.js";
import { announce, created } from "./created.js";
import { current } from "./current.js";
import { fields } from "./fields.js";
import { ADVICE, FORMATS, robotAt } from "./formats.js";
import { BOUNDS, CROSSES, asked, held, ruled } from "./rule.js";

const HELD = ["stance", "crosses", "threshold", "days", "least", "format"];
const PLACES = {
  "body.rule.stance": "stance", "body.rule.crosses": "crosses", "body.rule.threshold": "threshold",
  "body.rule.window_days": "days", "body.rule.min_count": "least", "body.webhook": "webhook", "body.format": "format", "body.name": "name",
};

export function subscribeView(id, given) {
  const reading = new AbortController();
  const read = reader(reading.signal);
  const path = `/v1/policies/${encodeURIComponent(id)}`;
  const box = h("section", { class: "card" }, loading());
  const element = h("article", { class: "policy" }, h("p", { class: "back" }, h("a", { href: policyHref(id) }, "← 回到这项政策")), box);
  let form = null;

  async function start() {
    box.replaceChildren(loading());
    try {
      const [{ policy }, kept] = await Promise.all([read(path), subscriptions(reading.signal)]);
      setTitle(`订阅提醒：${policy.title}`);
      form = kept && ruleForm({ id, policy, read, path, box });
      box.replaceChildren(h("h1", null, "订阅提醒：", policy.title),
        ...(form ? form.content : [empty("这个服务没有开通提醒，不能订阅。")]));
      form?.update(given);
    } catch (error) {
      if (error.name !== "AbortError") box.replaceChildren(failed(error, start));
    }
  }

  function update(next) {
    given = next;
    form?.update(next);
  }

  start();
  return { element, title: "订阅提醒", update, stop: () => reading.abort() };
}

function ruleForm({ id, policy, read, path, box }) {
  const number = (name) => h("input", { type: "number", inputmode: "decimal", required: true, ...BOUNDS[name], onchange: changed });
  const { element, controls, hint, wrong, settle } = fields({
    stance: ["立场", select("stance", Object.entries(STANCES), "", changed)],
    crosses: ["方向", select("crosses", Object.entries(CROSSES), "", changed)],
    threshold: ["界线（%）", number("threshold"), "界线须大于 0、小于 100，最多一位小数。"],
    days: ["看多少天", number("days"), "天数须为 1 至 366 的整数。"],
    least: ["至少多少条意见", number("least"), "条数须为 1 至 1000000 的整数。"],
    format: ["发给", select("format", Object.entries(FORMATS), "", changed), "下面的地址不是这种机器人的，请选相应的一项。"],
    webhook: ["webhook 地址", h("input", { type: "url", required: true, autocomplete: "off", placeholder: "https://", onchange: recognise }),
      "请填写完整的地址，以 http:// 或 https:// 开头；不能是链路本地、组播、广播、云元数据等不会有接收程序的地址。"],
    name: ["名称", h("input", { type: "text", required: true, maxlength: 100, value: policy.title.slice(0, 100) }), "名称须为 1 至 100 个字。"],
  });
  const failure = h("p", { class: "wrong", role: "alert" });
  const button = h("button", { type: "submit", class: "main" }, "订阅");
  const form = h("form", { novalidate: true, onsubmit: send }, element, failure,
    h("p", null, button, "　", h("a", { href: policyHref(id) }, "取消")));
  const chosen = () => Object.fromEntries(HELD.map((name) => [name, controls[name].value]));
  let asking = 0;  // the newest look at the share

  async function look() {
    const mine = asking += 1;
    hint("threshold", "正在读取现在的占比…");
    const said = await current(read, path, ruled(chosen())).catch((error) => error.message);
    if (asking === mine) hint("threshold", said);
  }

  // Whoever pastes a robot's address means the robot.
  function recognise() {
    const robot = robotAt(controls.webhook.value);
    if (robot && robot !== controls.format.value) {
      controls.format.value = robot;
      changed();
    }
  }

  function changed() {
    hint("format", ADVICE[controls.format.value]);
    history.replaceState(null, "", subscribeHref(id, held(ruled(chosen()))));
    look();
  }

  function update(params) {
    for (const [name, value] of Object.entries(ruled(params))) put(controls[name], value);
    hint("format", ADVICE[controls.format.value]);
    look();
  }

  async function send(event) {
    event.preventDefault();
    failure.textContent = "";
    for (const name of ["webhook", "name"]) controls[name].value = controls[name].value.trim();
    if (!settle()) return;
    button.disabled = true;
    try {
      const found = created(await subscribe({
        name: controls.name.value, policy_ids: [id], rule: asked(chosen()), webhook: controls.webhook.value, format: controls.format.value,
      }), id);
      box.replaceChildren(box.firstChild, ...found);
      announce(found);
    } catch (error) {
      const name = PLACES[error.place];
      if (name) wrong(name);
      else failure.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  }

  return {
    content: [h("p", { class: "quiet" }, "占比越过界线时，系统把提醒发给您的程序或群机器人，写明从多少变到多少，并附三条留言。",
      "看的是这项政策的全部意见，逐条计数，不随政策页的筛选；能校正的看已校正的占比。"), form],
    update,
  };
}
