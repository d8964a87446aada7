// Who is answered and how soon, over all policies.

import { reader } from "./api.js";
import { h, loading } from "./dom.js";
import { painter } from "./parts.js";
import { href, policyHref } from "./route.js";
import { answers, chosen, heading } from "./sections/responsiveness.js";
import { narrowed } from "./settings.js";

const BY = { department: "部门", policy: "政策", region: "地区", source: "来源" };
const SCOPE = ["region", "source"];

export function answersView(given) {
  const reading = new AbortController();
  const read = reader(reading.signal);
  const parts = { figures: h("section", { class: "card" }, loading()) };
  const { paint } = painter(parts, () => update(params));
  const here = (changes) => href("/answers", { ...params, ...changes });
  let params = {};

  async function figures() {
    const { by, late } = chosen(params, BY);
    const scope = narrowed(params, SCOPE);
    const found = await read("/v1/responsiveness", { ...scope, by, late_after: late });
    const name = ({ value, title }) => {
      if (by === "department") return h("bdi", null, value);
      if (by === "policy") return h("a", { href: policyHref(value, { section: "responsiveness" }) }, title ?? value);
      return h("a", { href: here({ [by]: value, apart: "department" }) }, h("bdi", null, value));
    };
    const chips = Object.entries(scope).map(([field, value]) => h("a", {
      class: "chip scope", href: here({ [field]: null }), "aria-label": `取消 ${BY[field]} ${value}`,
    }, `${BY[field]} `, h("bdi", null, value), " ×"));
    return [heading("h1", "答复情况：多久得到官方答复", BY, by, here),
      chips.length > 0 && h("p", { class: "chips", role: "status" }, "当前只看：", chips),
      by === "department" && h("p", { class: "quiet" }, "部门是政策登记的主管部门，未必是答复的部门；同一条留言谈到该部门的几项政策，就计几次。"),
      ...answers(found, { by: BY[by], late, here, name })];
  }

  async function update(next) {
    params = next;
    await paint("figures", [params], figures).catch(() => {});  // shown with a button to try again
  }

  update(given);
  return { element: h("div", null, parts.figures), title: "答复情况", update, stop: () => reading.abort() };
}
