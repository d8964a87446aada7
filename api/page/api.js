// Reads the API. Errors come out in Chinese, with what to do.

export class ApiError extends Error {
  constructor(message, status, code = null, place = "") {
    super(message);
    this.status = status;
    this.code = code;
    this.place = place;  // where in the request
  }
}

// By the API's code where it asks for another choice, else by the status.
const MESSAGES = {
  too_many_rows: "时段或分组太多，无法一次列出。请改用更长的时间粒度，或换一种分组。",
  empty_window: "“止”早于“起”，请调换两个日期。",
  401: "需要登录后才能查看。",
  403: "没有查看的权限。",
  404: "没有找到：这项政策可能已从登记表移除。",
  422: "筛选条件有误，请调整后再试。",
  429: "请求过于频繁，请稍候再试。",
  503: "数据暂时无法读取，请稍候再试。",
};

// Returns the answer to a request; throws what is wrong in the words of `messages`.
export async function ask(url, options, messages = MESSAGES) {
  let answer;
  try {
    answer = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("无法连接服务，请确认服务在运行、网络通畅。", 0);
  }
  if (answer.ok) return answer;
  const { status } = answer;
  const { code, place } = await answer.json().then(({ error }) => error ?? {}).catch(() => ({}));  // a proxy's error has none
  throw new ApiError(messages[code] ?? messages[status] ?? `服务出错（${status}），请稍候再试。`, status, code, place);
}

// Returns what an answer holds.
export async function content(answer) {
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("服务返回的内容无法读取，请稍候再试。", answer.status);
  }
}

// Returns the JSON of a GET; parameters that are empty are left out.
export async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const url = query.size ? `${path}?${query}` : path;
  return content(await ask(url, { headers: { Accept: "application/json" }, signal }));
}

// A get that reads every answer once: read(path, parameters), until read.forget().
export function reader(signal) {
  const answers = new Map();
  const read = (path, parameters = {}) => {
    const name = JSON.stringify([path, parameters]);
    if (!answers.has(name)) {
      answers.set(name, get(path, parameters, signal).catch((error) => {
        answers.delete(name);
        throw error;
      }));
    }
    return answers.get(name);
  };
  read.forget = () => answers.clear();
  return read;
}
