"""Times as people and programs write them."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from minyi.errors import InvalidRecord

_BEFORE_NOON, _AFTER_NOON = "上午|凌晨|清晨|早上|早晨|am", "下午|傍晚|晚上|晚间|夜间|pm"
_HALF = f"(?:{_BEFORE_NOON}|{_AFTER_NOON}|中午)"
_APART = r"(?: (?<!\d) | (?<=\d\d) (?=\d\d) | (?<=\d\d) : (?=\d\d:\d\d:\d\d) )"
"""Where an hour may begin: not inside the day, or ``15:08:30`` were the 1st at 5:08:30. The two may
touch only where each has two digits; a colon stands between them only before a whole time."""
_TIME = re.compile(
    rf"""
    (?: (\d{{4}}) \s* [-/.年] | (\d\d) \s* 年 )
    \s* (\d{{1,2}}) \s* [-/.月] \s* (\d{{1,2}}) \s* [日号]?
    (?: \s* \(? (?:星期|周|礼拜) [一二三四五六日天] \)? )?
    (?: [t\s]* ({_HALF})? \s* {_APART} (\d{{1,2}}) \s* [:时点]
        (?: \s* (\d{{1,2}}) \s* (?: [:分] \s* (\d{{1,2}}) (?:[.,:]\d+)? \s* 秒? | 分 )? )?
        \s* ({_HALF})? )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLOCK = re.compile(rf"(?:{_HALF})?\s*\d{{1,2}}\s*[:时点][\d:.\s分秒]*(?:{_HALF})?", re.IGNORECASE)
_HALF_PAST = re.compile(r"(?<=[时点])\s*半")
_ISO = re.compile(
    r"\d{4}-?\d\d-?\d\d"
    r"(?:[t ]\d\d(?::?\d\d(?::?\d\d(?:[.,:]\d+)?)?)?(?: ?(?:z|[+-][\d:]+))?)?",
    re.IGNORECASE,
)
"""What ``datetime.fromisoformat`` is asked for: it takes ``09.30`` for a part of an hour, too."""
_SPAN = re.compile(r"[\d-]+[t ]\d\d(?::?\d\d)? ?-", re.IGNORECASE)
"""``08:30-09:00``, which is no zone; times with one to the west have seconds."""
_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
"""``20240305090500``: twelve or fourteen digits, which no count of seconds has in these years."""
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEIBO = re.compile(
    rf"[a-z]{{3}} ({'|'.join(_MONTHS)}) (\d\d) (\d\d:\d\d:\d\d) ([+-]\d{{4}}) (\d{{4}})",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"\d{5}(?:\.\d{1,15})?")
_SERIAL_BEGIN = datetime(1899, 12, 30)
_SERIALS = range(32_874, 73_051)
"""Days that a spreadsheet counts for 1990 to 2099: too few for a count of seconds."""
_MILLISECONDS = re.compile(r"(1\d{12})(?:\.0)?")
"""Since 1970, as programs in Java and JavaScript write them, for 2001 to 2033; a number of seconds
is as long as an hour in ten digits and is refused."""
_LONGEST = 40


def read_time(value: Any, field: str) -> str:
    """Read a time as people and programs write it, as ISO 8601; without a zone where none is named.

    Raises:
        InvalidRecord: naming the field, for what is no time.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return datetime.combine(value, time()).isoformat()
    if isinstance(value, time):
        value = value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidRecord(f"a time is text, not {type(value).__name__}", f"field {field}")
    text = str(value).strip()
    plain = unicodedata.normalize("NFKC", text) if len(text) <= _LONGEST else ""
    plain = _HALF_PAST.sub("30分", plain)
    try:
        read = _read(plain)
    except (ValueError, OverflowError) as error:
        raise InvalidRecord(f"{text!r}: {error}", f"field {field}") from error
    if read is None and _CLOCK.fullmatch(plain):
        why = f"{text!r} names no day; --map {field}=COLUMN names another column"
        raise InvalidRecord(why, f"field {field}")
    if read is None:
        raise InvalidRecord(f"{text[:_LONGEST]!r} is no time", f"field {field}")
    return read.isoformat()


def _read(text: str) -> datetime | None:
    if _SERIAL.fullmatch(text) and int(float(text)) in _SERIALS:
        return _SERIAL_BEGIN + timedelta(seconds=round(float(text) * 86_400))
    if match := _DIGITS.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second)
    if match := _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(match[1]) / 1000, UTC)
    if _ISO.fullmatch(text) and not _SPAN.match(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    if match := _WEIBO.fullmatch(text):
        name, *rest = match.groups()
        written = " ".join((str(_MONTHS.index(name.lower()) + 1), *rest))
        return datetime.strptime(written, "%m %d %H:%M:%S %z %Y")
    if match := _TIME.fullmatch(text):
        return _of_words(*match.groups())
    return None


def _of_words(
    year: str | None,
    short: str | None,
    month: str,
    day: str,
    before: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
    after: str | None,
) -> datetime | None:
    """Return the time that the parts of ``_TIME`` name, None when they contradict each other."""
    half = (before or after or "").lower()
    if before and after:
        return None
    hours = int(hour or 0)
    if hours <= 12 and half:
        if half in _AFTER_NOON.split("|"):
            if hours == 12 and half not in ("下午", "pm"):
                return None  # 晚上12点 is midnight, of which day is not said
            hours = hours % 12 + 12
        elif half == "中午":
            hours += 12 if hours < 11 else 0
        else:
            hours %= 12
    full = int(year) if year else int(short or 0) + (2000 if int(short or 0) < 70 else 1900)
    midnight = hours == 24 and not int(minute or 0) and not int(second or 0)
    moment = datetime(
        full, int(month), int(day), 0 if midnight else hours, int(minute or 0), int(second or 0)
    )
    return moment + timedelta(days=1) if midnight else moment
