// Builds elements. Text only ever enters as text nodes, so a hostile comment stays text.

import { FIRST_DAY, LAST_DAY, isDate } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// h("a", {href: "#/"}, "text", child): attributes whose name starts with "on" are listeners.
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A drop-down; options are [value, label] pairs. The key finds it again after a redraw.
export function select(name, options, value, onchange) {
  const box = h("select", { "data-key": name, onchange: () => onchange(box.value) },
    options.map(([key, text]) => h("option", { value: key }, text)));
  box.value = value ?? "";
  if (box.selectedIndex < 0) box.selectedIndex = 0;
  return box;
}

// A control with its name above it; more: further classes.
export function labelled(label, control, more = "") {
  return h("label", { class: `field ${more}`.trim() }, h("span", null, label), control);
}

// A field for a day. A browser tells every digit that is typed: what is no day yet changes nothing.
export function day(name, value, onchange) {
  const box = h("input", {
    type: "date", min: FIRST_DAY, max: LAST_DAY, "data-key": name, value: value ?? "",
    onchange: () => {
      if (box.value ? isDate(box.value) : !box.validity.badInput) onchange(box.value);
    },
  });
  return box;
}

// Shows a value in a field. One that it shows already is left alone: somebody may be typing there.
export function put(field, value) {
  if (field.value !== (value ?? "")) field.value = value ?? "";
  if (field.selectedIndex < 0) field.selectedIndex = 0;
}

// Puts new content in place. What stays is not moved, so that it keeps the focus; else what has the
// same key or leads to the same address takes it, or the place itself.
export function swap(element, ...content) {
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  const next = content.filter(Boolean);
  for (const child of [...element.childNodes]) if (!next.includes(child)) child.remove();
  let place = element.firstChild;
  for (const child of next) {
    if (child === place) place = place.nextSibling;
    else if (place) place.before(child);
    else element.append(child);
  }
  if (held && !element.contains(held)) focus(same(held, element) ?? element);
}

function same(held, element) {
  const name = ["data-key", "href"].find((each) => held.hasAttribute(each));
  return name ? element.querySelector(`[${name}="${CSS.escape(held.getAttribute(name))}"]`) : null;
}

// Gives the focus to what is shown already; a heading or a part can have it, too.
export function focus(element) {
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

export function setTitle(text) {
  document.title = `${text} · 民意`;
}

export function loading(text = "正在载入…") {
  return h("p", { class: "state", role: "status" }, text);
}

export function empty(text) {
  return h("p", { class: "state empty" }, text);
}

export function failed(error, retry) {
  return h("div", { class: "state error", role: "alert" },
    h("p", null, error.message),
    retry && h("button", { type: "button", onclick: retry }, "重试"));
}
