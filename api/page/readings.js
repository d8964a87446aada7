// What an answer says of a stance: adjusted for the tagger's known errors where that is possible,
// with what was counted beside it.

import { FLOOR, STANCES, UNCORRECTED, percent, number, withInterval } from "./words.js";

export const shown = ({ raw, adjusted }, stance) => (adjusted ?? raw)[stance];

export const evaluated = ({ raw, adjusted }) => adjusted?.evaluations ?? raw.evaluations;

// "原始 43%", or nothing where the share shown is the one counted.
export const beside = ({ raw, adjusted }, stance) => adjusted && `原始 ${percent(raw[stance].value)}`;

export const tooFew = ({ raw }) => `样本太少（${number(raw.favor.n)} 条，不足 ${FLOOR} 条），不给出比例`;

// "支持 45% [38%–52%]（原始 47%）"
export const said = (reading, stance) => `${STANCES[stance]} ${withInterval(shown(reading, stance))}${reading.adjusted ? `（${beside(reading, stance)}）` : ""}`;

// Whether labels of this policy adjust a reading, too.
export const labelled = ({ adjusted }) => Boolean(adjusted?.method.includes("labels of this policy"));

// How far the figures of an answer can be trusted.
export const certainty = (uncorrected, by = false) => (uncorrected
  ? `未校正：${UNCORRECTED[uncorrected]}。区间只含抽样误差。`
  : `已${by ? "按这项政策的人工标注" : ""}校正模型的已知误判；“原始”为模型的计数。`);
