// Builds elements. Text only ever enters as text nodes, so a hostile comment stays text.

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
export function select(label, options, value, onchange) {
  const box = h("select", { "data-key": label, onchange: () => onchange(box.value) },
    options.map(([key, text]) => h("option", { value: key }, text)));
  box.value = value ?? "";
  if (box.selectedIndex < 0) box.selectedIndex = 0;
  return h("label", { class: "field" }, h("span", null, label), box);
}

// Puts new content in place; what had the focus keeps it where its key still exists.
export function swap(element, ...content) {
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  element.replaceChildren(...content.filter(Boolean));
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
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
