// What is shown after somebody has subscribed: the secret, this once. Robots have none.

import { focus, h } from "../dom.js";
import { href, policyHref } from "../route.js";
import { FORMATS } from "./formats.js";
import { sentence } from "./rule.js";

export function created({ rule, secret, webhook, format }, policyId) {
  const heading = h("h2", null, "已订阅");
  return [heading,
    h("p", null, `${sentence(rule)}时，提醒发给${FORMATS[format]} `, h("bdi", null, new URL(webhook).origin), "。"),
    ...(secret ? kept(secret) : []),
    h("p", null, h("a", { href: href("/subscriptions") }, "查看全部订阅"), "　", h("a", { href: policyHref(policyId) }, "回到这项政策"))];
}

function kept(secret) {
  const field = h("input", { type: "text", id: "secret", readonly: true, spellcheck: "false", value: secret, "aria-describedby": "secret-note" });
  const told = h("span", { role: "status" });
  const copy = async () => {
    told.textContent = await copied(field) ? "已复制。" : "没能复制：请选中密钥，按 Ctrl+C。";
  };
  return [
    h("div", { class: "secret" },
      h("label", { for: "secret" }, "密钥"), field, h("button", { type: "button", class: "main", onclick: copy }, "复制密钥"), told),
    h("p", { class: "notice", id: "secret-note" }, h("strong", null, "请现在就保存密钥，离开本页后不再显示。"),
      "接收的程序用它验证提醒的签名（Standard Webhooks）；丢失了只能退订后重新订阅。")];
}

// Gives the focus to what was drawn.
export const announce = ([heading]) => focus(heading);

// A page that is not served by https or from this machine may not write to the clipboard itself.
async function copied(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
