// Full-text search over the opinions of all policies.

import { get } from "./api.js";
import { day, empty, failed, h, labelled, loading, put, select } from "./dom.js";
import { listing } from "./listing.js";
import { opinionCard } from "./opinion.js";
import { href } from "./route.js";
import { STANCES, dayRange } from "./words.js";

export function searchView(given) {
  const results = h("div", null, loading());
  const form = h("form", { class: "tools", role: "search" });
  const element = h("section", { "aria-labelledby": "search-title" },
    h("h1", { id: "search-title" }, "检索意见"), form, results);
  const reading = new AbortController();
  const fields = {};
  let params = given;
  let titles = null;

  // What the fields hold, who show nothing that could not be chosen.
  const chosen = () => Object.fromEntries(Object.entries(fields)
    .map(([name, field]) => [name, field.value.trim()]).filter(([, value]) => value));

  function go() {
    const next = href("/search", chosen());
    if (next !== location.hash) location.hash = next;
  }

  const named = (name, label, field, more) => labelled(label, fields[name] = field, more);
  const choice = (name, label, options) => named(name, label, select(name, options, params[name], go));
  const date = (name, label) => named(name, label, day(name, params[name], go));

  async function start() {
    let items;
    try {
      ({ items } = await get("/v1/policies", {}, reading.signal));
    } catch (error) {
      if (error.name !== "AbortError") results.replaceChildren(failed(error, start));
      return;
    }
    titles = new Map(items.map(({ policy }) => [policy.id, policy.title]));
    const domains = new Map(items.map(({ policy, domain_zh }) => [policy.domain, domain_zh]));
    form.replaceChildren(
      named("q", "词语", h("input", { type: "search", maxlength: 200, placeholder: "空格分隔表示同时包含", value: params.q ?? "" }), "grow"),
      h("button", { type: "submit", class: "main" }, "检索"),
      choice("policy", "政策", [["", "全部政策"], ...titles]),
      choice("domain", "领域", [["", "全部领域"], ...domains]),
      choice("stance", "立场", [["", "全部立场"], ...Object.entries(STANCES)]),
      date("from", "起"), date("to", "止（含）"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      go();
    });
    draw();
  }

  function draw() {
    const wanted = chosen();
    if (Object.keys(wanted).length === 0) {
      results.replaceChildren(empty("输入词语开始检索，例如“排队”“收费标准”。两个字的词也能检索。"));
      return;
    }
    const { from, to, ...asked } = wanted;
    results.replaceChildren(listing("/v1/search", { ...asked, ...dayRange(from, to) }, (opinion) => opinionCard(opinion, titles), reading.signal));
  }

  function update(next) {
    params = next;
    for (const [name, field] of Object.entries(fields)) put(field, params[name]);
    if (titles) draw();
  }

  start();
  return { element, title: "检索意见", update, stop: () => reading.abort() };
}
