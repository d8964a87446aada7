// Who takes an alert: the page's words, and where robots are known to be.

export const FORMATS = { minyi: "自己的程序（带签名）", wecom: "企业微信群机器人", dingtalk: "钉钉群机器人", feishu: "飞书群机器人" };
const HOSTS = {
  "qyapi.weixin.qq.com": "wecom", "oapi.dingtalk.com": "dingtalk", "open.feishu.cn": "feishu", "open.larksuite.com": "feishu",
};

const KEYWORD = "安全设置请选自定义关键词，填“民意提醒”；不支持加签。";

// What somebody has to know of a choice.
export const ADVICE = {
  minyi: "提醒以 JSON 发出，按 Standard Webhooks 签名。", wecom: "在群里添加机器人，复制它的 webhook 地址。",
  dingtalk: `在群里添加自定义机器人，${KEYWORD}`, feishu: `在群里添加自定义机器人，${KEYWORD}`,
};

// The robot whose address this is, if it is known.
export function robotAt(address) {
  try {
    return HOSTS[new URL(address).hostname];
  } catch {
    return undefined;
  }
}
