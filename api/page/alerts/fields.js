// The fields of a form, each with its name, a hint and what is wrong with it.

import { h } from "../dom.js";

// named: by the name of a field its label, its control and what is said when the control holds
// nothing that can be taken.
export function fields(named) {
  const [controls, hints, faults] = [{}, {}, {}];
  const rows = Object.entries(named).map(([name, [label, control, fault = ""]]) => {
    controls[name] = Object.assign(control, { id: `field-${name}` });
    hints[name] = h("small", { id: `hint-${name}`, role: "status" });
    faults[name] = h("small", { id: `fault-${name}`, class: "wrong", hidden: true }, fault);
    control.setAttribute("aria-describedby", `hint-${name} fault-${name}`);
    control.addEventListener("input", () => mark(name, false));
    return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hints[name], faults[name]);
  });

  function mark(name, is) {
    faults[name].hidden = !is;
    if (is) controls[name].setAttribute("aria-invalid", "true");
    else controls[name].removeAttribute("aria-invalid");
  }

  // Says what is wrong with a field, and leads there.
  function wrong(name) {
    mark(name, true);
    controls[name].focus();
  }

  // Marks what cannot be taken and leads to the first of it; returns whether there is none.
  function settle() {
    const bad = Object.keys(controls).filter((name) => !controls[name].checkValidity());
    for (const name of Object.keys(controls)) mark(name, bad.includes(name));
    if (bad.length > 0) controls[bad[0]].focus();
    return bad.length === 0;
  }

  const hint = (name, text) => { hints[name].textContent = text; };
  return { element: h("div", { class: "fields" }, rows), controls, hint, wrong, settle };
}
