"""Who takes an alert, and so what it is posted as."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """A program that checks a signature, or the robot of a chat group."""

    MINYI = "minyi"
    """The alert in JSON, signed."""
    WECOM = "wecom"
    """企业微信."""
    DINGTALK = "dingtalk"
    """钉钉."""
    FEISHU = "feishu"
    """飞书."""


HOSTS = {
    "qyapi.weixin.qq.com": Format.WECOM,
    "oapi.dingtalk.com": Format.DINGTALK,
    "open.feishu.cn": Format.FEISHU,
    "open.larksuite.com": Format.FEISHU,
}
"""Where robots are known to be; an office may run its own servers of these elsewhere."""
