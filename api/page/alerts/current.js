// What share a rule sees now.

import { shown, tooFew } from "../readings.js";
import { STANCES, dayRange, fromDays, number, time, toDays } from "../words.js";
import { CROSSES, points } from "./rule.js";

const REARM = 0.02;  // how far a share has to go back before it can cross again

// Returns in a sentence or two the share of the opinions in the rule's window, which ends with the
// newest of them, and what comes of a threshold that lies where it is.
export async function current(read, path, rule) {
  const { items: [newest] } = await read(`${path}/evidence`, { limit: 1 });
  if (!newest) return "还没有关于这项政策的留言；意见够了以后才会比对。";
  const days = Number(rule.days);
  const last = [newest.created_at, new Date().toISOString()].map((at) => time(at).slice(0, 10)).sort()[0];
  const first = fromDays(toDays(last) - days + 1);
  const { total } = await read(`${path}/trend`, { interval: "day", rows: false, ...dayRange(first, last) });
  const window = `近 ${days} 天（${first} 至 ${last}）`;
  const { n, too_few: few } = total.raw;
  if (few) return `${window}：${tooFew(total)}。${waits(n, rule)}`;
  const { value, low, high } = shown(total, rule.stance);
  const raw = total.adjusted ? `原始 ${points(total.raw[rule.stance].value)}` : "未校正";
  return `${window}${STANCES[rule.stance]}占比现为 ${points(value)} [${points(low)}–${points(high)}]（${raw}，共 ${number(n)} 条意见）。${waits(n, rule) || lies(value, rule)}`;
}

const waits = (n, { least }) => (n < Number(least) ? `不到要求的 ${number(Number(least))} 条，意见够了才会比对。` : "");

// A share that is beyond the threshold already crosses nothing.
function lies(value, { threshold, crosses }) {
  const up = crosses === "above";
  const line = Number(threshold) / 100;
  if (!threshold || (up ? value < line : value > line)) return "";
  const back = up ? line - REARM : line + REARM;
  return `现在已在界线${up ? "以上" : "以下"}：${up ? "降到" : "升到"} ${points(back)} 以后再次${CROSSES[crosses]} ${points(line)}，才会提醒。`;
}
