// A list that is read page by page.

import { get } from "./api.js";
import { empty, failed, h, loading } from "./dom.js";
import { number } from "./words.js";

const LIMIT = 20;

// Returns an element that fills itself; card makes a list item of an opinion.
export function listing(path, parameters, card, signal) {
  const count = h("p", { class: "count-line", role: "status" });
  const list = h("ol", { class: "opinions" });
  const foot = h("div", { class: "more" });
  const box = h("div", null, count, list, foot);

  async function read(cursor) {
    foot.replaceChildren(loading());
    let page;
    try {
      page = await get(path, { ...parameters, limit: LIMIT, cursor }, signal);
    } catch (error) {
      if (error.name !== "AbortError") foot.replaceChildren(failed(error, () => read(cursor)));
      return;
    }
    list.append(...page.items.map(card));
    foot.replaceChildren();
    if (page.total === 0) {
      const filtered = Object.values(parameters).some(Boolean);
      foot.append(empty(filtered ? "没有符合条件的留言。可放宽筛选条件再看。" : "还没有留言。"));
      return;
    }
    count.textContent = `共 ${number(page.total)} 条意见，已显示 ${number(list.childElementCount)} 条，新的在前`;
    if (page.cursor) foot.append(h("button", { type: "button", onclick: () => read(page.cursor) }, "加载更多"));
  }

  read(null);
  return box;
}
