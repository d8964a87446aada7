"""What the robots of chat groups are sent, and how their answers are read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.alerts.formats import Format
from api.alerts.models import Alert, Quote
from api.alerts.robots import KEYWORD, LONGEST, message, refusal
from minyi.query import Share
from minyi.vocabulary import Stance

ROBOTS = (Format.WECOM, Format.DINGTALK, Format.FEISHU)
TEXT = "「老旧小区加装电梯」的反对占比由25.0%升至62.5%。以上意见来自自愿发言的人，不代表全体居民。"
OK = {
    Format.WECOM: b'{"errcode":0,"errmsg":"ok"}',
    Format.DINGTALK: b'{"errcode":0,"errmsg":"ok"}',
    Format.FEISHU: b'{"code":0,"msg":"success","data":{},"StatusCode":0}',
}


def alert(*comments: str, text: str = TEXT) -> Alert:
    half = Share(value=0.5, low=0.4, high=0.6, count=5, n=10, denominator="opinions")
    late = datetime(2026, 1, 5, 17, tzinfo=UTC)  # the sixth in Shanghai
    return Alert(
        id="alert-1",
        subscription_id="sub-1",
        policy_id="elevator",
        policy_title="老旧小区加装电梯",
        day=date(2026, 1, 6),
        stance=Stance.AGAINST,
        before=half,
        after=half,
        text=text,
        comments=[
            Quote(
                opinion_id="o", created_at=late, region="城东", stance=Stance.AGAINST, text=comment
            )
            for comment in comments
        ],
    )


def text_of(form: Format, body: bytes) -> str:
    found: Any = json.loads(body)
    if form is Format.FEISHU:
        assert found["msg_type"] == "text"
        return str(found["content"]["text"])
    assert found["msgtype"] == "text"
    return str(found["text"]["content"])


@pytest.mark.parametrize("form", ROBOTS)
def test_a_message_holds_the_alert_its_comments_and_a_word_to_let_it_in_by(form: Format) -> None:
    text = text_of(form, message(form, alert("一楼\n采光怎么办", "太吵")))
    assert KEYWORD in text
    assert TEXT in text
    assert "2026年01月06日 城东：一楼 采光怎么办" in text
    assert text.endswith("太吵")


@pytest.mark.parametrize("form", ROBOTS)
@pytest.mark.parametrize("letter", ["反", "😀", "a", '"'])
def test_a_message_is_no_longer_than_the_robot_takes(form: Format, letter: str) -> None:
    text = text_of(form, message(form, alert(*[letter * 20_000] * 3)))
    assert LONGEST[form] - 20 < len(text.encode()) <= LONGEST[form]
    assert TEXT in text
    assert text.count("城东：") == 3
    assert len(message(form, alert(*[letter * 20_000] * 3))) < 20_000


def test_what_a_short_comment_leaves_is_there_for_the_next() -> None:
    text = text_of(Format.WECOM, message(Format.WECOM, alert("短", "长" * 1_000)))
    assert text.count("长") > 500
    assert text.endswith("…")


def test_a_comment_of_which_nothing_would_be_left_is_left_out() -> None:
    long = "长" * 660
    text = text_of(Format.WECOM, message(Format.WECOM, alert("采光" * 50, text=long)))
    assert text == f"【{KEYWORD}】{long}"
    assert text_of(Format.WECOM, message(Format.WECOM, alert(text="长" * 700))).endswith("…")


@pytest.mark.parametrize("form", ROBOTS)
@pytest.mark.parametrize("call", ["<@all>", '<at user_id="all">所有人</at>', "<@wangqing>"])
def test_a_comment_calls_nobody_in_the_group(form: Format, call: str) -> None:
    assert "<" not in text_of(form, message(form, alert(call, text=call)))


@pytest.mark.parametrize("form", ROBOTS)
def test_an_answer_says_whether_the_message_was_taken(form: Format) -> None:
    assert refusal(form, OK[form]) is None
    refused = b'{"errcode":310000,"code":19024,"errmsg":"see ?key=secret","msg":"?key=secret"}'
    found = refusal(form, refused)
    assert found == (
        "the robot refused: code 19024"
        if form is Format.FEISHU
        else "the robot refused: errcode 310000"
    )


def test_the_older_answer_of_feishu_is_read_too() -> None:
    assert (
        refusal(Format.FEISHU, b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}') is None
    )
    assert refusal(Format.FEISHU, b'{"StatusCode":9499}') == "the robot refused: StatusCode 9499"


@pytest.mark.parametrize("form", ROBOTS)
@pytest.mark.parametrize(
    "answer",
    [
        b"", b"ok", b"<html>", b"[]", b"7", b"null", b'"errcode code"', b"{}", b"\xff",
        b"[" * 9_000,
        b'{"errcode":"0","code":"0"}', b'{"errcode":false,"code":false}',
        b'{"errcode":null,"code":null}', b'{"errcode":0.0,"code":0.0}',
    ],
)  # fmt: skip
def test_an_answer_that_says_nothing_is_no_success(form: Format, answer: bytes) -> None:
    assert refusal(form, answer) == "the robot's answer cannot be read"
