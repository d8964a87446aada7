"""What is logged, and how: one line a record, as text or JSON, with ids and never with a text.

What a person wrote must not reach a log, and the message of an exception may quote it. So an
exception is written with its message only where that is known to hold no text; of any other its
type and its way through the code are written. What a record is about stands in its fields::

    log.warning("dead letter", extra={"origin": "comments/0/17", "stage": "link"})
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from minyi.errors import InvalidRecord, MinyiError
from minyi.setting_groups import LogSettings

OURS = ("minyi", "streams", "models", "indexers", "api")
"""The loggers that follow the set level; libraries warn only: below that some quote what they
carry."""
TRANSPORTS = ("streams.embedded", "streams.kafka")
"""Ours too, but Faust tells under their names of every service that it starts."""
LONGEST = 300
"""Characters of a field at most."""
QUOTES_NO_TEXT = ("sqlite3", "aiokafka", "kafka")
"""Libraries whose exceptions say what went wrong without quoting what was written."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {10: "\\n", 9: "\\t"}


def said(error: BaseException) -> str:
    """Return what of an exception may be written down: its message, or where it was raised."""
    kind = type(error).__name__
    if isinstance(error, MinyiError):
        return kind if isinstance(error, InvalidRecord) else str(error)
    if isinstance(error, OSError) or type(error).__module__.split(".")[0] in QUOTES_NO_TEXT:
        return f"{kind}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} in {frames[-1].name}, line {frames[-1].lineno}" if frames else kind


class Line(logging.Formatter):
    """Writes a record as one line of text; a traceback follows in lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {key}={value}" for key, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}{fields}"
        ways = _traceback(record)
        return line.translate(_ESCAPED) + (f"\n{ways}" if ways else "")


class JsonLine(logging.Formatter):
    """Writes a record as one JSON object: time, level, logger, message, its fields, and the way
    of an exception through the code under ``traceback``."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            **_fields(record),
        }
        if ways := _traceback(record):
            line["traceback"] = ways
        return json.dumps(line, ensure_ascii=False)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure(settings: LogSettings) -> None:
    """Let this process log as the settings say, on standard error."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(handler)
    handler = _Handler()
    handler.setFormatter(JsonLine() if settings.format == "json" else Line())
    root.addHandler(handler)
    warnings = max(logging.WARNING, logging.getLevelNamesMapping()[settings.level])
    root.setLevel(warnings)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.level)
    for name in TRANSPORTS:
        logging.getLogger(name).setLevel(warnings)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Said(str):
    """An exception as an argument of a message."""

    __slots__ = ()
    __repr__ = str.__str__


def _message(record: logging.LogRecord) -> str:
    """Return the message; exceptions among its arguments say what they may."""
    message, args = record.msg, record.args
    if isinstance(message, BaseException):
        return said(message)
    if not args:
        return str(message)
    if isinstance(args, dict):
        return str(message) % {key: _argument(value) for key, value in args.items()}
    return str(message) % tuple(map(_argument, args))


def _argument(value: object) -> object:
    return _Said(said(value)) if isinstance(value, BaseException) else value


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what our own loggers say beside the message; others' extras are theirs."""
    if record.name.split(".")[0] not in OURS:
        return {}
    return {key: _plain(value) for key, value in vars(record).items() if key not in _STANDARD}


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return (said(value) if isinstance(value, BaseException) else str(value))[:LONGEST]


def _traceback(record: logging.LogRecord) -> str:
    """Return the way of the record's exception, and of those that it came from."""
    error = record.exc_info[1] if record.exc_info else None
    ways: list[str] = []
    while error is not None and len(ways) < 5:
        way = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
        ways.append(f"{way}{said(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nfrom\n".join(ways)
