"""Logs: one line a record, in both forms, and never what a person wrote."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.errors import IndexUnavailable, InvalidRecord
from minyi.logs import OURS, JsonLine, Line, configure, said
from minyi.setting_groups import LogSettings
from streams.buffers import App

SECRET = "我家住在幸福路七号"
ours, foreign = logging.getLogger("streams.tests"), logging.getLogger("library")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the process's logging as it was found."""
    root = logging.getLogger()
    handlers, levels = list(root.handlers), {n: logging.getLogger(n).level for n in ("", *OURS)}
    yield
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_has_one_object_a_line_with_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings(format="json"))
    ours.warning("dead %s", "letter", extra={"origin": "comments/0/17", "n": 2, "ids": ["a"]})
    (line,) = logged(capsys)
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "WARNING", "logger": "streams.tests", "message": "dead letter",
        "origin": "comments/0/17", "n": 2, "ids": ["a"],
    }  # fmt: skip


def test_text_has_the_same_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings())
    ours.info("dead letter", extra={"origin": "comments/0/17"})
    line = capsys.readouterr().err
    assert line.endswith(" INFO streams.tests: dead letter origin=comments/0/17\n")


def test_the_level_is_of_our_own_records_and_libraries_only_warn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(LogSettings(format="json", level="DEBUG"))
    for logger in (ours, foreign):
        logger.debug("debug")
        logger.warning("warning")
    assert [(line["logger"], line["message"]) for line in logged(capsys)] == [
        ("streams.tests", "debug"), ("streams.tests", "warning"), ("library", "warning"),
    ]  # fmt: skip
    configure(LogSettings(format="json", level="ERROR"))
    for logger in (ours, foreign):
        logger.warning("warning")
    assert logged(capsys) == []


def test_what_faust_says_of_our_app_is_a_librarys(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings())
    App.logger.info("[^App]: Starting...")
    App.logger.warning("late")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("late")


def test_configured_twice_it_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings())
    configure(LogSettings(format="json"))
    ours.warning("once")
    assert [line["message"] for line in logged(capsys)] == ["once"]


@pytest.mark.parametrize("formatter", [Line(), JsonLine()])
def test_what_an_exception_quotes_is_not_written(
    formatter: logging.Formatter, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"cannot read {SECRET}") from error
    except ValueError as error:
        ours.exception("failed: %r", error, extra={"why": error})
        foreign.error("%(what)s failed", {"what": error})
        foreign.error(error, exc_info=True)
    written = [formatter.format(record) for record in caplog.records]
    assert len(written) == 3
    for line in written:
        assert SECRET not in line
        assert "ValueError in test_what_an_exception_quotes" in line
    assert "KeyError" in written[0]


def test_what_is_known_to_quote_nothing_is_said() -> None:
    assert said(IndexUnavailable("the index does not answer")) == "the index does not answer"
    assert said(sqlite3.OperationalError("disk is full")) == "OperationalError: disk is full"
    assert "No space left" in said(OSError(28, "No space left on device"))
    assert said(InvalidRecord(f"no date: {SECRET}")) == "InvalidRecord"
    assert said(ValueError(SECRET)) == "ValueError"


@given(st.text(), st.text())
def test_a_record_is_one_line_whatever_it_says(message: str, field: str) -> None:
    record = ours.makeRecord(
        "api", logging.INFO, __file__, 1, message, None, None, extra={"comment": field}
    )
    text = Line().format(record)
    assert len(text.encode(errors="replace").split(b"\n")) == 1
    assert not any(ord(sign) < 32 for sign in text)
    assert json.loads(JsonLine().format(record))["comment"] == field[:300]
