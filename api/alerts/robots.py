"""The robots of chat groups, which take an alert as a text message: what they are sent, and how
they answer.

They answer 200 to what they refuse, too, with the reason as a number. Bodies, answers and limits
are those of their public documentation; no real robot was called.
"""

from __future__ import annotations

import json
from datetime import timedelta

from api.alerts.formats import Format
from api.alerts.models import Alert, Quote
from minyi.domain import SHANGHAI

KEYWORD = "民意提醒"
"""Stands in every message: a robot can be set to take only what holds a word."""
LONGEST = {Format.WECOM: 2048, Format.DINGTALK: 6000, Format.FEISHU: 6000}
"""Bytes of a message in UTF-8. WeCom takes no more; the others take 20 KB, which nobody reads in a
chat."""
LONGEST_ANSWER = 10_000
REST = timedelta(seconds=4)
"""Between messages to one robot: those of WeCom and DingTalk take 20 a minute, and DingTalk's none
for ten minutes after more."""
_LEAST = 60
"""Bytes below which a comment that is cut says nothing."""
_CUT = "…"


def message(form: Format, alert: Alert) -> bytes:
    """Return the body that a robot takes: the alert's text, and as much of its comments as fits."""
    text = _text(alert, LONGEST[form])
    body = (
        {"msg_type": "text", "content": {"text": text}}
        if form is Format.FEISHU
        else {"msgtype": "text", "text": {"content": text}}
    )
    return json.dumps(body, ensure_ascii=False).encode()


def refusal(form: Format, answer: bytes) -> str | None:
    """Return why a robot that answered 2xx did not take a message, or None: never in its own words,
    which may quote the address and with it the robot's key."""
    names = ("code", "StatusCode") if form is Format.FEISHU else ("errcode",)
    try:
        found = json.loads(answer)
        name = next(name for name in names if name in found)
        code = found[name]
    except (ValueError, RecursionError, TypeError, StopIteration):
        code = None
    if type(code) is not int:
        return "the robot's answer cannot be read"
    return f"the robot refused: {name} {code}" if code else None


def _text(alert: Alert, longest: int) -> str:
    text = _cut(_plain(f"【{KEYWORD}】{alert.text}"), longest)
    left = longest - len(text.encode())
    for place, quote in enumerate(alert.comments):
        # what one does not need is there for the next
        line = _cut(f"\n\n{_quoted(quote)}", left // (len(alert.comments) - place))
        if len(line.encode()) >= _LEAST or not line.endswith(_CUT):
            text += line
            left -= len(line.encode())
    return text


def _quoted(quote: Quote) -> str:
    day = f"{quote.created_at.astimezone(SHANGHAI):%Y年%m月%d日}"
    head = f"{day} {quote.region}" if quote.region else day
    return _plain(f"{head}：{' '.join(quote.text.split())}")


def _plain(text: str) -> str:
    """Take away what a robot reads as a call to members: ``<@all>``, ``<at user_id="all">``."""
    return text.replace("<", "＜")  # the wide one is meant


def _cut(text: str, longest: int) -> str:
    """Return what fits into so many bytes, without half a character."""
    if len(text.encode()) <= longest:
        return text
    kept = max(0, longest - len(_CUT.encode()))
    return text.encode()[:kept].decode(errors="ignore") + _CUT
