// Adds summaries of buckets up. The interval is Wilson's at 95 %, as in the API
// (Wilson 1927, J. Am. Stat. Assoc. 22:209).

import { ASPECTS } from "./words.js";

const Z = 1.959963984540054;

export function share(count, n) {
  if (n === 0) return { value: null, low: null, high: null, count, n };
  const p = count / n;
  const scale = 1 + (Z * Z) / n;
  const centre = p + (Z * Z) / (2 * n);
  const spread = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return {
    value: p,
    low: count === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    high: count === n ? 1 : Math.min(1, (centre + spread) / scale),
    count,
    n,
  };
}

// One summary for several: what the buckets of a trend hold together.
export function total(summaries) {
  const sum = (pick) => summaries.reduce((all, summary) => all + pick(summary), 0);
  const n = sum((summary) => summary.opinions);
  return {
    opinions: n,
    favor: share(sum((summary) => summary.favor.count), n),
    against: share(sum((summary) => summary.against.count), n),
    none: share(sum((summary) => summary.none.count), n),
    evaluations: Object.keys(ASPECTS).map((aspect, place) => ({
      aspect,
      praise: share(sum((summary) => summary.evaluations[place].praise.count), n),
      criticism: share(sum((summary) => summary.evaluations[place].criticism.count), n),
    })),
  };
}
