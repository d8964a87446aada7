// Shows the view that the address names, and keeps the totals fresh.

import { subscribeView } from "./alerts/form.js";
import { subscriptionsView } from "./alerts/list.js";
import { answersView } from "./answers.js";
import { get } from "./api.js";
import { empty, h, setTitle } from "./dom.js";
import { overview } from "./overview.js";
import { policyView } from "./policy.js";
import { parse } from "./route.js";
import { searchView } from "./search.js";
import { number, time } from "./words.js";

const EVERY_MS = 10_000;
const main = document.getElementById("main");
const totals = document.getElementById("totals");
let view = null;
let key = null;

function make(parts, params) {
  if (parts.length === 0) return overview(params);
  if (parts[0] === "policies" && parts.length === 2) return policyView(parts[1], params);
  if (parts[0] === "policies" && parts.length === 3 && parts[2] === "subscribe") return subscribeView(parts[1], params);
  if (parts[0] === "subscriptions" && parts.length === 1) return subscriptionsView();
  if (parts[0] === "answers" && parts.length === 1) return answersView(params);
  if (parts[0] === "search" && parts.length === 1) return searchView(params);
  return { element: empty("没有这个页面。请从“政策总览”开始。"), title: "没有找到" };
}

function show() {
  const { parts, params } = parse(location.hash);
  const next = parts.join("/");
  if (view?.update && key === next) {
    view.update(params);
    return;
  }
  const moved = view !== null && key !== next;
  view?.stop?.();
  view = make(parts, params);
  key = next;
  main.replaceChildren(view.element);
  setTitle(view.title);
  for (const link of document.querySelectorAll(".top nav a")) {
    const current = parse(link.getAttribute("href")).parts[0] === parts[0];
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (moved) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

let known = null;

async function refresh() {
  let health;
  let newest;
  try {
    health = await get("/health");
    if (health.opinions === null) throw new Error("意见库暂时无法读取");
    if (known !== null && health.opinions === known && !totals.classList.contains("offline")) {
      totals.classList.remove("live");
      return;
    }
    newest = (await get("/v1/search", { limit: 1 })).items[0];
  } catch (error) {
    totals.classList.add("offline");
    totals.title = error.message;
    return;
  }
  totals.classList.remove("offline");
  totals.removeAttribute("title");
  totals.classList.toggle("live", known !== null);
  const changed = known !== null && known !== health.opinions;
  known = health.opinions;
  totals.replaceChildren(
    ...[["意见", number(health.opinions)], ["政策", number(health.policies)], ["最新留言", newest ? time(newest.created_at) : "—"]]
      .map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
  if (changed) view?.refresh?.();
}

window.addEventListener("hashchange", show);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
show();
refresh();
setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, EVERY_MS);
