// The page's words for the data's labels, and how numbers and dates are written.

export const STANCES = { favor: "支持", against: "反对", none: "未表态" };
export const ASPECTS = {
  effect: "成效", fairness: "公平", convenience: "便利", cost: "负担", transparency: "透明", service: "服务",
};
export const POLARITIES = { praise: "肯定", criticism: "批评" };
export const INTERVALS = { day: "按日", week: "按周", month: "按月" };
export const GROUPS = { region: "地区", channel: "渠道", source: "来源" };
export const SCOPES = { ...GROUPS, age: "年龄" };
export const AGES = { "0-17": "17 岁及以下", "18-29": "18–29 岁", "30-44": "30–44 岁", "45-59": "45–59 岁", "60+": "60 岁及以上" };
export const FEW = 30;
export const FLOOR = 10;
// Stands under every chart.
export const SPOKE = "自愿发言的人，不代表全体居民。";

// What counts as one: its name, its unit, what it means, and what many of it are called.
export const COUNTS = {
  opinions: ["逐条", "条意见", "每条意见计一次。", "意见数"],
  collapsed: ["合并近似文本", "条不重复的意见", "同一时段内文字近似、立场相同的只计一次，复制粘贴的留言不会显得人多。", "不重复的意见数"],
  authors: ["按人", "票", "每位作者在一个时段内只有一票，投给其意见较多的一方；未留作者的意见各算一人。不统计评价。", "票数"],
};
export const SURE = "不计模型对立场把握不大的意见。";
export const SIDED = "支持与反对是占两者之和的比例，未表态仍占全部。";
export const UNCORRECTED = {
  count: "合并或按人计数时，无法逐条扣除模型的误判",
  sure: "只看有把握的意见时，模型的误判率未知",
  held_out: "超过二十分之一的意见由没有可比对人工标注的模型判读",
};

// Whether a key of an address is one of an object's own.
export const has = (words, key) => Object.hasOwn(words, key ?? "");

// What a value of a scope is called.
export const valueName = (scope, value) => (scope === "age" && has(AGES, value) ? AGES[value] : value);

const whole = new Intl.NumberFormat("zh-CN");
const moment = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

export const number = (value) => whole.format(value);

export const time = (text) => moment.format(new Date(text)).replaceAll("/", "-");

export function percent(value) {
  if (value === null) return "—";
  const scaled = value * 100;
  return `${scaled > 0 && scaled < 1 ? scaled.toFixed(1) : Math.round(scaled)}%`;
}

// "45% [38%–52%]"
export const withInterval = (share) => (share.value === null ? (share.n > 0 ? "样本太少" : "—")
  : `${percent(share.value)} [${percent(share.low)}–${percent(share.high)}]`);

// Calendar dates are counted in UTC so that no local time zone shifts them.
const DAY = 86_400_000;
export const toDays = (date) => Date.parse(`${date}T00:00:00Z`) / DAY;
export const fromDays = (days) => new Date(days * DAY).toISOString().slice(0, 10);

// The days that lie wholly, in Asia/Shanghai, within the time that the API knows.
export const [FIRST_DAY, LAST_DAY] = ["1990-01-02", "2099-12-31"];

// Whether a text is one of them; of 30 February a browser would make 2 March.
export const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text ?? "") && FIRST_DAY <= text && text <= LAST_DAY
  && !Number.isNaN(toDays(text)) && fromDays(toDays(text)) === text;

// The first day after the bucket, in days.
export function bucketEnd(bucket, interval) {
  const start = toDays(bucket);
  if (interval !== "month") return start + (interval === "week" ? 7 : 1);
  const [year, month] = bucket.split("-").map(Number);
  return Date.UTC(year, month, 1) / DAY;
}

export function bucketName(bucket, interval) {
  if (interval === "day") return bucket;
  if (interval === "month") return `${bucket.slice(0, 4)} 年 ${Number(bucket.slice(5, 7))} 月`;
  return `${bucket} 至 ${fromDays(bucketEnd(bucket, interval) - 1).slice(5)} 一周`;
}

// What the API takes as since and until for two inclusive dates.
export const dayRange = (from, to) => ({
  since: isDate(from) ? `${from}T00:00:00+08:00` : null,
  until: isDate(to) ? `${fromDays(toDays(to) + 1)}T00:00:00+08:00` : null,
});
