// The parts of a view. Each is drawn again when what it depends on has changed.

import { failed, swap } from "./dom.js";

// elements: by name; retry() is called when somebody asks for a failed part again.
export function painter(elements, retry) {
  const drawn = {};

  // Puts what make() returns in place; a slower, older answer never wins. Throws what it shows.
  async function paint(name, dependsOn, make) {
    const state = JSON.stringify(dependsOn);
    if (drawn[name] === state) return;
    drawn[name] = state;
    elements[name].setAttribute("aria-busy", "true");
    try {
      const content = await make();
      if (drawn[name] !== state) return;
      swap(elements[name], ...[content].flat(Infinity));
      elements[name].removeAttribute("aria-busy");
    } catch (error) {
      if (error.name === "AbortError" || drawn[name] !== state) return;
      drawn[name] = null;
      elements[name].removeAttribute("aria-busy");
      swap(elements[name], failed(error, retry));
      throw error;
    }
  }

  const forget = () => {
    for (const name of Object.keys(drawn)) drawn[name] = null;
  };
  return { paint, forget };
}
