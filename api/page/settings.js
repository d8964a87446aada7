// What the parameters of a policy's address mean.

import { COUNTS, INTERVALS, SCOPES, isDate } from "./words.js";

export const EVIDENCE = ["stance", "aspect", "polarity", "from", "to", "q"];
const SCOPE = Object.keys(SCOPES);

// Keeps what names of `params`.
export const pick = (params, names) => Object.fromEntries(names.filter((name) => params[name]).map((name) => [name, params[name]]));

// The changes that clear the filters of the list of comments.
export const nothing = Object.fromEntries(EVIDENCE.map((name) => [name, null]));

// What is left out of a share's denominator, as query parameters.
export const flags = ({ sure, sided }) => ({ sure: sure ? true : null, sided: sided ? true : null });

// How the view counts, and what it is narrowed to.
export function settings(params) {
  return {
    interval: INTERVALS[params.interval] ? params.interval : "week",
    group: SCOPES[params.group] ? params.group : "region",
    count: COUNTS[params.count] ? params.count : "opinions",
    scope: pick(params, SCOPE),
    ...flags(params),
  };
}

// The filters of the list of comments.
export function wanted(params) {
  const found = pick(params, EVIDENCE);
  for (const name of ["from", "to"]) if (!isDate(found[name])) delete found[name];
  return found;
}
