// What a subscription watches: the page's words for it, and how an address holds it.

import { STANCES, has } from "../words.js";
import { FORMATS } from "./formats.js";

export const CROSSES = { above: "升过", below: "降过" };
const DEFAULTS = { stance: "against", crosses: "above", threshold: "", days: "30", least: "30", format: "minyi" };

// The bounds of what can be typed. Thresholds are in percent.
export const BOUNDS = {
  threshold: { min: 0.1, max: 99.9, step: 0.1 },
  days: { min: 1, max: 366, step: 1 },
  least: { min: 1, max: 1_000_000, step: 1 },
};

// The rule of an address and who takes the alerts, as texts. What nobody could choose says nothing.
export function ruled(params) {
  const typed = (name) => {
    const { min, max, step } = BOUNDS[name];
    const value = Number(params[name] || NaN);
    const whole = Number((value / step).toFixed(6));
    return min <= value && value <= max && Number.isInteger(whole) ? String(value) : DEFAULTS[name];
  };
  return {
    stance: has(STANCES, params.stance) ? params.stance : DEFAULTS.stance,
    crosses: has(CROSSES, params.crosses) ? params.crosses : DEFAULTS.crosses,
    threshold: typed("threshold"), days: typed("days"), least: typed("least"),
    format: has(FORMATS, params.format) ? params.format : DEFAULTS.format,
  };
}

// What of a rule the address has to hold.
export const held = (rule) => Object.fromEntries(Object.entries(rule).filter(([name, value]) => value !== DEFAULTS[name]));

// The rule as the API takes it.
export const asked = ({ stance, crosses, threshold, days, least }) => ({
  stance, crosses, threshold: Math.round(Number(threshold) * 10) / 1000, window_days: Number(days), min_count: Number(least),
});

// A share to a tenth of a point, as alerts tell it: "44.8%".
export const points = (value) => `${(value * 100).toFixed(1)}%`;

// "反对占比升过 40.0%（看近 30 天，至少 30 条意见）"
export const sentence = ({ stance, crosses, threshold, window_days: days, min_count: least }) => (
  `${STANCES[stance]}占比${CROSSES[crosses]} ${points(threshold)}（看近 ${days} 天，至少 ${least} 条意见）`);
