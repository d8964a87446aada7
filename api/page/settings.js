// What the parameters of a policy's address mean.

import { AGES, ASPECTS, COUNTS, INTERVALS, POLARITIES, SCOPES, STANCES, has, isDate } from "./words.js";

export const EVIDENCE = ["stance", "aspect", "polarity", "from", "to", "q"];
const SCOPE = Object.keys(SCOPES);
const LONGEST = 100;  // letters of a region, channel or source that the API takes

// Keeps what names of `params`.
export const pick = (params, names) => Object.fromEntries(names.filter((name) => params[name]).map((name) => [name, params[name]]));

// The changes that clear the filters of the list of comments.
export const nothing = Object.fromEntries(EVIDENCE.map((name) => [name, null]));

// What is left out of a share's denominator, as query parameters.
export const flags = ({ sure, sided }) => ({ sure: sure ? true : null, sided: sided ? true : null });

// What a view is narrowed to. An address may say what nobody could choose: it narrows nothing.
export function narrowed(params, names = SCOPE) {
  const found = pick(params, names);
  for (const [name, value] of Object.entries(found)) {
    if (name === "age" ? !has(AGES, value) : value.length > LONGEST) delete found[name];
  }
  return found;
}

// How the view counts, and what it is narrowed to.
export function settings(params) {
  return {
    interval: has(INTERVALS, params.interval) ? params.interval : "week",
    group: has(SCOPES, params.group) ? params.group : "region",
    count: has(COUNTS, params.count) ? params.count : "opinions",
    scope: narrowed(params),
    ...flags(params),
  };
}

// The filters of the list of comments.
export function wanted(params) {
  const found = pick(params, EVIDENCE);
  for (const name of ["from", "to"]) if (!isDate(found[name])) delete found[name];
  for (const [name, words] of Object.entries({ stance: STANCES, aspect: ASPECTS, polarity: POLARITIES })) {
    if (!has(words, found[name])) delete found[name];
  }
  return found;
}
