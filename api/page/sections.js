// The sections of a policy's view, in the order of their tabs. One is open at a time; it is read
// and drawn when it is opened.
//
// A section is a module of sections/ with
//   export const section = { id, title, async draw(given) { return [nodes…]; } };
// where given holds
//   read(url, query)  the answer of a GET, read once for the whole view
//   path              "/v1/policies/ID"
//   params            the parameters of the address
//   scope             what the whole view is narrowed to, as query parameters
//   here(changes)     the address of the view with changes; one that names stance, aspect,
//                     polarity, from, to or q (words) lists exactly these comments
//   kept              the view's own place for elements that stay when the section is drawn again
//   signal            aborts when the view is left
// What it throws is shown with a button to try again.

import { h } from "./dom.js";
import { section as campaigns } from "./sections/campaigns.js";
import { section as changes } from "./sections/changes.js";
import { section as differences } from "./sections/differences.js";
import { section as groups } from "./sections/groups.js";
import { section as representativeness } from "./sections/representativeness.js";
import { section as responsiveness } from "./sections/responsiveness.js";
import { section as why } from "./sections/why.js";

export const SECTIONS = [groups, why, differences, changes, responsiveness, campaigns, representativeness];

// The open section: the one that the address names, else the first.
export const opened = ({ section }) => SECTIONS.find(({ id }) => id === section) ?? SECTIONS[0];

export function tabs(open, here) {
  return h("nav", { class: "tabs", "aria-label": "分析" }, SECTIONS.map(({ id, title }) => h("a", {
    href: here({ section: id }), "data-key": `section-${id}`, "aria-current": id === open.id && "true",
  }, title)));
}
